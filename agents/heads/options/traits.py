"""What an option is and how the party stands, in a few numbers: what corrections of the rules' values are made of.

Nothing of a certain game is told: no map, no creature and no person has a trait.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from statistics import fmean
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.game.battle import Fighter
from core.game.game_data import GameData
from core.game.state import GameState
from core.rules.fights.company import Company
from core.rules.fights.duel import fighter_of
from core.rules.fights.team_fight import TeamFight, damage_rates
from core.rules.planning.supplies import stock_of_lives
from core.rules.values import MARGINS, ON_THE_WAY
from core.vocabulary import GameMode, Option, OptionKind, UseItem

TRAITS: Final = (
    "heal",
    "heal, wounds",
    "heal, fit",
    "heal, nearness",
    "heal, elsewhere",
    "heal, stock of potions",
    "train",
    "train, levels lacking",
    "train, last level lacking",
    "train, wounds",
    "train, chance to win",
    "train, stock of potions",
    "buy",
    "buy, nearness",
    "buy, wounds",
    "buy, stock of potions",
    "potion",
    "potion, wounds",
    "potion, stock of potions",
    "pick up",
    "pick up, nearness",
    "no story, leave",
)
"""In the order of the weights; a comma leads to what the trait is multiplied with, all between -1 and 1."""
_AT: Final = {name: place for place, name in enumerate(TRAITS)}
LEVELS: Final = 5
"""So many levels count as 1."""
TIRED: Final = 0.5
"""A lead with more wounds than this share of its HP rests, whatever comes next."""
STOCK: Final = 3
"""So many fillings of the lead's HP count as a full stock of potions."""
MOST_TEAM: Final = 3
"""So many of the party count in a fight against a trainer: the strongest."""
PLENTY_OF_PP: Final = 10
MOST_TEAMS: Final = 256
"""Whose chances are kept."""


def option_traits(state: GameState, options: Sequence[Option]) -> NDArray[np.float64]:
    """(options, traits) of what is listed, given best first; all 0 in fights and menus, where the rules estimate well,
    and of the story's next step, which all else is measured by."""
    found = np.zeros((len(options), len(TRAITS)))
    if state.mode is not GameMode.FREE or not state.party:
        return found
    lead = state.party[0]
    wounds, stock = 1 - lead.hp_fraction, stock_of_lives(state) / STOCK
    has_story = options[0].value >= ON_THE_WAY.pressing
    for row, option in zip(found, options, strict=True):
        match option.kind:
            case OptionKind.HEAL:
                nearness = (option.value - ON_THE_WAY.story) / (ON_THE_WAY.most - ON_THE_WAY.story)
                _put(row, "heal", wounds=wounds, fit=wounds < TIRED, nearness=nearness, stock_of_potions=stock)
                _put(row, "heal", elsewhere=_elsewhere(state, option))
            case OptionKind.TRAIN:
                lacking = (option.index or 0) - lead.level
                chance = chance_against(state, option.index or 0) if lacking > 0 else 0.0
                _put(row, "train", levels_lacking=lacking / LEVELS, last_level_lacking=lacking == 1, wounds=wounds)
                _put(row, "train", chance_to_win=chance, stock_of_potions=stock)
            case OptionKind.BUY:
                nearness = (option.value - ON_THE_WAY.shop) / MARGINS.shop_at_hand
                _put(row, "buy", nearness=nearness, wounds=wounds, stock_of_potions=stock)
            case OptionKind.MANAGE if isinstance(option.menu_task, UseItem):
                _put(row, "potion", wounds=wounds, stock_of_potions=stock)
            case OptionKind.PICK_UP:
                _put(row, "pick up", nearness=option.value / ON_THE_WAY.item_ball)
            case OptionKind.ENTER if not has_story:
                row[_AT["no story, leave"]] = 1.0
            case _:
                pass
    return found


def _put(row: NDArray[np.float64], kind: str, **traits: float) -> None:
    row[_AT[kind]] = 1.0
    for name, value in traits.items():
        row[_AT[f"{kind}, {name.replace('_', ' ')}"]] = max(-1.0, min(1.0, value))


def _elsewhere(state: GameState, option: Option) -> bool:
    """Whether it is in another group of maps."""
    return option.position is not None and option.position.map.group != state.position.map.group


def chance_against(state: GameState, level: int) -> float:
    """The chance of the rested party to win against trainers whose strongest creature has this level: the mean over
    all of the game; 0.5 where there is none."""
    strongest = sorted((one for one in state.party if not one.is_egg), key=lambda one: -one.level)[:MOST_TEAM]
    team = (fighter_of(one, state.game) for one in strongest)
    rested = (replace(one, hp=one.max_hp, status=0, pp=(PLENTY_OF_PP,) * len(one.moves)) for one in team)
    return _team_chance(state.game, tuple(rested), level)


@lru_cache(maxsize=MOST_TEAMS)
def _team_chance(game: GameData, team: tuple[Fighter, ...], level: int) -> float:
    company = Company.of(game)
    chances = []
    for trainer in game.trainers.values():
        if max(one for one, _ in trainer.creatures) != level:
            continue
        foes = [company.on_paper(one) for one in trainer.creatures if one[1] in game.species]
        rows = [damage_rates(one, foes, game) for one in team]
        chances.append(TeamFight(rows, [one.max_hp for one in team], [one.max_hp for one in foes]).chance())
    return fmean(chances) if chances else 0.5
