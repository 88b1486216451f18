"""The nouns that every room of the house shares: buttons, modes, strategies, options, decisions, transitions.

Everything here is frozen and free of behaviour beyond small derivations. Documented dicts are made from these
at the doors only (see `DecisionHistoryAnalyzer.get_recent_decisions` and `HybridLLMRLTrainer.train`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple


class Button(IntEnum):
    """The nine documented actions, in the documented order; the value is the action index of the env."""

    A = 0
    B = 1
    START = 2
    SELECT = 3
    UP = 4
    DOWN = 5
    LEFT = 6
    RIGHT = 7
    NONE = 8


DIRECTION_BUTTONS = (Button.UP, Button.DOWN, Button.LEFT, Button.RIGHT)
ACTION_COUNT = len(Button)


class GameMode(StrEnum):
    """What the game is doing now, found by ordered tests on RAM (`core/game/mode.py`)."""

    BOOT = "boot"
    MAP_LOADING = "map_loading"
    BATTLE = "battle"
    MENU = "menu"
    DIALOG = "dialog"
    CUTSCENE = "cutscene"
    WALKING = "walking"
    FREE = "free"


class Source(StrEnum):
    """Who chose an action. One decision has one source, and credit goes to it alone."""

    LLM = "llm"
    RULES = "rules"
    POLICY = "policy"


class StrategyType(StrEnum):
    """How guided decisions are split between the language model and the rules (documented shares)."""

    LLM_HEAVY = "llm_heavy"
    BALANCED = "balanced"
    RULE_HEAVY = "rule_heavy"

    @property
    def llm_share(self) -> float:
        """Share of the guided decisions that the language model takes: 0.8, 0.5 or 0.2."""
        return {"llm_heavy": 0.8, "balanced": 0.5, "rule_heavy": 0.2}[self.value]


class AgentMode(StrEnum):
    """Who may act at all."""

    LLM_ONLY = "llm_only"
    RL_ONLY = "rl_only"
    ADAPTIVE = "adaptive"
    RULES_ONLY = "rules_only"


class MapId(NamedTuple):
    """A map: its number is unique only within its group (wMapGroup, wMapNumber)."""

    group: int
    number: int


class Position(NamedTuple):
    """A step of the overworld. x and y are wXCoord and wYCoord, in steps of 16 pixels from the top left."""

    map: MapId
    x: int
    y: int


class OptionKind(StrEnum):
    """What an option asks for. The rules carry an option out button by button (`core.rules.RulePlayer`)."""

    GO_TO = "go_to"
    TALK = "talk"
    ENTER = "enter"
    HEAL = "heal"
    TRAIN = "train"
    CATCH = "catch"
    PICK_UP = "pick_up"
    PUSH = "push"
    """Push a boulder into its hole: `index` is the boulder's map object, the position its hole."""
    BUY = "buy"
    MANAGE = "manage"
    """Something in the START menu: use an item on a creature, change the order of the party."""
    EXPLORE = "explore"
    ADVANCE_TEXT = "advance_text"
    ANSWER = "answer"
    FIGHT = "fight"
    USE_ITEM = "use_item"
    SWITCH = "switch"
    RUN = "run"
    CLOSE_MENU = "close_menu"


@dataclass(frozen=True, slots=True)
class Purchase:
    """One line of a shopping list: so many more of an item."""

    item: int
    count: int


@dataclass(frozen=True, slots=True)
class BuyItems:
    """Buy these of the clerk, the most wanted first, as far as the money reaches."""

    purchases: tuple[Purchase, ...]


@dataclass(frozen=True, slots=True)
class UseItem:
    """Use an item of the bag on the creature in a place of the party (from 0); None for one that acts on nobody."""

    item: int
    slot: int | None = None


@dataclass(frozen=True, slots=True)
class PutFirst:
    """Bring the creature in a place of the party (from 1, 0 being the first already) to the front."""

    slot: int


@dataclass(frozen=True, slots=True)
class ChooseFloor:
    """Choose a floor in an elevator's list; `floors` are all its lines, the lowest first."""

    floor: str
    floors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TeachMove:
    """Teach a machine's move to the creature in a place of the party (from 0), which gives up its weakest one."""

    item: int
    move: int
    slot: int


@dataclass(frozen=True, slots=True)
class TuneRadio:
    """Turn the knob of the radio to a place (wRadioTuningKnob, 0 to 80) and put the radio away, so that it plays."""

    knob: int


@dataclass(frozen=True, slots=True)
class UseMove:
    """Use a move outside fights, of the creature in a place of the party (from 0), from the list of creatures.

    `place` is where to fly, by its number among `GameData.fly_places`; None for a move that asks for no place.
    """

    move: int
    slot: int
    place: int | None = None


MenuTask = BuyItems | UseItem | PutFirst | ChooseFloor | TeachMove | TuneRadio | UseMove
"""What an option wants of the menus: what should be true afterwards, never which buttons to press.

The field rules walk to the place (a clerk) or open the START menu, and from then on `LaneMemory.menu_task` tells the
rules of the menus what the screen is open for. They read the screen as it is, and close it when the task is done or
cannot be done; the planner looks at the state again and so sees what came of it.
"""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be decided now: the unit in which language models and planners choose.

    `label` is the sentence a language model sees; `key` is stable for a like situation and is what histories count.
    """

    kind: OptionKind
    label: str
    key: str
    position: Position | None = None
    index: int | None = None
    """Which one: the menu row, move slot, bag slot or party slot that the kind speaks of."""
    value: float = 0.0
    """How much the rules like it, 0 to 1."""
    menu_task: MenuTask | None = None
    """What a BUY or MANAGE option wants of the menus."""

    def worth(self, value: float) -> Option:
        """The same option, liked so much."""
        # Written out: `dataclasses.replace` takes three times as long, and a plan values dozens of options.
        return Option(self.kind, self.label, self.key, self.position, self.index, value, self.menu_task)


@dataclass(frozen=True, slots=True)
class Decision:
    """One choice of one button, by one source, with its reason."""

    action: int
    source: Source
    confidence: float
    """Calibrated chance, 0 to 1, that following this source turns out well."""
    reasoning: str
    behaviour_probability: float
    """Probability with which the whole agent would have played `action` here (the learner divides by it)."""
    strategy: StrategyType
    mode: GameMode
    option_key: str = ""
    teacher_action: int | None = None
    """What the teacher (language model or rules) wanted here, also when the policy acted; the teacher's label."""
    teacher_probability: float = 0.0
    """Probability with which the whole agent would have played `teacher_action` here; 0 without one."""
    state_hash: int = 0


@dataclass(frozen=True, slots=True)
class RewardEvent:
    """A named cause of reward between two game states."""

    name: str
    amount: float


@dataclass(frozen=True, slots=True)
class EpisodeResult:
    """What one finished episode came to."""

    episode: int
    lane: int
    reward: float
    steps: int
    milestones: tuple[str, ...]
    source_steps: dict[Source, int] = field(default_factory=dict[Source, int])
    truncated: bool = False
    seconds: float = 0.0
    is_whole: bool = True
    """False when it began in a state of the Go-Explore archive, or was cut short because its emulator was lost: its
    reward then says nothing of a whole game."""
    loop_steps: int = 0
    """Steps that came back to an earlier state without gain (`core.history.loops`)."""

    @property
    def llm_usage(self) -> float:
        """Share of the steps decided by the language model, 0 to 1."""
        return self.source_steps.get(Source.LLM, 0) / max(1, self.steps)
