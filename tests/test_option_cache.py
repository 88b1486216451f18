"""An answer of the language model holds for like situations, and no longer once it has led nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.agent.option_cache import CachedChoice, OptionCache
from core.rules.values import ON_THE_WAY
from core.vocabulary import GameMode, Option, OptionKind


@dataclass(frozen=True)
class Free:
    """As much of a game state as is read on the way."""

    mode: GameMode = GameMode.FREE


@dataclass(frozen=True)
class Foe:
    species: int
    types: tuple[int, int]


@dataclass(frozen=True)
class Fight:
    own: Foe
    enemy: Foe
    mode: GameMode = GameMode.BATTLE

    @property
    def battle(self) -> Fight:
        return self


WAY: Any = Free()
STORY = Option(OptionKind.GO_TO, "Go to Home", "go_to:HOME", value=ON_THE_WAY.story)
TRAIN = Option(OptionKind.TRAIN, "Train in the grass", "train:FERN_PATH", value=ON_THE_WAY.training)
SCRATCH = Option(OptionKind.HEAL, "Rest at the healer in Home: 17/19 HP left", "heal:HOME", value=ON_THE_WAY.early_rest)
LOOK = Option(OptionKind.EXPLORE, "Explore Home", "explore:HOME", value=ON_THE_WAY.new_map)
STRIKE = Option(OptionKind.FIGHT, "Use BUMP", "fight:BUMP", value=0.7)
DRINK = Option(OptionKind.USE_ITEM, "Use a TONIC", "use_item:TONIC", value=0.6)


def answer(option: Option) -> CachedChoice:
    return CachedChoice(option.key, 0.9, "because")


def test_on_the_way_an_answer_holds_while_the_pressing_things_are_the_same() -> None:
    cache = OptionCache()
    cache.note(WAY, (TRAIN, STORY), STORY, answer(STORY))
    found = cache.find(WAY, (TRAIN, STORY, LOOK))
    assert found is not None and found[1] is STORY, "looking around comes and goes"
    assert cache.find(WAY, (TRAIN, STORY, SCRATCH)) is not None, "and so does a rest that is not needed"
    assert cache.find(WAY, (STORY, LOOK)) is None, "training is no longer called for: another situation"


def test_what_led_nowhere_is_asked_again_and_nothing_else() -> None:
    cache = OptionCache()
    cache.note(WAY, (TRAIN, STORY), TRAIN, answer(TRAIN))
    cache.note(WAY, (STORY, LOOK), STORY, answer(STORY))
    cache.doubt(TRAIN.key)
    assert cache.find(WAY, (TRAIN, STORY)) is None
    assert cache.find(WAY, (STORY, LOOK)) is not None


def test_a_move_holds_against_foes_of_the_same_types() -> None:
    cache = OptionCache()
    fight: Any = Fight(Foe(1, (22, 22)), Foe(7, (5, 5)))
    cache.note(fight, (STRIKE, DRINK), STRIKE, answer(STRIKE))
    alike: Any = Fight(Foe(1, (22, 22)), Foe(18, (5, 5)))
    other: Any = Fight(Foe(1, (22, 22)), Foe(3, (21, 21)))
    assert cache.find(alike, (STRIKE, DRINK)) is not None
    assert cache.find(other, (STRIKE, DRINK)) is None
    assert cache.find(alike, (DRINK, STRIKE)) is None, "it is time to heal: that is another question"


def test_a_drink_that_the_rules_would_not_use_is_ordered_once() -> None:
    cache = OptionCache()
    fight: Any = Fight(Foe(1, (22, 22)), Foe(7, (5, 5)))
    cache.note(fight, (STRIKE, DRINK), DRINK, answer(DRINK))
    assert cache.find(fight, (STRIKE, DRINK)) is None
    cache.note(fight, (DRINK, STRIKE), DRINK, answer(DRINK))
    assert cache.find(fight, (DRINK, STRIKE)) is not None
