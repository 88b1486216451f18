"""What to do about a fight against a trainer that was lost, or is likely to be: whoever would win it is looked for.

Each remedy is a team that could be had (somebody in front grown by some levels, somebody of another kind caught and
grown, a machine's move taught) and the actions that it takes. `core.rules.fights.team_fight` guesses its chance against
the trainer's creatures. Taken is what costs least until the fight is won, the fights counted that may be lost before.
To try (again) at once is one of them. The story's next trainer is judged once before it is met (`Remedies.prepare`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from core.rules.fights.company import MOST_COMPANY, Company
from core.rules.fights.duel import fighter_of
from core.rules.fights.team_fight import DamageRates, Potions, damage_rates, guess
from core.rules.menus.lessons import MOVE_SLOTS, kept_moves
from core.rules.planning.carriers import strength_of
from core.rules.planning.goals import GoalKind, PlannedGoal
from core.rules.planning.hunting_grounds import Hunter, LevelWays
from core.rules.planning.learners import places_kept
from core.rules.planning.lost_fight import Creature, FightRemedy, LostFight
from core.rules.planning.sightings import Sighting, Sightings
from core.rules.planning.supplies import BALLS, potions_of
from core.rules.values import ON_THE_WAY
from core.vocabulary import MapId, Option, OptionKind, TeachMove

if TYPE_CHECKING:
    from core.game.battle import Fighter
    from core.game.facts import GameMap
    from core.game.game_data import GameData
    from core.game.state import GameState
    from core.rules.planning.lane_memory import LaneMemory

LOST_FIGHT_ACTIONS: Final = 200
"""A fight that is lost; the way back from where one wakes up comes on top."""
HOPE: Final = 0.7
"""Log-odds added to every chance of a fight that has not been tried: more of them are won than the guess says."""
READY: Final = 0.6
"""With such a chance a fight is tried as things are."""
DOUBT: Final = 1.0
"""Log-odds taken off every chance for each fight that was lost and guessed to be won for certain: the guess errs."""
MOST_LEVELS: Final = 12
"""By so many levels somebody grows at most before the fight is tried again."""
MOST_LEVELS_AHEAD: Final = 1
"""Who is stronger than the strongest by more levels than this is not gone for."""
HELD_WHEN_WEAKENED: Final = 0.8
"""Share of the catch rate that counts for a creature with few HP left."""
SPREAD_LEVELS: Final = 2
"""Who is met may be so many levels below the one that is met most often."""
CATCH_ACTIONS: Final = 60
"""Actions of the fight in which somebody is caught."""
PURCHASE_ACTIONS: Final = 120
"""Actions in a shop and of the way round by it, where there is nothing to catch with."""
RESTS: Final = 2.0
"""Factor on the actions of training: rests and the ways to them take as long as the fights."""
PATIENCE: Final = 2.0
"""A remedy may take this many times the actions that were guessed, and `PATIENCE_ACTIONS`."""
PATIENCE_ACTIONS: Final = 300
PLENTY_OF_PP: Final = 10
MOST_RETRIES: Final = 1
"""A fight that was lost more often than this, though it should be won, is not tried again as things are."""
LOSS_LEVELS: Final = 2
"""So many levels the strongest grows then: the guess does not know what is wrong."""
NOTHING: Final = FightRemedy()
"""To try again as things are."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A remedy that could be taken."""

    remedy: FightRemedy
    actions: float
    chance: float
    """Before doubt, 0 to 1."""


class Remedies:
    """The search in one game."""

    def __init__(self, game: GameData, level_ways: LevelWays) -> None:
        self._game = game
        self._company = Company.of(game)
        self._level_ways = level_ways
        self._sightings = Sightings(game)
        self._rests = [place.id for place in game.maps.values() if any(one.heals for one in place.objects)]
        tables = (table for table in game.wild.values() if table is not None)
        self._wild = sorted({kind for table in tables for slots in table.slots.values() for _, kind in slots})

    def prepare(
        self,
        foes: Sequence[Creature],
        place: MapId | None,
        state: GameState,
        memory: LaneMemory,
        distances: Mapping[MapId, int],
    ) -> None:
        """Decides what to do before a trainer with these creatures is met there, once for each.

        Who carries the party is taken to have beaten all others there by then.
        """
        ahead = LostFight(tuple(foes), 0, place)
        if not foes or memory.lost_fight is not None or ahead.foes in memory.judged:
            return
        memory.judged.add(ahead.foes)
        if self._team(ahead, state)[1].chance() >= READY:
            return
        remedy = self._best(ahead, state, memory, distances)
        if remedy is not NOTHING:
            memory.lost_fight, memory.remedy = ahead, remedy

    def look(self, state: GameState, memory: LaneMemory, distances: Mapping[MapId, int]) -> None:
        """Decides what to do about a lost fight, once for each loss; ends what has taken too long."""
        if memory.lost_fight is None:
            return
        if memory.remedy is None:
            memory.remedy = self._best(memory.lost_fight, state, memory, distances)
        elif memory.remedy != NOTHING and memory.step > memory.remedy.until_step:
            memory.remedy = NOTHING
        elif (
            memory.remedy.lacks_somebody(state)
            and self._sighting(memory.remedy.species, state, memory, distances) is None
        ):
            memory.remedy = self._best(memory.lost_fight, state, memory, distances)

    def goals(self, state: GameState, memory: LaneMemory, distances: Mapping[MapId, int]) -> Iterator[PlannedGoal]:
        """To catch whom the remedy asks for; to make somebody grow is the planner's training."""
        remedy = memory.remedy
        if remedy is not None and remedy.lesson is not None:
            yield from self._lesson_goals(remedy.lesson, state)
        if remedy is None or not remedy.lacks_somebody(state):
            return
        name = self._game.species_name(min(remedy.species))
        if not state.balls:
            option = self._sightings.purchase(name, state, distances)
        else:
            sighting = self._sighting(remedy.species, state, memory, distances)
            option = None if sighting is None else self._sightings.hunt(sighting, name, f"a {name}")
        if option is not None and not memory.is_abandoned(option.key):
            yield PlannedGoal(GoalKind.TRAIN, f"{option.label}: it would win the fight that was lost", option)

    def _sighting(
        self, kinds: Collection[int], state: GameState, memory: LaneMemory, distances: Mapping[MapId, int]
    ) -> Sighting | None:
        """Where one of some kinds is met soonest, but where looking for it, or training, was given up lately."""
        name = self._game.species_name(min(kinds))

        def is_shut(place: GameMap) -> bool:
            return (
                memory.is_barren(place.id)
                or memory.is_abandoned(f"train:{place.key}")
                or memory.is_abandoned(f"seek:{name}:{place.key}")
            )

        return self._sightings.soonest(kinds, state, distances, is_shut)

    def _lesson_goals(self, lesson: TeachMove, state: GameState) -> Iterator[PlannedGoal]:
        if lesson.slot >= len(state.party) or lesson.move in state.party[lesson.slot].moves:
            return
        move = self._game.moves[lesson.move]
        label = f"Teach {move.name} to {state.party[lesson.slot].nickname}"
        option = Option(OptionKind.MANAGE, label, f"teach:{move.key}", value=ON_THE_WAY.order, menu_task=lesson)
        yield PlannedGoal(GoalKind.TRAIN, f"{label}: it would win the fight that was lost", option)

    def _best(
        self, lost: LostFight, state: GameState, memory: LaneMemory, distances: Mapping[MapId, int]
    ) -> FightRemedy:
        found = list(self._candidates(lost, state, memory, distances))
        doubt = DOUBT * lost.times * found[0].chance if lost.times else -HOPE
        loss = LOST_FIGHT_ACTIONS + self._way_back(lost, distances)
        best = min(found, key=lambda one: _expected_actions(one, doubt, loss))
        if best.remedy is NOTHING and lost.times > MOST_RETRIES:
            levels = [
                one for one in found if one.remedy.level == _top_level(state) + LOSS_LEVELS and not one.remedy.catches
            ]
            best = next(iter(levels), best)
        patience = memory.step + round(PATIENCE * best.actions) + PATIENCE_ACTIONS
        return best.remedy if best.remedy is NOTHING else replace(best.remedy, until_step=patience)

    def _way_back(self, lost: LostFight, distances: Mapping[MapId, int]) -> int:
        """Actions from where one wakes up after a loss to where the fight is."""
        rest = min((distances[place] for place in self._rests if place in distances), default=0)
        return rest + (0 if lost.place is None else distances.get(lost.place, 0))

    def _team(self, lost: LostFight, state: GameState) -> tuple[list[tuple[int, Fighter]], _Team]:
        """The party, rested and with its slots, the strongest first; and it against the trainer's creatures."""
        party = [(slot, member) for slot, member in enumerate(state.party) if not member.is_egg]
        party = sorted(party, key=lambda row: -row[1].level)
        own = [(slot, self._rested(fighter_of(member, self._game))) for slot, member in party]
        if own and not lost.times:
            slot, best = own[0]
            later = int((best.level**3 + self._company.experience_at(lost.place, state)) ** (1 / 3))
            if later > best.level and best.species in self._game.species:
                own[0] = slot, self._grown(best, later)
        return own, _Team(own, lost.foes, self._company, self._game, potions_of(state))

    def _candidates(
        self, lost: LostFight, state: GameState, memory: LaneMemory, distances: Mapping[MapId, int]
    ) -> Iterator[_Candidate]:
        """All that could be done, to do nothing first."""
        own, team = self._team(lost, state)
        yield _Candidate(NOTHING, 0.0, team.chance())
        for slot, fighter in own:
            for lesson, taught in self._lessons(slot, fighter, state):
                yield _Candidate(FightRemedy(lesson=lesson), CATCH_ACTIONS, team.chance_with(slot, taught))
        strong = own[0][1] if own else None
        growing: set[int] = set()
        for slot, fighter in own:
            if fighter.species in growing:
                continue  # of several of a kind the strongest grows
            growing |= self._company.kin(fighter.species)
            helper = None if fighter is strong else strong
            for level, actions, grown in self._growth(fighter, helper, 0, state, distances):
                detour = 0 if helper is None else CATCH_ACTIONS
                remedy = FightRemedy(self._company.kin(fighter.species), level)
                yield _Candidate(remedy, actions + detour, team.chance_with(slot, grown))
        yield from self._catches(team, strong, state, memory, distances)

    def _catches(
        self,
        team: _Team,
        strong: Fighter | None,
        state: GameState,
        memory: LaneMemory,
        distances: Mapping[MapId, int],
    ) -> Iterator[_Candidate]:
        """To catch somebody, and to make it grow; `strong` is the strongest that there is."""
        kinds = frozenset(member.species for member in state.party if not member.is_egg)
        if not self._can_catch(state, distances):
            return
        for species in self._wild:
            kin = self._company.kin(species)
            sighting = self._sighting(kin, state, memory, distances)
            if sighting is None or sighting.creature[1] != species:
                continue
            level = sighting.creature[0]
            known = max((one.level for one in state.party if one.species in kin), default=0)
            full = len(state.party) + 1 + places_kept(kinds | {species}, self._game) > MOST_COMPANY
            if full or level <= known or level > _top_level(state) + MOST_LEVELS_AHEAD:
                continue
            hold = HELD_WHEN_WEAKENED * self._game.species[species].catch_rate / 256
            caught_by_one = 1 - (1 - min(1.0, hold)) ** BALLS
            actions = sighting.actions / max(0.1, caught_by_one) + CATCH_ACTIONS
            actions += 0 if state.balls else PURCHASE_ACTIONS
            caught = self._company.on_paper(sighting.creature)
            least = max(known + 1, level - SPREAD_LEVELS)
            yield _Candidate(FightRemedy(kin, level, catches=least), actions, team.chance_with(None, caught))
            for higher, more, grown in self._growth(caught, strong, sighting.actions, state, distances):
                remedy = FightRemedy(kin, higher, catches=least)
                yield _Candidate(remedy, actions + more + CATCH_ACTIONS, team.chance_with(None, grown))

    def _can_catch(self, state: GameState, distances: Mapping[MapId, int]) -> bool:
        return bool(state.balls) or self._sightings.purchase("", state, distances) is not None

    def _lessons(self, slot: int, fighter: Fighter, state: GameState) -> Iterator[tuple[TeachMove, Fighter]]:
        """The moves of the bag's machines that do damage and that a creature could learn, and it with each."""
        game = self._game
        owned = {item for item, place in game.machine_places.items() if state.snapshot.data[place]}
        taught = kept_moves(game)
        for ability in game.field_abilities:
            if ability.machine is None or ability.move is None or not game.moves[ability.move].power:
                continue
            item = next(one.id for one in game.items.values() if one.key == ability.machine)
            learns = item in owned and fighter.species in game.learners.get(ability.machine, ())
            has_room = len(fighter.moves) < MOVE_SLOTS or not taught.issuperset(fighter.moves)
            if learns and has_room and ability.move not in fighter.moves:
                moves = (*fighter.moves, ability.move)
                yield (
                    TeachMove(item, ability.move, slot),
                    replace(fighter, moves=moves, pp=(PLENTY_OF_PP,) * len(moves)),
                )

    def _growth(
        self,
        fighter: Fighter,
        helper: Fighter | None,
        way: float,
        state: GameState,
        distances: Mapping[MapId, int],
    ) -> Iterator[tuple[int, float, Fighter]]:
        """A creature after some levels more: (level, a guess of the actions that they take, the creature then).

        `helper`: who wins for it what it cannot. `way`: actions to where it will be by then. Nothing of a kind that the
        game's data do not know.
        """
        if fighter.species not in self._game.species:
            return
        hunter = self._hunter(fighter)
        with_help = None if helper is None else self._hunter(helper)
        for level in range(fighter.level + 1, min(100, fighter.level + MOST_LEVELS) + 1):
            ways = self._level_ways.actions_to_level(hunter, level, state.time_of_day, with_help)
            actions = [abs(distances[place.id] - way) + RESTS * one for one, _, place in ways if place.id in distances]
            if actions:
                yield level, min(actions), self._grown(fighter, level)

    def _hunter(self, fighter: Fighter) -> Hunter:
        species = self._game.species.get(fighter.species)
        moves = (self._game.moves[number] for number in fighter.moves if number in self._game.moves)
        attacks = frozenset(move.type for move in moves if move.power)
        return Hunter(fighter.level, species.types if species is not None else (), attacks)

    def _grown(self, fighter: Fighter, level: int) -> Fighter:
        """The creature at another level: its stats in proportion to those on paper, and what it learns until then."""
        before = self._company.on_paper((fighter.level, fighter.species))
        after = self._company.on_paper(self._company.as_grown((level, fighter.species)))
        stats = {
            name: round(getattr(fighter, name) * getattr(after, name) / max(1, getattr(before, name)))
            for name in ("max_hp", "attack", "defense", "speed", "special_attack", "special_defense")
        }
        moves = tuple(dict.fromkeys((*fighter.moves, *(one for one in after.moves if one not in before.moves))))
        grown = replace(after, moves=moves, pp=(PLENTY_OF_PP,) * len(moves), **stats)
        return replace(grown, hp=grown.max_hp)

    @staticmethod
    def _rested(fighter: Fighter) -> Fighter:
        return replace(fighter, hp=fighter.max_hp, status=0, pp=(PLENTY_OF_PP,) * len(fighter.moves))


class _Team:
    """The party against the trainer, and what it would be with somebody changed or added."""

    def __init__(
        self,
        own: Sequence[tuple[int, Fighter]],
        foes: Sequence[Creature],
        company: Company,
        game: GameData,
        potions: Potions,
    ) -> None:
        self._game = game
        self._potions = potions
        self._foes = [company.on_paper(one) for one in foes if one[1] in game.species]
        self._own = [(slot, fighter, damage_rates(fighter, self._foes, game)) for slot, fighter in own]

    def chance(self) -> float:
        return self._of([(fighter, row) for _, fighter, row in self._own])

    def chance_with(self, slot: int | None, other: Fighter) -> float:
        """The chance with another creature in a place of the party; beside the party where that is None."""
        others = [(fighter, row) for place, fighter, row in self._own if place != slot]
        return self._of([*others, (other, damage_rates(other, self._foes, self._game))])

    def _of(self, team: Sequence[tuple[Fighter, tuple[DamageRates, ...]]]) -> float:
        if not team:
            return 0.0
        first = max(range(len(team)), key=lambda at: strength_of(team[at][0].level, team[at][0].species, self._game))
        hp = [fighter.max_hp for fighter, _ in team]
        rows = [row for _, row in team]
        return guess(rows, hp, [foe.max_hp for foe in self._foes], first, self._potions)


def _top_level(state: GameState) -> int:
    return max((member.level for member in state.party if not member.is_egg), default=0)


def _expected_actions(candidate: _Candidate, doubt: float, loss: float) -> float:
    """Actions until the fight is won: those of the remedy, and of the fights that may be lost before.

    `doubt` is taken off the log-odds of the chance; a lost fight costs `loss` actions.
    """
    chance = min(0.99, max(0.005, candidate.chance))
    odds = chance / (1 - chance) * math.exp(-doubt)
    return candidate.actions + loss / odds
