"""LoRA adapters in PEFT's folders: read, held against the model that they are put on, and refused in one line.

A folder is untrusted data. Weights come from safetensors only. Of the settings, those are taken that say where the
weights belong; one that imports a module, or that changes the base, is refused.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from core.exceptions import CheckpointError, CheckpointNotFoundError
from core.extras import needs_extra

CONFIG_FILE, WEIGHTS_FILE = "adapter_config.json", "adapter_model.safetensors"
HIGHEST_RANK = 4096
WITHOUT_EFFECT = frozenset(
    {
        "auto_mapping",
        "inference_mode",
        "init_lora_weights",
        "megatron_core",
        "peft_version",
        "qalora_group_size",
        "revision",
    }
)
"""Settings of PEFT that mean nothing once the weights are there, or without another setting."""


class AdapterSettings(BaseModel):
    """The part of `adapter_config.json` that says where the weights belong."""

    model_config = ConfigDict(extra="allow", frozen=True)

    peft_type: Literal["LORA"]
    base_model_name_or_path: str | None = None
    task_type: str | None = None
    r: int = Field(ge=1, le=HIGHEST_RANK)
    lora_alpha: float = Field(gt=0, allow_inf_nan=False)
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: list[str] | str | None = None
    exclude_modules: list[str] | str | None = None
    modules_to_save: list[str] | None = None
    layers_to_transform: list[int] | int | None = None
    layers_pattern: list[str] | str | None = None
    rank_pattern: dict[str, int] = {}
    alpha_pattern: dict[str, float] = {}
    bias: Literal["none", "all", "lora_only"] = "none"
    lora_bias: bool = False
    fan_in_fan_out: bool = False
    use_rslora: bool = False
    use_dora: bool = False

    @property
    def highest_rank(self) -> int:
        return max(self.r, *self.rank_pattern.values()) if self.rank_pattern else self.r


@dataclass(frozen=True, slots=True)
class SavedAdapter:
    """An adapter as it lies in its folder."""

    folder: Path
    settings: AdapterSettings
    tensors: Mapping[str, Tensor]


def read_adapter(folder: Path) -> SavedAdapter:
    """The adapter of a folder. Raises CheckpointError when it is missing, damaged, empty, or of a kind not known."""
    missing = [name for name in (CONFIG_FILE, WEIGHTS_FILE) if not os.path.isfile(folder / name)]
    if missing:
        raise CheckpointNotFoundError(f"Checkpoint not found: {folder} has no {' and no '.join(missing)}")
    try:
        text = (folder / CONFIG_FILE).read_bytes()
        settings = AdapterSettings.model_validate_json(text)
        tensors = load_file(folder / WEIGHTS_FILE)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise CheckpointError(
            f"{folder / CONFIG_FILE} describes no LoRA adapter that can be loaded: {where}: {first['msg']}"
        ) from error
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{folder / WEIGHTS_FILE} cannot be read: {error}") from error
    foreign = [key for key, value in (settings.model_extra or {}).items() if value and key not in WITHOUT_EFFECT]
    if foreign:
        raise CheckpointError(f"{folder / CONFIG_FILE} uses {', '.join(sorted(foreign))}, which is not loaded here")
    ranks = {tensor.shape[0] for name, tensor in tensors.items() if _is_down(name) and tensor.ndim}
    if not ranks:
        raise CheckpointError(f"{folder / WEIGHTS_FILE} holds no weights of an adapter; save it again")
    if settings.highest_rank != max(ranks):
        raise CheckpointError(
            f"{folder} is no whole adapter: {CONFIG_FILE} says rank {settings.highest_rank}, the weights have rank "
            f"{max(ranks)}"
        )
    broken = [name for name, tensor in tensors.items() if not bool(tensor.isfinite().all())]
    if broken:
        raise CheckpointError(f"{folder / WEIGHTS_FILE} holds numbers that are not finite, in {broken[0]}")
    return SavedAdapter(folder, settings, tensors)


def check_base(saved: SavedAdapter, base: str) -> None:
    """Raise CheckpointError when the adapter says that it was made for another base than `base`, a folder or hub name.

    Two folders are compared by their weights, other names by their last part. Nothing is said of an unnamed base.
    """
    made_for = saved.settings.base_model_name_or_path
    if not made_for or not base or made_for == base:
        return
    there, here = Path(made_for), Path(base)
    if there.is_dir() and here.is_dir():
        same = there.samefile(here) or _weights(there) == _weights(here)
    else:
        same = there.name.casefold() == here.name.casefold()
    if not same:
        raise CheckpointError(
            f"the adapter {saved.folder} was made for the model {made_for!r}, not for {base!r}; take one that was made "
            f"for this model; if it is the same model, write its name as base_model_name_or_path into {CONFIG_FILE}"
        )


def put_adapter(model: Any, saved: SavedAdapter, name: str) -> Any:
    """Put an adapter on a model, or on one that has adapters already, under a name; returns the model with adapters.

    Raises CheckpointError when its weights do not fit exactly; a model that had adapters before is as it was then.
    """
    with needs_extra("an adapter cannot be put on a model"):
        from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict

    kept = set(AdapterSettings.model_fields) - {"base_model_name_or_path", "peft_type"}
    config = LoraConfig(**saved.settings.model_dump(include=kept))
    had_adapters = isinstance(model, PeftModel)
    try:
        if had_adapters:
            model.add_adapter(name, config)
        else:
            model = get_peft_model(model, config, adapter_name=name)
        wanted = get_peft_model_state_dict(model, adapter_name=name, save_embedding_layers=False)
        fault = misfit(saved.tensors, wanted)
        if fault:
            raise CheckpointError(f"the adapter {saved.folder} does not fit this model: {fault}")
        set_peft_model_state_dict(model, dict(saved.tensors), adapter_name=name)
    except Exception as error:
        if had_adapters and name in model.peft_config:
            model.delete_adapter(name)
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"the adapter {saved.folder} does not fit this model: {error}") from error  # PEFT's words
    return model


def misfit(saved: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> str:
    """What keeps saved weights from being those that a model wants, "" if nothing."""
    unexpected = sorted(set(saved) - set(wanted))
    missing = sorted(set(wanted) - set(saved))
    shapes = [name for name in saved if name in wanted and saved[name].shape != wanted[name].shape]
    found = []
    if unexpected:
        found.append(f"it has no place for {len(unexpected)} weights, the first is {unexpected[0]}")
    if missing:
        found.append(f"{len(missing)} weights are missing, the first is {missing[0]}")
    if shapes:
        mine, theirs = tuple(saved[shapes[0]].shape), tuple(wanted[shapes[0]].shape)
        found.append(f"{len(shapes)} weights have another shape, {shapes[0]} has {mine}, the model wants {theirs}")
    return "; ".join(found)


def _is_down(name: str) -> bool:
    """Whether a tensor is the half of an adapter that goes down to its rank, the first number of its shape."""
    return "lora_A" in name or "lora_embedding_A" in name


def _weights(folder: Path) -> list[tuple[str, int, str]]:
    """Name, size and SHA-256 of the files that hold a model's weights."""
    found = []
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            found.append((path.name, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()))
    return found
