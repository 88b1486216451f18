"""The environments of one worker as lanes, played in its own process: nothing is copied to anybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.env.lanes.lane_history import LaneHistory, StartPoint
from core.env.policy_view import empty_view
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv, Outcome
from core.exceptions import TrainingError
from core.game.state import GameState
from core.vocabulary import ACTION_COUNT
from trainer.play.step_arrays import StepArrays


class WorkerLanes:
    """Plays through `advance` and `restart`, so what a subclass changes of rewards and events holds here."""

    def __init__(self, envs: Sequence[EnhancedPyBoyPokemonCrystalEnv]) -> None:
        self.envs = tuple(envs)
        self.lanes = lanes = len(self.envs)
        self.milestone_names = tuple(milestone.id for milestone in self.envs[0].tracker.milestones)
        self.rom = self.envs[0].rom
        self.policy_space = self.envs[0].policy_space
        view = empty_view(self.policy_space)
        self._rows = StepArrays(
            observations={key: np.zeros((lanes, *one.shape), one.dtype) for key, one in view.items()},
            masks=np.ones((lanes, ACTION_COUNT), np.bool_),
            rewards=np.zeros(lanes, np.float32),
            terminated=np.zeros(lanes, np.bool_),
            truncated=np.zeros(lanes, np.bool_),
            milestones=np.zeros((lanes, len(self.milestone_names)), np.bool_),
            lost_steps=np.zeros(lanes, np.int32),
        )
        self.histories = [LaneHistory(0, None) for _ in range(lanes)]
        """How each lane came to where it is."""
        plain = EnhancedPyBoyPokemonCrystalEnv.advance
        self._in_halves = all(type(env).advance is plain for env in self.envs)
        """Whether `advance` is its two halves."""
        self._views = [{key: array[lane] for key, array in self._rows.observations.items()} for lane in range(lanes)]

    def reset(self, seeds: Sequence[int]) -> StepArrays:
        """Begins an episode in every lane."""
        for lane, seed in enumerate(seeds):
            self._restart(lane, seed, None)
        return self._copied()

    def reset_lane(self, lane: int, seed: int, start: StartPoint | None = None) -> StepArrays:
        """Begins an episode in one lane, at `start` or where the environment itself begins."""
        self._restart(lane, seed, start)
        return self._copied()

    def step(self, actions: NDArray[np.int64]) -> StepArrays:
        """Plays one action in every lane. All emulators play before anything is read: a press empties the processor's
        caches, so that what comes right after it takes about twice as long."""
        played = actions.tolist()
        for history, action in zip(self.histories, played, strict=True):
            history.actions.append(action)
        if self._in_halves:
            pressed = [env.press(action) for env, action in zip(self.envs, played, strict=True)]
            for lane, (env, (button, state)) in enumerate(zip(self.envs, pressed, strict=True)):
                self._write(lane, env.follow(button, state))
        else:
            for lane, (env, action) in enumerate(zip(self.envs, played, strict=True)):
                self._write(lane, env.advance(action))
        return self._copied()

    def play_again(self, histories: Sequence[LaneHistory], note: Callable[[], object]) -> None:
        """Brings every lane to where another worker had it; `note` is called at every step.

        Raises TrainingError where a game does not come out with the RAM that it had there (`LaneHistory.ram`).
        """
        for lane, history in enumerate(histories):
            self._restart(lane, history.seed, history.start)
            for action in history.actions:
                self._write(lane, self.envs[lane].advance(action))
                note()
            self.histories[lane] = LaneHistory(history.seed, history.start, bytearray(history.actions))
            if self.envs[lane].state.snapshot.data != history.ram:
                raise TrainingError(
                    f"lane {lane} played {len(history.actions)} steps again and came to another state of the game"
                )

    def histories_now(self) -> list[LaneHistory]:
        """What `play_again` needs, with the RAM as it is now."""
        return [
            replace(history, ram=bytes(self.game_state(lane).snapshot.data))
            for lane, history in enumerate(self.histories)
        ]

    def game_state(self, lane: int) -> GameState:
        """The game of a lane as it is now."""
        return self.envs[lane].state

    def close(self) -> None:
        """Closes the environments."""
        for env in self.envs:
            env.close()

    def _restart(self, lane: int, seed: int, start: StartPoint | None) -> None:
        env = self.envs[lane]
        self.histories[lane] = LaneHistory(seed, start)
        options = None if start is None else start.reset_options
        state = env.restart(seed=seed, options=options)
        self._write(lane, Outcome(state, 0.0, (), env.action_masks(), False, False))

    def _write(self, lane: int, outcome: Outcome) -> None:
        env, rows = self.envs[lane], self._rows
        env.write_policy_view(self._views[lane])
        rows.masks[lane] = outcome.mask
        rows.rewards[lane] = outcome.reward
        rows.terminated[lane] = outcome.terminated
        rows.truncated[lane] = outcome.truncated
        rows.milestones[lane] = env.tracker.reached_flags

    def _copied(self) -> StepArrays:
        """The rows as they are now, to keep."""
        rows = self._rows
        return StepArrays(
            observations={key: array.copy() for key, array in rows.observations.items()},
            masks=rows.masks.copy(),
            rewards=rows.rewards.copy(),
            terminated=rows.terminated.copy(),
            truncated=rows.truncated.copy(),
            milestones=rows.milestones.copy(),
            lost_steps=rows.lost_steps,
        )
