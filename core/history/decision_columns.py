"""What is kept of a decision: the one table of its columns.

Each annotated field of `StoredDecision` is a column: how it is stored, what it means, and how it comes from a
`Decision`. Writing (`records`, `coded_episode`), reading (`recent`) and exporting (`export`) follow from here. A new
column needs its field here and, in `migrations`, the numbered step that adds it to the files that exist. If it is to be
counted, `CodedEpisode` names it, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Annotated, Any, Final, get_args, get_type_hints

from core.vocabulary import Decision


class Kind(StrEnum):
    """How a column is stored."""

    INTEGER = "integer"
    REAL = "real"
    NAME = "name"
    """A word, by its id in `names`; the column is called `<name>_id`."""
    REASONING = "reasoning"
    """A sentence, by its id in `reasonings`."""
    CONTEXT = "context"
    """A JSON object, by its id in `contexts`, which also holds the mode."""

    @property
    def is_id(self) -> bool:
        """Whether the column holds the id of a word."""
        return self not in (Kind.INTEGER, Kind.REAL)


class _Needed:
    """Stands for "there is no value for a decision that does not state it"."""


NEEDED: Final = _Needed()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table `decisions`."""

    kind: Kind
    meaning: str
    """One sentence for people who read the file."""
    of: Callable[[Decision], Any] | None = None
    """How it comes from a decision; None: the recorder makes it from the whole episode."""
    unstated: Any = NEEDED
    """Its value where a decision does not state it; `NEEDED` where each one has to. None makes it nullable."""
    exported: bool = True
    """Whether it is a column of `decision_list` and of exported files under its own name."""


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """One decision as it was recorded. The annotated fields, and they alone, are columns."""

    run: str
    episode: int
    """1, 2, 3, ... within its run."""
    episode_id: int
    step: int
    """0, 1, 2, ... within its episode."""
    time: datetime
    elapsed_ms: Annotated[
        int, Column(Kind.INTEGER, "milliseconds since the episode began", exported=False)  # as time_utc
    ]
    action: Annotated[
        int,
        Column(
            Kind.INTEGER, "0 A, 1 B, 2 Start, 3 Select, 4 Up, 5 Down, 6 Left, 7 Right, 8 none", attrgetter("action")
        ),
    ]
    teacher_action: Annotated[
        int | None,
        Column(
            Kind.INTEGER, "what the teacher wanted here; null if it was not asked", attrgetter("teacher_action"), None
        ),
    ]
    source: Annotated[
        str, Column(Kind.NAME, "who chose the action: llm, rules or policy; '' if not stated", attrgetter("source"), "")
    ]
    strategy: Annotated[
        str, Column(Kind.NAME, "the strategy of the episode; '' if not stated", attrgetter("strategy"), "")
    ]
    option: Annotated[str, Column(Kind.NAME, "what was being pursued; '' if not stated", attrgetter("option_key"), "")]
    context: Annotated[
        Mapping[str, str],
        Column(Kind.CONTEXT, "a coarse description of the state, shared by like ones", exported=False),  # mode and map
    ]
    confidence: Annotated[
        float, Column(Kind.REAL, "calibrated chance, 0 to 1, that the choice turns out well", attrgetter("confidence"))
    ]
    behaviour_probability: Annotated[
        float | None,
        Column(
            Kind.REAL,
            "chance that the whole agent gave the action; null if unknown",
            attrgetter("behaviour_probability"),
            None,
        ),
    ]
    reward: Annotated[float, Column(Kind.REAL, "reward of the step")]
    outcome: Annotated[float, Column(Kind.REAL, "discounted reward of this and the next 63 steps")]
    reasoning: Annotated[str, Column(Kind.REASONING, "why, in a sentence", attrgetter("reasoning"))]
    state_hash: Annotated[
        int, Column(Kind.INTEGER, "63 bits, equal for equal states; 0 if unknown", attrgetter("state_hash"))
    ]

    @property
    def id(self) -> str:
        """Unique in its file."""
        return f"{self.episode_id}-{self.step}"


COLUMNS: Final[Mapping[str, Column]] = {
    name: part
    for name, hint in get_type_hints(StoredDecision, include_extras=True).items()
    for part in get_args(hint)
    if isinstance(part, Column)
}
"""By name, in the order of declaration."""


def stored_as(name: str) -> str:
    """What a column is called in the table `decisions`."""
    return f"{name}_id" if COLUMNS[name].kind.is_id else name
