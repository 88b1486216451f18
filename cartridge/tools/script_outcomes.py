"""What a script brings about under which conditions, found by following every branch of its lines.

Each way through a script is an outcome: what must be true for it (flags, items and badges that it asks for before it
changes them itself), what it changes, and the answers that lead there. Exported with the world, so that a planner knows
whom to see first without playing the script. Operations that are not named here change nothing of the story.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from cartridge.tools.source import LABEL, Block, Line

MOST_WAYS = 2000
"""Branches that one script may have; more is an endless loop of questions."""
ALWAYS_ROOM = ("give_item", "take_item", "give_creature", "give_egg")
"""What they leave in the script's variable counts as success: a full bag is no part of the story."""
HATCHING = "an egg hatches"
"""What comes by itself some time after an egg was given, as a phone call does after it was brought on."""
YES, NO = 1, 0
CARDS = {"radio": "ENGINE_RADIO_CARD", "phone": "ENGINE_PHONE_CARD"}
"""Cards of the gear as engine flags, as Crystal's data name them."""
FACINGS = ("down", "up", "left", "right")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way through a script, as far as the story is concerned."""

    needs: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    clears: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    fights: tuple[str, ...] = ()
    engine: tuple[str, ...] = ()
    leads_to: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    answers: tuple[tuple[int, int], ...] = ()
    """(number of the question from 1, 0) for the questions that are answered with no."""
    options: tuple[tuple[int, ...], ...] = ()
    """For each menu in order: the lines, from 1, that lead here. Empty where every line of every menu does."""

    @property
    def effects(self) -> tuple[tuple[str, ...], ...]:
        """All that changes; empty tuples where nothing does."""
        return (self.sets, self.clears, self.gives, self.takes, self.fights, self.engine, self.leads_to, self.calls)

    @property
    def conditions(self) -> dict[str, bool]:
        """What must be true or not, by name."""
        return dict.fromkeys(self.needs, True) | dict.fromkeys(self.without, False)


@dataclass(slots=True)
class _Way:
    """A way through a script that is being followed."""

    at: int = 0
    known: dict[str, bool] = field(default_factory=dict[str, bool])
    asked: dict[str, bool] = field(default_factory=dict[str, bool])
    changed: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    questions: int = 0
    no: list[int] = field(default_factory=list[int])
    menus: list[tuple[int, ...]] = field(default_factory=list[tuple[int, ...]])
    """Of each menu in order: the lines, from 1, that lead this way."""
    chosen: bool = False
    """Whether it matters which."""
    variable: str = ""
    """Where the script's variable is from: "ask", "menu", "done", or nothing that is known."""
    passed: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    facing: str | None = None
    """Where the player looks; None where both ways of every question about it are followed."""
    ram: dict[str, int] = field(default_factory=dict[str, int])
    """Values of variables; both ways are followed where one is not known."""

    def turn(self, at: int) -> _Way:
        """The same so far, going on elsewhere."""
        changed = {key: [*names] for key, names in self.changed.items()}
        return replace(
            self, at=at, known={**self.known}, asked={**self.asked}, changed=changed, no=[*self.no],
            menus=[*self.menus], passed=[*self.passed], ram={**self.ram},
        )  # fmt: skip

    def change(self, kind: str, name: str) -> None:
        names = self.changed.setdefault(kind, [])
        if name not in names:
            names.append(name)

    def learn(self, name: str, value: bool) -> None:
        self.known[name] = self.asked[name] = value

    def outcome(self) -> Outcome:
        return Outcome(
            tuple(name for name, value in self.asked.items() if value),
            tuple(name for name, value in self.asked.items() if not value),
            **{kind: tuple(names) for kind, names in self.changed.items()},
            answers=tuple((number, NO) for number in self.no),
            options=tuple(self.menus) if self.chosen else (),
        )


@dataclass(frozen=True, slots=True)
class Chase:
    """Somebody who runs from place to place, the next one depending on where the player looks when talking."""

    symbol: str
    """The variable that says which place it is."""
    first: int
    """Its value at the first place; 0 says the same."""
    moves: tuple[tuple[int, str, int], ...]
    """(value before, where the player looks, value afterwards)"""
    last: int
    """The value at which the chase is over."""


def outcomes_of(script: Block, badges: Mapping[int, str]) -> tuple[Outcome, ...]:
    """The ways of a script that change something, in its order. `badges`: bit -> name of the badge's engine flag."""
    found = [way.outcome() for way in _ways(script, badges, _Way())]
    return tuple(_joined([one for one in found if any(one.effects)]))


def chase_of(script: Block, badges: Mapping[int, str]) -> Chase | None:
    """The chase that a script makes; None where it asks for no variable or not for the player's direction."""
    words = [line.words for line in script.lines]
    if not any(line[0] == "if_facing" for line in words) or not any(line[0] == "if_ram" for line in words):
        return None
    symbol = next(line[1] for line in words if line[0] == "if_ram")
    tested = {int(line[2]) for line in words if line[0] == "if_ram"}
    first = next(value for value in range(1, 255) if value not in tested)
    moves: list[tuple[int, str, int]] = []
    last = 0
    for value in (first, *sorted(tested)):
        for facing in FACINGS:
            for way in _ways(script, badges, _Way(facing=facing, ram={symbol: value})):
                after = way.ram[symbol]
                if after != value:
                    moves.append((value, facing, after))
                    last = after if "sets" in way.changed else last
    return Chase(symbol, first, tuple(dict.fromkeys(moves)), last)


def _ways(script: Block, badges: Mapping[int, str], start: _Way) -> Iterator[_Way]:
    """All ways through a script to an end of it."""
    lines: list[Line] = []
    labels: dict[str, int] = {}
    for line in script.lines:
        if line.text.startswith(LABEL):
            labels[line.text[1:]] = len(lines)
        else:
            lines.append(line)
    waiting, followed = [start], 0
    while waiting:
        way = waiting.pop()
        followed += 1
        if followed > MOST_WAYS:
            raise script.head.error(f"more than {MOST_WAYS} ways through this script")
        if _ended(way, lines, labels, badges, waiting):
            yield way


def _ended(
    way: _Way, lines: list[Line], labels: Mapping[str, int], badges: Mapping[int, str], waiting: list[_Way]
) -> bool:
    """Follows a way; the other sides of its branches wait. False where it goes round in a circle."""
    while way.at < len(lines):
        line = lines[way.at]
        words = line.words
        if line.keyword == "end":
            return True
        here = (way.at, repr((way.known, way.changed)))
        if here in way.passed:
            return False
        way.passed.append(here)
        way.at += 1
        match line.keyword:
            case "jump":
                way.at = labels[words[1]]
            case "if_set" | "if_item" | "if_badge":
                name = badges[int(words[1])] if line.keyword == "if_badge" else words[1]
                value = way.known.get(name)
                if value is None:
                    other = way.turn(labels[words[2]])
                    other.learn(name, True)
                    waiting.append(other)
                    way.learn(name, False)
                elif value:
                    way.at = labels[words[2]]
            case "if_party" | "if_hours" | "if_dark":
                waiting.append(way.turn(labels[words[-1]]))
            case "if_radio":
                tuned = way.turn(labels[words[-1]])
                tuned.learn(CARDS["radio"], True)
                waiting.append(tuned)
            case "if_facing" | "if_ram":
                known = way.facing if line.keyword == "if_facing" else way.ram.get(words[1])
                wanted_now = words[1] if line.keyword == "if_facing" else int(words[2])
                if known is None:
                    waiting.append(way.turn(labels[words[-1]]))
                elif known == wanted_now:
                    way.at = labels[words[-1]]
            case "if_yes" | "if_no" | "if_var":
                wanted = {"if_yes": YES, "if_no": NO}.get(line.keyword)
                waiting.extend(_by_variable(way, int(words[1]) if wanted is None else wanted, labels[words[-1]]))
            case _:
                _change(way, line, badges)
    return True


def _by_variable(way: _Way, value: int, target: int) -> Iterator[_Way]:
    """The other side of a test of the script's variable; `way` itself goes on, or jumps where there is no other."""
    if way.variable == "done":
        way.at = target if value == YES else way.at
        return
    other = way.turn(target)
    if way.variable == "ask":
        (other if value == NO else way).no.append(way.questions)
        way.variable = other.variable = ""
    elif way.variable == "menu":
        other.menus[-1] = (value + 1,)
        way.chosen = other.chosen = True
        way.menus[-1] = tuple(line for line in way.menus[-1] if line != value + 1)
    yield other


def _change(way: _Way, line: Line, badges: Mapping[int, str]) -> None:
    """What an operation does to the story, as far as a way through the script is concerned."""
    words = line.words
    match line.keyword:
        case "ask":
            way.questions += 1
            way.variable = "ask"
        case "menu":
            way.menus.append(tuple(range(1, len(line.rest.split("|")) + 1)))
            way.variable = "menu"
        case "set" | "clear":
            way.change("sets" if line.keyword == "set" else "clears", words[1])
            way.known[words[1]] = line.keyword == "set"
        case "give_item" | "take_item":
            way.change("gives" if line.keyword == "give_item" else "takes", words[1])
            way.known[words[1]] = line.keyword == "give_item"
        case "badge":
            way.change("engine", badges[int(words[1])])
            way.known[badges[int(words[1])]] = True
        case "set_ram":
            way.ram[words[1]] = int(words[2])
        case "gear":
            way.change("engine", CARDS[words[1]])
        case "give_egg":
            way.change("calls", HATCHING)
        case "call":
            way.change("calls", words[1])
        case "trainer":
            way.change("fights", words[1])
        case "warp":
            way.change("leads_to", words[1])
    if line.keyword in ALWAYS_ROOM:
        way.variable = "done"


def _joined(found: list[Outcome]) -> list[Outcome]:
    """Two ways to the same that differ in nothing but whether one thing is true are one way."""
    outcomes = list(dict.fromkeys(found))
    for i, one in enumerate(outcomes):
        for other in outcomes[i + 1 :]:
            if one.effects != other.effects or (one.answers, one.options) != (other.answers, other.options):
                continue
            mine, theirs = one.conditions, other.conditions
            if mine.keys() != theirs.keys():
                continue
            differing = [name for name in mine if mine[name] != theirs[name]]
            if len(differing) != 1:
                continue
            needs = tuple(name for name in one.needs if name not in differing)
            without = tuple(name for name in one.without if name not in differing)
            rest = [another for another in outcomes if another is not one and another is not other]
            return _joined([*rest[:i], replace(one, needs=needs, without=without), *rest[i:]])
    return outcomes
