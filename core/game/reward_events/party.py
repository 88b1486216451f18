"""How the party fares: levels pay, faints and lost fights cost, healing what was lost in battle pays ever less."""

from __future__ import annotations

from core.game.reward_event import REWARD_EVENTS, EpisodeFacts, EventKind, When
from core.game.state import GameState
from core.vocabulary import GameMode


@REWARD_EVENTS.register("level_up")
class LevelUp(EventKind):
    """A level that a creature gains over its own best; a creature is its trainer id and its DVs."""

    name, weight, when, is_progress = "level_up", 0.3, When.PARTY, True

    def start(self, state: GameState, episode: EpisodeFacts) -> None:
        """Levels that creatures have pay nothing."""
        self._best = {member.identity: member.level for member in state.party}

    def found(self, previous: GameState, current: GameState, episode: EpisodeFacts) -> float:
        """Levels gained; a newcomer's count from now on."""
        gained = 0
        for member in current.party:
            best = self._best.setdefault(member.identity, member.level)
            if member.level > best:
                self._best[member.identity] = member.level
                gained += member.level - best
        return gained


@REWARD_EVENTS.register("faint")
class Faint(EventKind):
    """An own creature that faints."""

    name, weight, when = "faint", -0.2, When.PARTY

    def found(self, previous: GameState, current: GameState, episode: EpisodeFacts) -> float:
        """Creatures that could stand before and cannot now."""
        if all(member.hp for member in current.party):
            return 0
        hp_before = {member.identity: member.hp for member in previous.party}
        fallen = [member for member in current.party if not member.hp and not member.is_egg]
        return sum(hp_before.get(member.identity, 0) > 0 for member in fallen)


@REWARD_EVENTS.register("white_out")
class WhiteOut(EventKind):
    """Nobody can fight any more. It ends when somebody can again."""

    name, weight, when = "white_out", -1.0, When.PARTY

    def start(self, state: GameState, episode: EpisodeFacts) -> None:
        """A game that begins so was not lost here."""
        self._is_lost = state.all_fainted

    def found(self, previous: GameState, current: GameState, episode: EpisodeFacts) -> float:
        """1 when the last one has fainted."""
        was_lost, self._is_lost = self._is_lost, current.all_fainted
        return float(self._is_lost and not was_lost)


@REWARD_EVENTS.register("heal")
class Heal(EventKind):
    """The healed share of HP lost in battle; halved with each heal since the last progress.

    A ledger of the damage keeps poison and potions, the healing after a lost fight and gains of level unpaid.
    """

    name, weight, when = "heal", 0.2, When.PARTY

    def start(self, state: GameState, episode: EpisodeFacts) -> None:
        """Wounds that there are pay nothing."""
        self._damage = 0.0  # sum of HP shares lost in battle and not yet healed
        self._heals_since_progress = 0
        self._is_lost = state.all_fainted

    def progress_made(self) -> None:
        """The next heal is paid in full."""
        self._heals_since_progress = 0

    def found(self, previous: GameState, current: GameState, episode: EpisodeFacts) -> float:
        """The share that is healed and was lost in battle, at most 1, halved as said."""
        healed = self._healed(previous, current)
        was_lost, self._is_lost = self._is_lost, current.all_fainted
        if self._is_lost != was_lost:
            if was_lost:
                self._damage = 0.0  # the healing after a lost fight is no merit
            return 0.0
        paid = min(healed, self._damage)
        if paid <= 0:
            return 0.0
        self._damage -= paid
        share = min(1.0, paid) * 0.5**self._heals_since_progress
        self._heals_since_progress += 1
        return share

    def _healed(self, previous: GameState, current: GameState) -> float:
        """Sum of the HP shares gained without a level; those lost in battle go into the ledger."""
        before = {member.identity: member for member in previous.party}
        healed = 0.0
        for member in current.party:
            old = before.get(member.identity)
            if old is None or member.is_egg:
                continue
            change = member.hp_fraction - old.hp_fraction
            if change < 0 and current.mode is GameMode.BATTLE:
                self._damage -= change
            elif change > 0 and member.level == old.level:
                healed += change
        return healed
