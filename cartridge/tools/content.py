"""The rules of the game as data: types, moves, creatures, items, trainers, event flags, from `cartridge/data/*.txt`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from cartridge.tools.source import DATA, Line, blocks, lines

FIRST_FLAG = 8
"""Flags 0-7 are Crystal's temporary ones."""

STATS = ("hp", "attack", "defense", "speed", "sp_attack", "sp_defense")


class Effect(IntEnum):
    """What a move does beside its damage. The numbers are those of cartridge/src/moves.h."""

    HIT = 0
    ATTACK_DOWN = 1
    DEFENSE_DOWN = 2
    SPEED_DOWN = 3
    ACCURACY_DOWN = 4
    ATTACK_UP = 5
    DEFENSE_UP = 6
    SPEED_UP = 7
    SP_ATTACK_UP = 8
    POISON = 9
    BURN = 10
    PARALYZE = 11
    SLEEP = 12
    DRAIN = 13
    RECOVER = 14
    RECOIL = 15
    PRIORITY = 16
    HIGH_CRITICAL = 17


class ItemEffect(IntEnum):
    """What using an item does."""

    NONE = 0
    HEAL = 1
    CATCH = 2
    CURE_POISON = 3
    CURE_ALL = 4
    KEY = 5
    CURE_BURN = 6
    CURE_SLEEP = 7
    CURE_PARALYSIS = 8
    REVIVE = 9
    """Amount: percent of the full HP."""
    REPEL = 10
    """Amount: steps without encounters."""
    RAFT = 11
    """Carries the player over water."""
    TEACH = 16
    """A machine. Amount: its number; it teaches the move of its name."""


POCKETS = ("ITEM", "BALL", "KEY_ITEM", "TM_HM")
SKILLS = ("plain", "careful", "master")
TRAINER_ITEMS = 2


@dataclass(frozen=True, slots=True)
class Move:
    name: str
    type: str
    power: int
    accuracy_percent: int
    pp: int
    effect: Effect
    chance_percent: int


@dataclass(frozen=True, slots=True)
class Creature:
    name: str
    types: tuple[str, str]
    stats: tuple[int, ...]
    catch_rate: int
    base_exp: int
    learns: tuple[tuple[int, str], ...]
    evolves: tuple[int, str] | None
    machines: tuple[str, ...] = ()
    """The moves that it can learn from machines."""


@dataclass(frozen=True, slots=True)
class Item:
    name: str
    pocket: str
    price: int
    effect: ItemEffect
    amount: int
    badge: int = 0
    """Of a machine: the bit of wJohtoBadges that allows its move on the way."""


@dataclass(frozen=True, slots=True)
class Trainer:
    class_name: str
    class_number: int
    number: int
    name: str
    base_reward: int
    party: tuple[tuple[int, str], ...]
    """(level, creature)"""
    meeting: str = ""
    """Tells the matches of somebody who is met several times apart."""
    skill: int = 0
    """Place in SKILLS: how the trainer chooses."""
    items: tuple[str, ...] = ()
    """Medicine that a master gives to a pal in need."""

    @property
    def constant(self) -> str:
        return "_".join(filter(None, (self.class_name, self.name.upper(), self.meeting)))


@dataclass(frozen=True, slots=True)
class Flag:
    name: str
    index: int
    kind: str


@dataclass(slots=True)
class Content:
    """Everything by name, in the order of its numbers (which start at 1, types and flags excepted)."""

    types: dict[str, int] = field(default_factory=dict)
    chart: list[tuple[str, str, int]] = field(default_factory=list)
    """attacker, defender, effectiveness in tenths"""
    moves: dict[str, Move] = field(default_factory=dict)
    creatures: dict[str, Creature] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    trainers: dict[str, Trainer] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    flags: dict[str, Flag] = field(default_factory=dict)

    def number(self, kind: str, name: str, line: Line) -> int:
        """The number of a move, creature or item by name."""
        names = list(getattr(self, kind))
        if name not in names:
            raise line.error(f"{name!r} is not among the {kind}")
        return names.index(name) + 1

    @property
    def machines(self) -> dict[str, Item]:
        """By the move that each teaches, in the order of their numbers."""
        return {name.removeprefix("HM_"): item for name, item in self.items.items() if item.pocket == "TM_HM"}

    def flag(self, name: str, line: Line) -> Flag:
        if name not in self.flags:
            raise line.error(f"the flag {name!r} is not in data/flags.txt")
        return self.flags[name]

    def trainer(self, name: str, line: Line) -> Trainer:
        if name not in self.trainers:
            raise line.error(f"the trainer {name!r} is not in data/trainers.txt")
        return self.trainers[name]


def _types(content: Content) -> None:
    for line in lines(DATA / "types.txt"):
        keyword, *words = line.words
        if keyword == "type":
            content.types[words[0]] = line.integer(words[1])
        elif keyword == "strong":
            content.chart += [(words[0], defender, 20) for defender in words[1:]]
        elif keyword == "weak":
            content.chart += [(words[0], defender, 5) for defender in words[1:]]
        elif keyword == "useless":
            content.chart += [(words[0], defender, 0) for defender in words[1:]]
        else:
            raise line.error(f"unknown keyword {keyword!r}")
    for attacker, defender, _ in content.chart:
        for name in (attacker, defender):
            if name not in content.types:
                raise ValueError(f"data/types.txt: no type is called {name!r}")


def _moves(content: Content) -> None:
    for line in lines(DATA / "moves.txt"):
        name, kind, power, accuracy, pp, effect, *chance = line.words
        if kind not in content.types or effect not in Effect.__members__:
            raise line.error(f"unknown type {kind!r} or effect {effect!r}")
        content.moves[name] = Move(
            name.replace("_", " "),
            kind,
            line.integer(power),
            line.integer(accuracy, 1, 100),
            line.integer(pp, 1, 40),
            Effect[effect],
            line.integer(chance[0], 0, 100) if chance else 100,
        )


def _creature(content: Content, name: str, body: list[Line], head: Line) -> Creature:
    values = {line.keyword: line for line in body}
    missing = {"types", "stats", "catch", "exp", "learn"} - values.keys()
    if missing:
        raise head.error(f"{name} lacks {', '.join(sorted(missing))}")
    first, *second = values["types"].words[1:]
    stats = tuple(values["stats"].integer(word, 1) for word in values["stats"].words[1:])
    if len(stats) != len(STATS):
        raise values["stats"].error(f"expected {len(STATS)} numbers: {' '.join(STATS)}")
    learns = []
    for entry in values["learn"].rest.split(","):
        level, move = entry.split()
        content.number("moves", move, values["learn"])
        learns.append((values["learn"].integer(level, 1, 100), move))
    evolve = values.get("evolve")
    machines = values["machines"].words[1:] if "machines" in values else []
    for move in machines:
        content.number("moves", move, values["machines"])
    return Creature(
        name,
        (first, second[0] if second else first),
        stats,
        values["catch"].integer(values["catch"].words[1]),
        values["exp"].integer(values["exp"].words[1]),
        tuple(sorted(learns, key=lambda learn: learn[0])),
        (evolve.integer(evolve.words[1], 2, 100), evolve.words[2]) if evolve else None,
        tuple(machines),
    )


def _creatures(content: Content) -> None:
    for block in blocks(DATA / "creatures.txt"):
        name = block.head.words[1]
        content.creatures[name] = _creature(content, name, block.lines, block.head)
    for creature in content.creatures.values():
        if creature.evolves and creature.evolves[1] not in content.creatures:
            raise ValueError(f"data/creatures.txt: {creature.name} evolves into the unknown {creature.evolves[1]!r}")


def _items(content: Content) -> None:
    for line in lines(DATA / "items.txt"):
        name, pocket, price, effect, *numbers = line.words
        if pocket not in POCKETS or effect not in ItemEffect.__members__:
            raise line.error(f"unknown pocket {pocket!r} or effect {effect!r}")
        amount, badge, *_ = (*(line.integer(number) for number in numbers), 0, 0)
        shown = f"HM{amount:02d}" if pocket == "TM_HM" else name.replace("_", " ")
        if pocket == "TM_HM":
            content.number("moves", name.removeprefix("HM_"), line)
        content.items[name] = Item(shown, pocket, line.integer(price, 0, 65535), ItemEffect[effect], amount, badge)


def _trainers(content: Content) -> None:
    rewards: dict[str, int] = {}
    skills: dict[str, int] = {}
    for block in blocks(DATA / "trainers.txt"):
        keyword, *words = block.head.words
        if keyword == "class":
            content.classes[words[0]] = len(content.classes) + 1
            rewards[words[0]] = block.head.integer(words[1])
            if words[2] not in SKILLS:
                raise block.head.error(f"unknown skill {words[2]!r}; known: {', '.join(SKILLS)}")
            skills[words[0]] = SKILLS.index(words[2])
            continue
        class_name, name, *meeting = words
        if class_name not in rewards:
            raise block.head.error(f"unknown class {class_name!r}")
        party, items = [], []
        for line in block.lines:
            if line.keyword == "item":
                content.number("items", line.words[1], line)
                items.append(line.words[1])
                continue
            content.number("creatures", line.words[2], line)
            party.append((line.integer(line.words[1], 1, 100), line.words[2]))
        if len(items) > TRAINER_ITEMS:
            raise block.head.error(f"more than {TRAINER_ITEMS} items")
        number = 1 + sum(other.class_name == class_name for other in content.trainers.values())
        trainer = Trainer(
            class_name,
            content.classes[class_name],
            number,
            name,
            rewards[class_name],
            tuple(party),
            *meeting,
            skill=skills[class_name],
            items=tuple(items),
        )
        content.trainers[trainer.constant] = trainer


def _flags(content: Content) -> None:
    for index, line in enumerate(lines(DATA / "flags.txt"), FIRST_FLAG):
        name, kind = line.words
        content.flags[name] = Flag(name, index, kind)


def read_content() -> Content:
    """All tables, checked against each other."""
    content = Content()
    for read in (_types, _moves, _creatures, _items, _trainers, _flags):
        read(content)
    return content
