"""A recorded game is played again from its seed and its actions, and each state is compared with the recorded one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.history.decision_columns import StoredDecision
from core.vocabulary import Button
from trainer.watching.picture import Caption
from trainer.watching.recorded_game import RecordedGame


@dataclass(frozen=True, slots=True)
class Parting:
    """Where a replay is no longer the recorded game."""

    step: int
    what: str

    def __str__(self) -> str:
        return f"parts from the record at step {self.step}: {self.what}"


class Replay:
    """Plays a game again in `env`, one recorded decision after the other."""

    def __init__(self, env: EnhancedPyBoyPokemonCrystalEnv, game: RecordedGame) -> None:
        self.game = game
        self.step = 0
        """Of the decision that comes next, or is being played."""
        self.reward = 0.0
        """Of the steps so far."""
        self.parting: Parting | None = None
        """None while it is the recorded game."""
        self.compared = 0
        """States that were compared: all but those recorded without a hash."""
        self.other_rewards = 0
        """Steps that paid something else than recorded: other weights, of the same game."""
        self._env = env

    def begin(self) -> None:
        """Puts the game at its first moment."""
        beginning = self.game.beginning
        options = None
        if beginning.state is not None:
            options = {"start_state": beginning.state, "reached": beginning.reached}
        self._env.restart(seed=beginning.seed, options=options)

    def play(self) -> Iterator[StoredDecision]:
        """Plays to the end, or to where the replay parts from the record; gives each decision before it is played."""
        for decision in self.game.decisions:
            self.step = decision.step
            if self._has_parted(decision):
                return
            yield decision
            before = self._env.milestones
            outcome = self._env.advance(decision.action)
            reward = float(np.float32(outcome.reward))  # as it came out of a training's arrays
            self.reward += reward
            self.other_rewards += reward != decision.reward
            reached = sorted(set(self._env.milestones) - set(before))
            recorded = sorted(self.game.milestones.get(decision.step, ()))
            if reached != recorded:
                self.parting = Parting(decision.step, f"{_listed(reached)} reached, the record has {_listed(recorded)}")
                return

    def caption(self) -> Caption:
        """What stands under the picture now."""
        decisions = self.game.decisions
        if not decisions:
            return Caption()
        decision = decisions[min(self.step, len(decisions) - 1)]
        return Caption(
            source=decision.source,
            action=decision.action,
            reasoning=decision.reasoning,
            option=decision.option,
            confidence=decision.confidence,
            step=decision.step,
            reward=self.reward,
            milestones=self._env.milestones,
        )

    @property
    def verdict(self) -> str:
        """What came of it, in a sentence."""
        name, steps = self.game.name, len(self.game.decisions)
        if self.parting is not None:
            return f"{name} {self.parting}"
        others = f"; {self.other_rewards} steps paid other rewards" if self.other_rewards else ""
        return f"{name}: {self.compared} of {steps} states compared, all are the recorded ones{others}"

    def _has_parted(self, decision: StoredDecision) -> bool:
        if decision.state_hash == 0:
            return False
        self.compared += 1
        seen = self._env.state.state_hash
        if seen == decision.state_hash:
            return False
        self.parting = Parting(
            decision.step,
            f"the state before {Button(decision.action).name} has hash {seen:016x}, "
            f"the record has {decision.state_hash:016x}",
        )
        return True


def _listed(names: list[str]) -> str:
    return f"milestone {', '.join(names)}" if names else "no milestone"
