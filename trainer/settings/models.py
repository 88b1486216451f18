"""What a user may set: everything that a run depends on, as one frozen `Settings`.

Each part of a run is handed its own section; `trainer/run/assembly.py` does it. `loading.py` reads a file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from agents.heads.settings import HeadsSettings
from agents.learning.settings import LearnerSettings
from agents.llm.settings import LanguageModelSettings
from core.agent.curriculum_settings import RENAMED_KEYS, Count, CurriculumSettings, Share
from core.config_paths import ConfigPath, placed, refuse_one_file_for_two
from core.env.emulator.frame_cost import FrameCost
from core.exceptions import ConfigurationError
from core.game.files.bundled_cartridge import BUNDLED_ROM, rom_file
from core.game.reward_event import REWARD_EVENTS, EventKind
from core.game.rewards import RewardWeights
from core.registry import is_path
from core.rules.menus.typed_names import TypedNames
from core.schema import Section, parsed
from core.vocabulary import AgentMode, StrategyType
from trainer.settings.cluster import check_cluster

PATH_KEYS = ("rom_path", "decision_db_path", "save_dir", "start_state", "start_cache")
Name = Annotated[str, Field(min_length=1)]
CountOrNone = Annotated[int, Field(ge=0)]
"""0 means none."""


class GoExploreSettings(Section):
    """The archive of states in which some training episodes begin (`core/env/go_explore_archive.py`)."""

    folder: ConfigPath
    """Where states are kept, in a folder of their own for each ROM and emulator. Runs may share it."""
    max_states: Count = 1000
    """States kept, about 20 kB each; then the most crowded progress gives way."""
    first_share: Share = 0.0
    """Share of the episodes that begin in the archive when the run begins."""
    last_share: Share = 0.5
    """That share from the episode numbered `episodes` on; it moves evenly in between."""
    episodes: Count = 200
    """Episode from which on `last_share` holds."""


class Settings(Section):
    """Everything a run depends on. The first nine keys are the documented ones; README.md lists them all."""

    rom_path: ConfigPath = rom_file(BUNDLED_ROM)
    """The cartridge; `fernvale` is the one that comes with the program."""
    headless: bool = True
    """`false` shows the first lane in a window, at the normal speed."""
    observation_type: Literal["multi_modal", "screen", "state"] = "state"
    """What the policy sees: numbers and the map from RAM (`state`), the picture (`screen`), or both. Rules and language
    model read the game's state in any case. A picture makes the emulator draw a frame per action."""
    llm_model: Annotated[str, Field(min_length=1)] = "none"
    """`none`, or `provider/model[@url]` with a provider of `agents/llm/providers/` or `package.module:NAME`."""
    max_context_length: Annotated[int, Field(ge=128, le=1_000_000)] = 2048
    """Most tokens in one prompt."""
    initial_strategy: StrategyType = StrategyType.BALANCED
    """How the teacher's decisions are split between language model and rules when the run begins."""
    decision_db_path: ConfigPath = Path("decisions.db")
    """The record of every decision, one SQLite file."""
    save_dir: ConfigPath = Path("checkpoints")
    """Folder of the checkpoints and the summary."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """What the log leaves out."""
    live_page: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Port of a page that shows the run while it goes on; null shows none."""
    live_page_host: Name = "127.0.0.1"
    """Where the page listens: on this machine only, or say 0.0.0.0 for whoever reaches it."""
    tensorboard: bool = False
    """Curves for TensorBoard, too, in a folder of `save_dir` (extra `plots`)."""

    env_class: Name = "crystal"
    """What is played in: a name, or `package.module:Class` of one derived from `EnhancedPyBoyPokemonCrystalEnv`."""
    llm_manager: Name = "options"
    """Who asks the language model: `options`, the built-in one, or `package.module:Class` of a `BaseLLMManager`."""
    reward_events: tuple[Name, ...] = ()
    """Kinds of reward events beside the built-in ones, as `package.module:Class` of an `EventKind`."""
    agent_mode: AgentMode = AgentMode.ADAPTIVE
    """Who may act: all of them (`adaptive`), or one alone."""
    total_episodes: Count = 1000
    """Episodes of the whole run, those before a resume included."""
    max_steps_per_episode: Count = 10_000
    """Steps after which an episode is cut."""
    final_milestone: Annotated[str, Field(min_length=1)] | None = None
    """Milestone that ends an episode as won; null means the game's last one."""
    save_interval: Count = 100
    """Episodes between kept checkpoints; a resume point is written after every episode anyway."""
    eval_interval: CountOrNone = 50
    """Episodes between evaluations; 0 evaluates never, neither before nor after the training."""
    eval_episodes: CountOrNone = 10
    """Episodes of one evaluation, per mode; 0 evaluates never."""
    keep_checkpoints: Count = 5
    """Newest kept checkpoints; older ones are removed."""
    lanes: Annotated[int, Field(ge=1, le=4096)] = 8
    """Emulators that play side by side."""
    workers: Annotated[int, Field(ge=1, le=512)] = 2
    """Processes that play; about the number of cores. At most `lanes`."""
    cluster: str | None = None
    """Where the workers are: null for processes of this machine, else see `trainer/settings/cluster.py`."""
    straggler_factor: Annotated[float, Field(ge=1)] | None = None
    """How long the others wait at the end of a segment for a worker that is slow, in medians of the workers' times;
    null is as long as it takes. A run in which somebody was not waited for cannot be repeated exactly."""
    policy: Literal["heads", "sb3"] = "sb3"
    """What learns: `heads` chooses options and presses the buttons for them, `sb3` is Stable-Baselines3's policy of
    buttons, which does not know the option. The configs that come with the project say `heads`. A config without the
    key gets `sb3`: it learns from every `observation_type`, and heads need one with numbers."""
    heads: HeadsSettings = HeadsSettings()
    """How the heads learn, for `"policy": "heads"`."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Draws everything that is drawn in a run."""
    allow_unknown_rom: bool = False
    """Play a ROM whose SHA-1 is not known, as if it were Crystal."""
    start_state: ConfigPath | None = None
    """Where episodes begin, evaluations included: a PyBoy save state or a battery save (.sav); null is a new game."""
    start_cache: ConfigPath | None = None
    """Folder that keeps the start of a new game for later runs; null keeps none."""
    fast_options: bool = False
    """New games have fast text, no battle animations and no offers to switch."""
    names: TypedNames = TypedNames()
    """What the rules type where the game asks for a name letter by letter."""
    starter: Annotated[int, Field(ge=1, le=3)] | None = None
    """Which of the first creatures on offer is taken, 1 to 3 in the order of the game's data; nobody is asked then.
    null leaves it to who plays: each game of the rules takes another."""
    frame_cost: FrameCost = FrameCost.FIXED
    """`fixed` (24 frames an action) or `adaptive` (16 to 120, until something can be decided again)."""
    go_explore: GoExploreSettings | None = None
    """States in which some training episodes begin; null begins all of them at the start."""
    language_model: LanguageModelSettings = LanguageModelSettings()
    """How the language model is run, consulted and paid (`agents/llm/settings.py`)."""
    curriculum: CurriculumSettings = CurriculumSettings()
    learner: LearnerSettings = LearnerSettings()
    rewards: RewardWeights = RewardWeights()
    """What one unit of each rewarded event pays, by the event's name."""

    def model_post_init(self, _context: Any) -> None:
        """Raises ConfigurationError for values that are fine alone and wrong together, and for what is no cluster."""
        check_cluster(self.cluster)
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

    def reward_kinds(self) -> tuple[type[EventKind], ...]:
        """The classes that `reward_events` names. Raises ConfigurationError for what is none."""
        return tuple(REWARD_EVENTS.resolve(name, "reward_events") for name in self.reward_events)

    @property
    def code_paths(self) -> tuple[str, ...]:
        """The `package.module:Name`s of this config: code of the user's own, which the run imports and runs."""
        names = (
            self.env_class,
            self.llm_manager,
            self.llm_model.partition("/")[0],
            self.learner.network,
            self.curriculum.rule,
            *self.reward_events,
        )
        return tuple(name for name in names if is_path(name))

    def in_folder(self, folder: Path) -> Settings:
        """The same with relative paths taken from `folder`. Raises ConfigurationError where one gets too
        long, and where two are one file that cannot be both."""
        changes: dict[str, Any] = {"language_model": self.language_model.in_folder(folder)}
        for key in PATH_KEYS:
            path = getattr(self, key)
            changes[key] = None if path is None else placed(path, folder)
        changes["rom_path"] = placed(rom_file(self.rom_path), folder)
        if self.go_explore is not None:
            archive = placed(self.go_explore.folder, folder)
            changes["go_explore"] = self.go_explore.model_copy(update={"folder": archive})
        settings = self.model_copy(update=changes)
        settings._refuse_one_file_for_two()
        return settings

    def _refuse_one_file_for_two(self) -> None:
        cache = self.language_model.cache_path
        refuse_one_file_for_two(
            {
                "decision_db_path": self.decision_db_path,
                "language_model.cache_path": None if cache is None else Path(cache),
            },
            {
                "rom_path": self.rom_path,
                "start_state": self.start_state,
                "save_dir": self.save_dir,
                "start_cache": self.start_cache,
                "go_explore.folder": None if self.go_explore is None else self.go_explore.folder,
            },
        )

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
        try:
            return parsed(Settings, data, RENAMED_KEYS).in_folder(Path.cwd())
        except ConfigurationError as error:
            raise ConfigurationError(f"command line: {error}") from error
