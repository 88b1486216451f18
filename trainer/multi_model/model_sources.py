"""Where each model of a training comes from, whether there is room for it, and its loading.

Models of one source share one base in memory, with an adapter each. Whether a base fits is asked before anything is
read or downloaded.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from agents.llm.model_name import parse_model_name
from agents.llm.provider import PROVIDERS
from agents.llm.registry import POCKET_FOLDER
from agents.llm.settings import LanguageModelSettings
from agents.llm.small_model import ModelShape
from agents.llm.wire.keys import check_no_key
from agents.text.option_policy import OptionPolicy
from agents.text.small_policy import make_small_policy
from agents.text.team import LoraShape, Specialisation, Team, build_team, save_base
from agents.text.text_policy import TextPolicy, load_policy
from core.exceptions import ConfigurationError, LLMConnectionError, TrainingError
from trainer.llm_manager import LLMManager
from trainer.multi_model.config import MultiModelConfig
from trainer.multi_model.option_learner import OptionLearner, OptionLearnerSettings
from trainer.multi_model.players import HostedPlayer, LocalPlayer, Player
from trainer.run.machine import available_memory_bytes

log = logging.getLogger(__name__)

ONE_MODEL_VARIABLE = "CORE_SRL_MODEL"
"""Names one model that takes the place of all, say `small` to try a program out without downloads and keys."""
SMALL, POCKET, RULES, VLLM = "small", "pocket", "rules", "vllm"
DEFAULT_NAMES = {
    "qwen3": "Qwen/Qwen2.5-14B-Instruct",
    "qwen_coder": "Qwen/Qwen2.5-Coder-14B-Instruct",
    "qwen_math": "Qwen/Qwen2.5-Math-7B-Instruct",
    "llama3": "meta-llama/Llama-3.1-8B-Instruct",
    "openai": "gpt-4o-mini",
    "claude": "claude-3-5-haiku-20241022",
    SMALL: SMALL,
    POCKET: POCKET,
}
BYTES_PER_WEIGHT = 4
"""Weights that learn are kept in float32."""
SMALL_SHAPE = ModelShape(
    width=64, layers=2, heads=4, key_value_heads=4, feed_forward=128, context_length=2048, vocabulary=512
)
_BILLIONS = re.compile(r"(\d+(?:\.\d+)?)[bB](?![a-zA-Z])")
_TOKENIZER_TEXT = (
    "You and the others choose at the same time, round after round. Options: cooperate compete. Last round you chose "
    "to cooperate; 50% of the others cooperated. Mean reward so far: 0.71. Your leader plans to go north. up down left "
    "right stay offer accept refuse attack defend help trade agree insist compromise"
)


@dataclass(frozen=True, slots=True)
class ModelSource:
    """One model of the training."""

    model_id: str
    """`model_<index>_<type>`."""
    kind: str
    """A type of `config.MODEL_TYPES`."""
    name: str
    """As it was named: `small`, `pocket`, a folder, a hub name, or `provider/model[@url]` of a server."""
    hosted: bool
    """Behind a server: its weights cannot be moved from here."""


def model_sources(config: MultiModelConfig) -> list[ModelSource]:
    """All models of a training, in order. Raises ConfigurationError for a name that cannot be read."""
    sources = []
    for index in range(config.num_models):
        kind = config.type_of(index)
        if kind == RULES:
            sources.append(ModelSource(f"model_{index}_{kind}", kind, RULES, False))
            continue
        name = os.environ.get(ONE_MODEL_VARIABLE) or config.model_names.get(kind) or DEFAULT_NAMES.get(kind, "")
        if not name:
            raise ConfigurationError(f"model_names has no name for the type {kind!r}; add one")
        sources.append(ModelSource(f"model_{index}_{kind}", kind, *_read_name(name, config.base_port + index)))
    return sources


def load_players(config: MultiModelConfig, sources: Sequence[ModelSource], folder: Path) -> list[Player]:
    """All models, ready to decide. Bases made on the spot are written to `folder`, so that a resume finds them.

    Raises TrainingError (a RuntimeError): "GPU memory insufficient" before anything is loaded, "Model loading failed"
    with the cause after that.
    """
    local: dict[str, list[ModelSource]] = {}
    for source in sources:
        if source.kind == RULES:
            raise ConfigurationError(
                f"{source.model_id} has no language model, so it can play on the cartridge only; "
                "leave 'rules' out of model_types or set trainer.environment to a cartridge"
            )
        if not source.hosted:
            local.setdefault(source.name, []).append(source)
    check_memory(list(local))
    if local:
        _say_missing_gpus(config.num_gpus)
    players: dict[str, Player] = {}
    try:
        for place, (name, group) in enumerate(local.items()):
            for player in _load_group(config, name, group, folder, gpu_of(place, config.num_gpus)):
                players[player.model_id] = player
        for source in sources:
            if source.hosted:
                settings = LanguageModelSettings(cache_path=None, patience_s=60.0)
                players[source.model_id] = HostedPlayer(source.model_id, LLMManager(source.name, 8192, settings))
    except (LLMConnectionError, ConfigurationError) as error:
        for player in players.values():
            player.close()
        raise TrainingError(f"Model loading failed: {error}") from error
    return [players[source.model_id] for source in sources]


def gpu_of(place: int, num_gpus: int) -> int:
    """The GPU for the base at that place: bases take turns on at most `num_gpus`. -1 where there is none to take."""
    usable = min(num_gpus, gpus_here())
    return place % usable if usable else -1


def gpus_here() -> int:
    """GPUs of this machine that torch can use."""
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _say_missing_gpus(num_gpus: int) -> None:
    here = gpus_here()
    if num_gpus > here:
        where = f"take turns on {here}" if here else "run on the processor"
        log.warning(
            "num_gpus is %d and this machine has %d: the base models %s (num_gpus=%d says nothing)",
            num_gpus,
            here,
            where,
            here,
        )


def weights_bytes(name: str) -> int | None:
    """Memory for a base model's weights; None where nothing tells its size."""
    folder = POCKET_FOLDER if name == POCKET else Path(name)
    if name == SMALL:
        return 4 * 2**20
    if folder.is_dir():
        return 2 * sum(path.stat().st_size for path in folder.glob("*.safetensors"))  # half precision on disk
    billions = _BILLIONS.search(name)
    return None if billions is None else int(float(billions[1]) * 1e9 * BYTES_PER_WEIGHT)


def check_memory(names: Sequence[str]) -> None:
    """Raises TrainingError when the bases do not fit into the memory that is there now."""
    needed = sum(weights_bytes(name) or 0 for name in names)
    if torch.cuda.is_available():
        there, where = sum(torch.cuda.mem_get_info(gpu)[0] for gpu in range(torch.cuda.device_count())), "on the GPUs"
    else:
        there, where = available_memory_bytes(), "of main memory (there is no GPU)"
    if there is not None and needed > there:
        raise TrainingError(
            f"GPU memory insufficient: {', '.join(names)} need about {needed / 1e9:.1f} GB for their weights, "
            f"{there / 1e9:.1f} GB are free {where}; name smaller models in model_names, or a server that runs them"
        )


def _read_name(name: str, port: int) -> tuple[str, bool]:
    """The name and whether it is a server's. A vLLM server without an address listens at `port` of this machine."""
    check_no_key(name, "model_names")
    if name in (SMALL, POCKET) or Path(name).is_dir():
        return name, False
    provider = name.split("/")[0]
    if provider == "huggingface":
        return name.removeprefix("huggingface/"), False
    if PROVIDERS.is_registered(provider) or "/" not in name:
        parse_model_name(name)  # raises for what cannot be read
        at_port = f"@http://localhost:{port}/v1" if provider == VLLM and "@http" not in name else ""
        return name + at_port, True
    return name, False


def _load_group(
    config: MultiModelConfig, name: str, group: Sequence[ModelSource], folder: Path, gpu_id: int
) -> list[LocalPlayer]:
    """Models of one source: one base, an adapter each, all starting with the same behaviour."""
    base = _load_base(config, name, folder)
    base.model.requires_grad_(False)
    base.model.to(f"cuda:{gpu_id}" if gpu_id >= 0 else "cpu")  # type: ignore[arg-type]
    torch.manual_seed(config.seed)  # adapters start from random weights
    ids = [source.model_id for source in group]
    shape = LoraShape(config.lora_rank, config.lora_alpha)
    team = build_team(base, ids, Specialisation.LORA, shape)
    _start_alike(team)
    settings = OptionLearnerSettings(learning_rate=config.learning_rate, batch_size=config.batch_size)
    players = []
    for model_id, text in team.by_role.items():
        seed = config.seed * 1000 + int(model_id.split("_")[1])
        policy = OptionPolicy(text, config.temperature, config.kv_cache_size)
        learner = OptionLearner(model_id, f"{name} rank {config.lora_rank}", policy, settings, seed)
        players.append(LocalPlayer(model_id, policy, learner, seed, gpu_id))
    return players


def _load_base(config: MultiModelConfig, name: str, folder: Path) -> TextPolicy:
    if name != SMALL:
        return load_policy(str(POCKET_FOLDER if name == POCKET else name))
    kept = folder / f"small_{config.seed}"
    if not (kept / "config.json").exists():
        save_base(make_small_policy([_TOKENIZER_TEXT] * 4, SMALL_SHAPE, config.seed), kept)
    return load_policy(str(kept))


@torch.no_grad()
def _start_alike(team: Team) -> None:
    """The random half of every adapter is that of the first, so that averages mean something from the start."""
    (first, *others) = team.policies.items()
    theirs = dict(first[1].model.named_parameters())
    mine = {key.replace(f".{first[0]}.", ".?."): value for key, value in theirs.items() if f".{first[0]}." in key}
    for name, _ in others:
        for key, value in theirs.items():
            if f".{name}." in key:
                value.copy_(mine[key.replace(f".{name}.", ".?.")])
