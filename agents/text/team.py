"""Which policy plays which role: one model for all, an adapter per role on a shared base, or a model per role.

A team is saved as a folder: `team.json` says who plays what; with it are ordinary Transformers folders and PEFT
adapters that any program of that ecosystem loads.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import torch
from pydantic import BaseModel, Field, ValidationError
from torch import Tensor, nn
from transformers.utils.logging import disable_progress_bar

from agents.llm.adapters import put_adapter, read_adapter
from agents.text.text_policy import TextPolicy, load_policy
from core.exceptions import CheckpointError
from core.extras import needs_extra

TEAM_FILE = "team.json"
FORMAT = "crystal-hybrid team"
BASE = "base"
ADAPTERS = "adapters"
SHARED = "shared"


class Specialisation(StrEnum):
    """How far roles have their own weights (the levels L0 to L3 of PettingLLMs)."""

    SINGLE = "single"
    """L0: one role, one model."""
    SHARED = "shared"
    """L1: one model, told its role by the prompt."""
    LORA = "lora"
    """L2: a frozen base and a low-rank adapter per role (Hu et al. 2021)."""
    FULL = "full"
    """L3: a model per role."""


@dataclass(frozen=True, slots=True)
class LoraShape:
    """Size of an adapter."""

    rank: int = 16
    alpha: float = 32
    """The adapter's output is scaled by alpha / rank."""


@dataclass(frozen=True, slots=True)
class Team:
    """Policies by name, and which of them plays each role."""

    specialisation: Specialisation
    policies: Mapping[str, TextPolicy]
    player_of: Mapping[str, str]

    @property
    def by_role(self) -> dict[str, TextPolicy]:
        """The policy of each role."""
        return {role: self.policies[name] for role, name in self.player_of.items()}

    def roles_of(self, name: str) -> tuple[str, ...]:
        """The roles that this policy plays."""
        return tuple(role for role, player in self.player_of.items() if player == name)

    def with_players(self, player_of: Mapping[str, str]) -> Team:
        """The same policies with other roles; a swap shows whether they have specialised."""
        return Team(self.specialisation, self.policies, dict(player_of))

    def tensors(self) -> dict[str, Tensor]:
        """The parameters that learn, by policy and name."""
        return {
            f"{name}/{key}": parameter.detach()
            for name, policy in self.policies.items()
            for key, parameter in _moved_parameters(policy)
        }

    def load_tensors(self, tensors: Mapping[str, Tensor]) -> None:
        """Load saved weights; raises `CheckpointError` when they belong to another team."""
        for name, policy in self.policies.items():
            for key, parameter in _moved_parameters(policy):
                saved = tensors.get(f"{name}/{key}")
                if saved is None or saved.shape != parameter.shape:
                    raise CheckpointError(
                        f"the checkpoint does not fit this team: it has no {name}/{key} of that shape"
                    )
                parameter.data.copy_(saved)


def check_can_build(specialisation: Specialisation) -> None:
    """Raise MissingExtraError where a library is missing; call it before the work that comes before `build_team`."""
    if specialisation is Specialisation.LORA:
        with needs_extra("an adapter per role"):
            import peft  # noqa: F401


def build_team(
    base: TextPolicy,
    roles: Sequence[str],
    specialisation: Specialisation,
    lora: LoraShape | None = None,
    dtype: torch.dtype = torch.float32,
) -> Team:
    """Make all policies from one model, which becomes part of the team. All start with the same behaviour, and compute
    in `dtype`. Weights that learn stay in float32; the base that adapters stand on never moves and is put into `dtype`.
    """
    base.dtype = dtype
    if specialisation in (Specialisation.SINGLE, Specialisation.SHARED):
        return Team(specialisation, {SHARED: base}, dict.fromkeys(roles, SHARED))
    own = {role: role for role in roles}
    if specialisation is Specialisation.FULL:
        copies = {role: TextPolicy(copy.deepcopy(base.model), base.tokenizer, dtype=dtype) for role in roles}
        return Team(specialisation, copies, own)
    lora = lora or LoraShape()
    check_can_build(specialisation)
    from peft import LoraConfig, get_peft_model

    alpha: Any = lora.alpha  # PEFT divides it, so that fractions are fine
    settings = LoraConfig(
        r=lora.rank, lora_alpha=alpha, target_modules="all-linear", lora_dropout=0.0, task_type="CAUSAL_LM"
    )
    adapted: Any = get_peft_model(base.model.to(dtype), settings, adapter_name=roles[0])  # type: ignore[arg-type]
    for role in roles[1:]:
        adapted.add_adapter(role, settings)
    return Team(specialisation, {role: TextPolicy(adapted, base.tokenizer, role, dtype) for role in roles}, own)


def save_base(base: TextPolicy, folder: Path) -> None:
    """Write the model that adapters will stand on, before `build_team` wraps it."""
    disable_progress_bar()
    base.model.save_pretrained(folder)
    base.tokenizer.save_pretrained(folder)


def save_team(team: Team, folder: Path, notes: Mapping[str, object], base_folder: Path | None = None) -> None:
    """Write the team to a folder, whole or not at all; `notes` (JSON-able) go into `team.json`.

    An older team of that name is replaced. Raises `CheckpointError` when the folder holds anything else.
    """
    temporary = folder.with_name(f".{folder.name}.writing")
    for path in (folder, temporary):
        _refuse_foreign(path, team)
    if temporary.exists():
        shutil.rmtree(temporary)
    temporary.mkdir(parents=True)
    if team.specialisation is Specialisation.LORA:
        if base_folder is None:
            raise CheckpointError("a team of adapters is saved together with its base: name the base's folder")
        shutil.copytree(base_folder, temporary / BASE)
        model: Any = next(iter(team.policies.values())).model
        model.save_pretrained(temporary / ADAPTERS, selected_adapters=list(team.policies))
    else:
        for name, policy in team.policies.items():
            save_base(policy, temporary / name)
    story = {
        "format": FORMAT,
        "specialisation": team.specialisation.value,
        "player_of": dict(team.player_of),
        "policies": list(team.policies),
        "notes": dict(notes),
    }
    (temporary / TEAM_FILE).write_text(json.dumps(story, indent=2), encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    temporary.rename(folder)


def _refuse_foreign(folder: Path, team: Team) -> None:
    ours = {TEAM_FILE, BASE, ADAPTERS, *team.policies}
    if folder.exists() and not (folder.is_dir() and set(os.listdir(folder)) <= ours):
        raise CheckpointError(
            f"{folder} is in the way: it is no saved team, and would be replaced by one. Move it, or choose another "
            "folder"
        )


class _TeamStory(BaseModel):
    """What `team.json` says."""

    specialisation: Specialisation
    player_of: dict[str, str]
    policies: Annotated[list[Annotated[str, Field(pattern=r"^\w[\w-]*$")]], Field(min_length=1)]
    """Also names of folders."""
    notes: dict[str, Any]


def _story_of(folder: Path) -> _TeamStory:
    damaged = f"{folder / TEAM_FILE} is damaged"
    try:
        stated = json.loads((folder / TEAM_FILE).read_text(encoding="utf-8"))
        if not isinstance(stated, dict) or stated.get("format") != FORMAT:
            raise CheckpointError(f"{folder / TEAM_FILE} is of another program: it does not say {FORMAT!r}")
        return _TeamStory.model_validate(stated)
    except FileNotFoundError as error:
        raise CheckpointError(
            f"Checkpoint not found: {folder} has no {TEAM_FILE}; name a folder that train wrote"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise CheckpointError(f"{damaged}: {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{damaged}: {error}") from error


def load_team(folder: Path) -> tuple[Team, dict[str, Any]]:
    """A saved team and its notes. Raises `CheckpointError` when the folder holds no team."""
    story = _story_of(folder)
    specialisation, names = story.specialisation, story.policies
    if specialisation is Specialisation.LORA:
        base = load_policy(str(folder / BASE))
        model: Any = base.model
        for name in names:  # their base is in the same folder, wherever it lay when they were made
            model = put_adapter(model, read_adapter(folder / ADAPTERS / name), name)
        policies = {name: TextPolicy(model, base.tokenizer, name) for name in names}
    else:
        policies = {name: load_policy(str(folder / name)) for name in names}
    return Team(specialisation, policies, story.player_of), story.notes


def _moved_parameters(policy: TextPolicy) -> list[tuple[str, nn.Parameter]]:
    mine = {id(parameter) for parameter in policy.trainable_parameters()}
    return [(key, parameter) for key, parameter in policy.model.named_parameters() if id(parameter) in mine]
