"""Whether a wild creature would be good company: what it could do against the trainers who are still ahead.

A trainer is ahead whose flag is not yet set and whose level the party is about to meet. Those of the story are meant,
who cannot be walked round: leaders, rivals, whoever a script brings on. The party with the wild creature is set against
theirs on paper (level, base stats, the moves they learn; `core.rules.fights.team_fight`); a creature is wanted when it
makes a victory clearly likelier, or could learn from a machine of the bag what nobody in the party can. Every party
wants a second creature.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from core.game.battle import Fighter
from core.rules.fights.team_fight import damage_rates, guess
from core.rules.planning.learners import could_learn_what_nobody_can, places_kept

if TYPE_CHECKING:
    from core.game.facts import MapObject
    from core.game.game_data import GameData
    from core.game.state import GameState
    from core.vocabulary import MapId

MOST_COMPANY = 6
"""A creature that is caught with a full party goes to the box, where it is of no use."""
STORY_LEVELS_ABOVE = 8
"""Trainers of the story count from so many levels above the lead's, and until they are beaten."""
LEAD_GROWS = 2
"""So many levels above the strongest of a trainer's creatures the lead is expected to be when they meet, at least."""
LEAST_CHANCE, LEAST_FACTOR, SURE_CHANCE = 0.2, 3.0, 0.75
"""A creature is wanted with whom the chance against one of the story's trainers is at least the first, and its odds the
second times what they are without; not where the chance is the third already. So far below even, since it may grow."""
AVERAGE_BIRTH_VALUE = 8
MOVE_SLOTS = 4
NEVER_CHANCE = 0.03
"""Against whom the chance is smaller with a lead of about the same level, somebody else is needed."""
MAY_GROW, GROWN_BELOW = 8, 4
"""So many levels a creature may have grown when a trainer is met, and not to more than so many below the strongest."""
TRAINERS_FACTOR = 1.5
"""On the experience from a trainer's creatures."""
MOST_GAMES = 8
"""Games whose judges are kept."""
MOST_MATCHES = 20_000
"""How many matches on paper are kept."""
PLENTY_OF_PP = 10

Creature = tuple[int, int]
"""(level, species id)."""


@dataclass(frozen=True, slots=True)
class _Trainer:
    """A person who can bring on creatures."""

    creatures: tuple[Creature, ...]
    strongest: int
    """The highest level among them."""
    flags: tuple[int, ...]
    """Event flags that are all set when nobody is left to beat; none where no flag says so."""
    parties: tuple[tuple[Creature, ...], ...] = ()
    """Of a trainer whom a script brings on: the parties that it may be, one of them at a time."""
    place: MapId | None = None
    """The map on which it stands."""

    def is_beaten(self, state: GameState) -> bool:
        return bool(self.flags) and all(state.has_flag(index) for index in self.flags)


class Company:
    """Judges creatures for one game. It keeps matches on paper, nothing of a lane: `of` gives one to all."""

    def __init__(self, game: GameData) -> None:
        self._game = game
        self._team_chances: dict[tuple[tuple[Creature, ...], tuple[Creature, ...]], float] = {}
        self._last: tuple[object, bool] = (None, False)
        """The last question and its answer: it is asked at every press of a fight."""
        self._numbers = {name: number for number, name in game.types.items()}
        self._moves = {move.key: move.id for move in game.moves.values()}
        self._by_class = {(one.class_key, one.id): one.creatures for one in game.trainers.values()}
        self._trainers = tuple(self._all_trainers())

    @staticmethod
    @lru_cache(maxsize=MOST_GAMES)
    def of(game: GameData) -> Company:
        """The one judge of a game: what a lane has matched on paper is known to all, in this episode and the next."""
        return Company(game)

    def __reduce__(self) -> tuple[Callable[[GameData], Company], tuple[GameData]]:
        return Company.of, (self._game,)

    def wants(self, state: GameState, species: int, level: int) -> bool:
        """Whether the party would be better with a creature of this species and level."""
        party = [member for member in state.party if not member.is_egg]
        if not 1 <= len(party) < MOST_COMPANY or species not in self._game.species:
            return False
        if len(party) == 1 and party[0].species != species:
            return True
        if could_learn_what_nobody_can(species, state, self._game):
            return True
        lead = max(party, key=lambda member: member.level)
        kinds = frozenset(one.species for one in party) | self.kin(lead.species) | {species}
        free = MOST_COMPANY - len(state.party) - places_kept(kinds, self._game)
        if free < 1 or any(one.species == species and one.level >= level for one in party):
            return False
        question = (species, level, state.event_flags, tuple((one.species, one.level) for one in party))
        if self._last[0] != question:
            self._last = question, self._helps(state, (level, species), is_last=free == 1)
        return self._last[1]

    def _helps(self, state: GameState, candidate: Creature, *, is_last: bool) -> bool:
        """Whether a creature makes a victory over one of the story's trainers ahead clearly likelier.

        `is_last`: it would take the last place, which is kept for who helps against the strongest trainer that nobody
        in the party will ever beat.
        """
        party = self._on_paper_of(state)
        lead = max((level for level, _ in party), default=0)
        helped = lacking = 0
        for trainer in self._trainers:
            if not trainer.parties or trainer.is_beaten(state):
                continue
            team, top = tuple(self._met_at(trainer.strongest, party)), trainer.strongest
            worst = min(trainer.parties, key=lambda foes: self.team_chance(team, foes))
            if top <= lead + STORY_LEVELS_ABOVE and self._makes_likelier(candidate, team, worst, LEAST_CHANCE):
                helped = max(helped, top)
            elif is_last and self.team_chance(team, worst) < NEVER_CHANCE:
                grown = (max(candidate[0], min(top - GROWN_BELOW, candidate[0] + MAY_GROW)), candidate[1])
                if not self._makes_likelier(grown, team, worst, LEAST_CHANCE / 2):
                    lacking = max(lacking, top)
        return helped > 0 and helped >= lacking

    def _makes_likelier(
        self, candidate: Creature, team: tuple[Creature, ...], foes: tuple[Creature, ...], least: float
    ) -> bool:
        without, with_it = self.team_chance(team, foes), self.team_chance((*team, candidate), foes)
        return without < SURE_CHANCE and with_it >= max(least, _times_odds(without, LEAST_FACTOR))

    def hardest(self, state: GameState, parties: Sequence[tuple[Creature, ...]]) -> tuple[Creature, ...]:
        """Of several parties of a trainer the one that is beaten with the smallest chance; none of none."""
        own = self._on_paper_of(state)
        if not own or len(parties) < 2:
            return next(iter(parties), ())
        team = tuple(self._met_at(max(level for foes in parties for level, _ in foes), own))
        return min(parties, key=lambda foes: self.team_chance(team, foes))

    def experience_at(self, place: MapId | None, state: GameState) -> float:
        """Experience from all who stand on a map and are not beaten, but for those whom a script brings on."""
        there = (one for one in self._trainers if one.place == place and not one.parties and not one.is_beaten(state))
        beaten = (creature for trainer in there for creature in trainer.creatures)
        species = self._game.species
        return sum(TRAINERS_FACTOR * level * species[kind].base_exp / 7 for level, kind in beaten if kind in species)

    def _on_paper_of(self, state: GameState) -> list[Creature]:
        """The party, the strongest first."""
        known = (member for member in state.party if not member.is_egg and member.species in self._game.species)
        return sorted(((member.level, member.species) for member in known), reverse=True)

    @staticmethod
    def _met_at(strongest: int, party: Sequence[Creature]) -> Iterator[Creature]:
        """The party, the strongest first and grown to what it will be when such a trainer is met."""
        for place, (level, species) in enumerate(party):
            yield (level if place else max(level, strongest + LEAD_GROWS)), species

    def team_chance(self, team: tuple[Creature, ...], foes: tuple[Creature, ...]) -> float:
        """The chance of a team on paper, all rested, whose first stands in front; without potions."""
        known = self._team_chances.get((team, foes))
        if known is None:
            if len(self._team_chances) >= MOST_MATCHES:
                self._team_chances.clear()
            own = [self.on_paper(self.as_grown(one)) for one in team]
            theirs = [self.on_paper(one) for one in foes if one[1] in self._game.species]
            rows = [damage_rates(one, theirs, self._game) for one in own]
            known = guess(rows, [one.max_hp for one in own], [one.max_hp for one in theirs])
            self._team_chances[team, foes] = known
        return known

    def as_grown(self, creature: Creature) -> Creature:
        """What a creature has become by its level."""
        level, species = creature
        while (later := next((to for at, to in self._game.species[species].evolves if at <= level), None)) is not None:
            species = later
        return level, species

    def kin(self, species: int) -> frozenset[int]:
        """A kind and all that it becomes by growing."""
        found, ahead = {species}, [species]
        while ahead:
            known = self._game.species.get(ahead.pop())
            later = [to for _, to in known.evolves if to not in found] if known is not None else []
            found.update(later)
            ahead.extend(later)
        return frozenset(found)

    def _all_trainers(self) -> Iterator[_Trainer]:
        for place in self._game.maps.values():
            for thing in place.objects:
                creatures = self._creatures_of(thing)
                if creatures:
                    strongest = max(level for level, _ in creatures)
                    yield _Trainer(creatures, strongest, self._flags_of(thing), self._parties_of(thing), place.id)

    def _creatures_of(self, thing: MapObject) -> tuple[Creature, ...]:
        """The creatures of all trainers that a person can bring on, each once; only one of the trainers comes."""
        if thing.trainer_class is not None and thing.trainer_id is not None:
            return self._by_class.get((thing.trainer_class, thing.trainer_id), ())
        return tuple(dict.fromkeys(one for creatures in self._parties_of(thing) for one in creatures))

    def _parties_of(self, thing: MapObject) -> tuple[tuple[Creature, ...], ...]:
        """The parties of the trainers whom a talk with a person may bring on."""
        return tuple(self._game.trainers[key].creatures for key in thing.fights if key in self._game.trainers)

    def _flags_of(self, thing: MapObject) -> tuple[int, ...]:
        names = (thing.beat_event,) if thing.beat_event is not None else thing.sets
        return tuple(self._game.event_flags[name].index for name in names if name in self._game.event_flags)

    def on_paper(self, creature: Creature) -> Fighter:
        """A creature of a species at a level, with average values at birth and the last moves that it learns."""
        level, number = creature
        species = self._game.species[number]
        base = species.base_stats

        def stat(name: str) -> int:
            return (base[name] + AVERAGE_BIRTH_VALUE) * 2 * level // 100 + 5

        learned = [self._moves[key] for at, key in species.learns if at <= level and key in self._moves]
        moves = tuple(dict.fromkeys(learned))[-MOVE_SLOTS:]
        types = [self._numbers[name] for name in species.types if name in self._numbers] or [0]
        most_hp = stat("hp") + level + 5
        return Fighter(
            species=number,
            level=level,
            hp=most_hp,
            max_hp=most_hp,
            status=0,
            moves=moves,
            pp=(PLENTY_OF_PP,) * len(moves),
            types=(types[0], types[-1]),
            attack=stat("atk"),
            defense=stat("def"),
            speed=stat("spd"),
            special_attack=stat("sat"),
            special_defense=stat("sdf"),
            stages=(0,) * 7,
        )


def _times_odds(chance: float, factor: float) -> float:
    """The chance whose odds are so many times those of another one."""
    return factor * chance / (1 - chance + factor * chance)
