"""What a user may set: `config.json` becomes one frozen `Settings`, checked whole before anything is written.

Unknown keys are errors that name the nearest known key. Relative paths in a file are relative to *that file's folder*,
so a run means the same from wherever it is started; paths on a command line are relative to the working directory.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agents.learning.settings import LearnerSettings
from agents.llm.settings import LanguageModelSettings
from core.env.emulator.frame_cost import FrameCost
from core.exceptions import ConfigurationError
from core.game.rewards import RewardWeights
from core.vocabulary import AgentMode, StrategyType

__all__ = [
    "CurriculumSettings",
    "GoExploreSettings",
    "Settings",
    "StageSettings",
    "load_settings",
    "settings_from_mapping",
]

PATH_KEYS = ("rom_path", "decision_db_path", "save_dir", "start_state", "start_cache")
LONGEST_VALUE_SHOWN = 60

Count = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
FiniteNumber = Annotated[float, Field(allow_inf_nan=False)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class StageSettings(_Section):
    """One stage of the curriculum; the first four keys are the documented ones."""

    reward_threshold: FiniteNumber
    """Mean episode reward over the window that finishes the stage."""
    min_episodes: Count
    """Episodes to play at the stage before it can be finished."""
    llm_confidence: Share
    """How much the teacher (language model or rules) is trusted at the start of the stage: its share of the steps."""
    strategy_preference: StrategyType
    """How the teacher's decisions are split between the language model and the rules, as the prior of the choice."""
    max_steps: Count | None = None
    """Horizon of the stage's episodes; null takes the run's `max_steps_per_episode`. Never more than that."""
    go_explore_share: Share | None = None
    """Share of the stage's episodes that begin in the Go-Explore archive; null takes the schedule of `go_explore`."""
    go_explore_after: Annotated[str, Field(min_length=1)] | None = None
    """Milestone that the archive's states must have reached to begin an episode of the stage; null takes any state."""


class CurriculumSettings(_Section):
    """The documented curriculum. The defaults suit Fernvale's first region."""

    stages: tuple[StageSettings, ...] = Field(
        min_length=1,
        default=(
            StageSettings(
                reward_threshold=38.0,
                min_episodes=12,
                llm_confidence=0.9,
                strategy_preference=StrategyType.LLM_HEAVY,
            ),
            StageSettings(
                reward_threshold=34.0,
                min_episodes=24,
                llm_confidence=0.7,
                strategy_preference=StrategyType.BALANCED,
            ),
            StageSettings(
                reward_threshold=30.0,
                min_episodes=24,
                llm_confidence=0.5,
                strategy_preference=StrategyType.RULE_HEAVY,
            ),
        ),
    )
    advancement_patience: Count = 20
    """Episodes past a stage's minimum without advancement after which stepping back is considered."""
    confidence_decay_rate: Annotated[float, Field(ge=0.0, lt=1.0, allow_inf_nan=False)] = 0.005
    """Part of `llm_confidence` that is lost with every episode of a stage."""


class GoExploreSettings(_Section):
    """The archive of states in which some training episodes begin (`core/env/go_explore_archive.py`)."""

    folder: Path
    """Where states are kept, in a folder of their own for each ROM and emulator. Runs may share it."""
    max_states: Count = 1000
    """States kept, about 20 kB each; then the most crowded progress gives way."""
    first_share: Share = 0.0
    """Share of the episodes that begin in the archive when the run begins."""
    last_share: Share = 0.5
    """That share from the episode numbered `episodes` on; it moves evenly in between."""
    episodes: Count = 200


class Settings(_Section):
    """Everything a run depends on. The first nine keys are the documented ones; README.md lists them all."""

    rom_path: Path = Path("cartridge/fernvale.gbc")
    headless: bool = True
    observation_type: Literal["multi_modal", "screen", "state"] = "multi_modal"
    llm_model: Annotated[str, Field(min_length=1)] = "none"
    """`none`, or `provider/model[@url]` of a back-end that is built in (`agents/llm/registry.py`)."""
    max_context_length: Annotated[int, Field(ge=128, le=1_000_000)] = 2048
    """Most tokens in one prompt."""
    initial_strategy: StrategyType = StrategyType.BALANCED
    decision_db_path: Path = Path("decisions.db")
    save_dir: Path = Path("checkpoints")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    agent_mode: AgentMode = AgentMode.ADAPTIVE
    total_episodes: Count = 1000
    """Episodes of the whole run, those before a resume included."""
    max_steps_per_episode: Count = 10_000
    final_milestone: Annotated[str, Field(min_length=1)] | None = None
    """Milestone that ends an episode as won; null means the game's last one."""
    save_interval: Count = 100
    """Episodes between kept checkpoints; a resume point is written after every episode anyway."""
    eval_interval: Count = 50
    """Episodes between evaluations."""
    eval_episodes: Count = 10
    """Episodes of one evaluation, per mode."""
    keep_checkpoints: Count = 5
    """Newest kept checkpoints; older ones are removed."""
    lanes: Annotated[int, Field(ge=1, le=4096)] = 8
    """Emulators that play side by side."""
    workers: Annotated[int, Field(ge=1, le=512)] = 2
    """Processes that run the emulators; about the number of cores. At most `lanes`."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    allow_unknown_rom: bool = False
    """Play a ROM whose SHA-1 is not known, as if it were Crystal."""
    start_state: Path | None = None
    """Where episodes begin, evaluations included: a PyBoy save state or a battery save (.sav); null is a new game."""
    start_cache: Path | None = None
    """Folder that keeps the start of a new game for later runs; null keeps none."""
    fast_options: bool = False
    """New games have fast text, no battle animations and no offers to switch."""
    frame_cost: FrameCost = FrameCost.FIXED
    """`fixed` (24 frames an action) or `adaptive` (16 to 120, until something can be decided again)."""
    go_explore: GoExploreSettings | None = None
    """States in which some training episodes begin; null begins all of them at the start."""
    language_model: LanguageModelSettings = LanguageModelSettings()
    """How the language model is run, consulted and paid (`agents/llm/settings.py`)."""
    curriculum: CurriculumSettings = CurriculumSettings()
    learner: LearnerSettings = LearnerSettings()
    rewards: RewardWeights = RewardWeights()
    """What one unit of each rewarded event pays."""

    def model_post_init(self, _context: Any) -> None:
        """Raises ConfigurationError for values that are fine alone and wrong together."""
        if self.workers > self.lanes:
            raise ConfigurationError(
                f"workers is {self.workers} and lanes {self.lanes}: a worker needs at least one lane; lower workers"
            )
        if self.go_explore is None:
            for number, stage in enumerate(self.curriculum.stages):
                if stage.go_explore_share is not None or stage.go_explore_after is not None:
                    raise ConfigurationError(
                        f"curriculum.stages[{number}] begins episodes in the Go-Explore archive and 'go_explore' is "
                        "null: name its folder there, or set the stage's go_explore_share and go_explore_after to null"
                    )

    def train_arguments(self) -> dict[str, int]:
        """The arguments of `HybridLLMRLTrainer.train` that these settings ask for."""
        return {
            "total_episodes": self.total_episodes,
            "max_steps_per_episode": self.max_steps_per_episode,
            "save_interval": self.save_interval,
            "eval_interval": self.eval_interval,
            "curriculum_patience": self.curriculum.advancement_patience,
        }

    def changed(self, **values: object) -> Settings:
        """A checked copy with other values, as a command line asks for; None leaves a value as it is."""
        data = json.loads(self.model_dump_json())
        data.update(
            {
                key: str(value) if isinstance(value, Path) else value
                for key, value in values.items()
                if value is not None
            }
        )
        return settings_from_mapping(data, folder=Path.cwd(), origin="command line")


def load_settings(path: str | Path) -> Settings:
    """Reads and checks a JSON file. Raises ConfigurationError in one line: what is wrong, what was seen, the remedy."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"config file {path} does not exist; copy config.json of the project or name another"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"config file {path} cannot be read: {error}") from error
    try:
        data = json.loads(text, object_pairs_hook=_object_without_twins, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise ConfigurationError(
            f"{path} is not JSON: {error.msg} at line {error.lineno}, column {error.colno}; JSON has no comments and "
            "no comma after the last entry"
        ) from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path} holds a JSON {type(data).__name__}; a config is an object: {{...}}")
    return settings_from_mapping(data, folder=path.resolve().parent, origin=str(path))


def settings_from_mapping(data: Mapping[str, Any], folder: Path, origin: str) -> Settings:
    """Settings from JSON-able values; relative paths are taken from `folder`, errors begin with `origin`."""
    try:
        settings = Settings.model_validate_json(json.dumps(dict(data)))
    except ValidationError as error:
        raise ConfigurationError(f"{origin}: {_explain(error)}") from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{origin}: {error}") from error
    changes: dict[str, Any] = {"language_model": settings.language_model.in_folder(folder)}
    for key in PATH_KEYS:
        path = getattr(settings, key)
        changes[key] = None if path is None else folder / path
    if settings.go_explore is not None:
        changes["go_explore"] = settings.go_explore.model_copy(update={"folder": folder / settings.go_explore.folder})
    return settings.model_copy(update=changes)


def _object_without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, _ in pairs if sum(other == key for other, _ in pairs) > 1)
        raise ConfigurationError(f"key {twice!r} is there twice; keep one of them")
    return found


def _no_constant(name: str) -> float:
    raise ConfigurationError(f"{name} is no number that can be used here; give a finite one")


def _explain(error: ValidationError) -> str:
    """The first complaint as one line; misspelt keys come first, since they often cause the others."""
    unknown = ("extra_forbidden", "unexpected_keyword_argument")
    complaints = sorted(error.errors(include_url=False), key=lambda complaint: complaint["type"] not in unknown)
    first = complaints[0]
    place = first["loc"]
    name = _dotted(place)
    if first["type"] in unknown:
        return f"unknown key {name!r}{_nearest(place)}"
    seen = json.dumps(first.get("input"), default=str)
    if len(seen) > LONGEST_VALUE_SHOWN:
        seen = seen[:LONGEST_VALUE_SHOWN] + "..."
    if first["type"] == "missing":
        return f"key {name!r} is missing; add it"
    if first["type"] == "value_error" and isinstance(cause := first.get("ctx", {}).get("error"), ConfigurationError):
        return str(cause)
    message = first["msg"][0].lower() + first["msg"][1:]
    return f"{name!r} is {seen}: {message.replace('input should be', 'it should be')}"


def _dotted(place: Sequence[int | str]) -> str:
    """('curriculum', 'stages', 0, 'min_episodes') -> 'curriculum.stages[0].min_episodes'."""
    dotted = ""
    for part in place:
        dotted += f"[{part}]" if isinstance(part, int) else f".{part}" if dotted else str(part)
    return dotted


def _nearest(place: Sequence[int | str]) -> str:
    known = _known_keys(place[:-1])
    near = difflib.get_close_matches(str(place[-1]), known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known keys are {', '.join(sorted(known))}"


def _known_keys(place: Sequence[int | str]) -> list[str]:
    """Keys of the section at `place`."""
    sections = {
        (): Settings,
        ("curriculum",): CurriculumSettings,
        ("curriculum", "stages"): StageSettings,
        ("go_explore",): GoExploreSettings,
    }
    names = tuple(part for part in place if isinstance(part, str))
    if names in sections:
        return list(sections[names].model_fields)
    return list((RewardWeights if names == ("rewards",) else LearnerSettings).__dataclass_fields__)
