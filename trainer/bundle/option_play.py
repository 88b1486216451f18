"""Episodes in which the option head chooses, for it to learn from: whole games, and branches of one save state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from agents.heads.agent import HeadsAgent
from agents.heads.button_view import SITUATION_PLANES, SITUATION_SIZE, ButtonView
from agents.heads.look import Look
from agents.heads.networks import OptionNetwork
from agents.heads.options.rollout import OptionRecorder, OptionRollout
from agents.heads.options.view import PRIOR, option_view
from agents.heads.saved_heads import Heads, load_heads
from core.agent.strategy_system import AdaptiveStrategySystem
from core.env.lanes.lane_history import StartPoint
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv, Outcome
from core.game.state import GameState
from core.vocabulary import AgentMode, GameMode, Option
from trainer.bundle.moments import SEGMENT_MILESTONES
from trainer.bundle.taught_game import TaughtGame
from trainer.play.frozen_game import FrozenGame, unschooled_state


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode to be played."""

    seed: int
    """Of the game; the rule player's and the dice's come from it, too."""
    most_steps: int
    shows_prior: bool
    """The head sees the rules' value and rank."""
    temperature: float
    """What the head's logits are divided by on the way; in fights and menus it is 1."""
    starter: int | None = None
    start: StartPoint | None = None
    """Where it begins; then it ends `SEGMENT_MILESTONES` later. A new game, to its final milestone, if None."""
    group: int = -1
    """Of branches that begin alike."""
    carried_by_heads: bool = False
    """The button head carries options out and ends them; else the rules do, in half the time, with presses that agree
    in 199 of 200 steps."""


@dataclass(frozen=True, slots=True, eq=False)
class OptionEpisode:
    """What came of one."""

    episode: Episode
    rollout: OptionRollout
    steps: int
    reached: bool
    """The end of the segment or game."""


def play_episodes(
    rom_path: Path, weights: Path, final_milestone: str | None, episodes: Sequence[Episode]
) -> list[OptionEpisode]:
    """Plays them one after the other in one emulator; the heads are those in the file `weights`."""
    torch.set_num_threads(1)
    heads = load_heads(weights)
    most = max(one.most_steps for one in episodes)
    env = EnhancedPyBoyPokemonCrystalEnv(
        rom_path, observation_type="state", max_steps=most, final_milestone=final_milestone
    )
    try:
        return [play_episode(env, heads, one) for one in episodes]
    finally:
        env.close()


def play_episode(env: EnhancedPyBoyPokemonCrystalEnv, heads: Heads, episode: Episode) -> OptionEpisode:
    """One episode; the env is the caller's."""
    chooser = _Chooser(heads.option, episode)
    step = _by_heads(env, heads, episode, chooser) if episode.carried_by_heads else _by_rules(env, episode, chooser)
    goal = len(env.rom.game.milestones) + 1
    if episode.start is not None:
        goal = len(episode.start.reached) + SEGMENT_MILESTONES
    reached = False
    while not reached and env.episode_steps < episode.most_steps:
        reached = step().terminated or len(env.milestones) >= goal
    rollout = chooser.recorder.rollout(env.episode_steps, episode.group)
    return OptionEpisode(episode, rollout, env.episode_steps, reached)


class _Chooser:
    """Draws options with the head, and writes down what was drawn."""

    def __init__(self, head: OptionNetwork, episode: Episode) -> None:
        self.recorder = OptionRecorder()
        self.dice = np.random.default_rng(episode.seed)
        self._head = head
        self._episode = episode

    def choose(self, view: ButtonView, state: GameState, options: Sequence[Option], step: int) -> int:
        """Its place in the list; `step` is that of the episode."""
        facts = option_view(state, options)
        if not self._episode.shows_prior:
            facts[:, PRIOR] = 0.0
        temperature = self._episode.temperature if state.mode is GameMode.FREE else 1.0
        with torch.inference_mode():
            logits = self._head(
                torch.from_numpy(view.vector[None, :SITUATION_SIZE]),
                torch.from_numpy(view.planes[None, :SITUATION_PLANES]),
                torch.from_numpy(facts[None]),
                torch.ones(1, len(facts), dtype=torch.bool),
            )
        logs = torch.log_softmax(logits[0].double() / temperature, dim=0).numpy()
        chances = np.exp(logs)
        chosen = int(self.dice.choice(len(chances), p=chances / chances.sum()))
        self.recorder.chose(view, facts, chosen, temperature, float(logs[chosen]), step)
        return chosen


def _by_rules(env: EnhancedPyBoyPokemonCrystalEnv, episode: Episode, chooser: _Chooser) -> Callable[[], Outcome]:
    """Begins the episode; what it gives plays a step: the rules carry the options out."""

    def choose(taught: TaughtGame, options: Sequence[Option]) -> int:
        return chooser.choose(taught.situation(), taught.state, options, env.episode_steps)

    taught = TaughtGame(env, int(chooser.dice.integers(2**31)), episode.starter, choose)
    taught.begin(episode.seed, episode.start)
    return lambda: taught.press(taught.look().wanted.action)


class _ChoosingAgent(HeadsAgent):
    """Both heads play as they do when nobody learns, but for how options are drawn."""

    chooser: _Chooser
    env: EnhancedPyBoyPokemonCrystalEnv

    def _choose(self, look: Look, state: GameState, options: Sequence[Option]) -> int:
        return self.chooser.choose(look.view, state, options, self.env.episode_steps)


def _by_heads(
    env: EnhancedPyBoyPokemonCrystalEnv, heads: Heads, episode: Episode, chooser: _Chooser
) -> Callable[[], Outcome]:
    """Begins the episode; what it gives plays a step: the button head carries the options out and ends them."""
    seed = int(chooser.dice.integers(2**31))
    strategy = AdaptiveStrategySystem(seed=seed)
    agent = _ChoosingAgent(
        heads, None, strategy, mode=AgentMode.RL_ONLY, seed=seed, frozen_state=unschooled_state(), corrects=False
    )
    agent.chooser, agent.env = chooser, env
    game = FrozenGame(env, agent, seed, episode.starter)
    game.begin(episode.seed, episode.start)
    return game.step
