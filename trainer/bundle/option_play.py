"""Episodes in which the option head chooses, for it to learn from: whole games, and branches of one save state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from agents.heads.button_view import SITUATION_PLANES, SITUATION_SIZE
from agents.heads.networks import OptionNetwork
from agents.heads.option_rollout import OptionRecorder, OptionRollout
from agents.heads.option_view import PRIOR, option_view
from agents.heads.saved_heads import load_heads
from core.env.lanes.lane_history import StartPoint
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.vocabulary import GameMode, Option
from trainer.bundle.moments import SEGMENT_MILESTONES
from trainer.bundle.taught_game import TaughtGame


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
    """Plays them one after the other in one emulator. The rules carry out what the head in the file `weights` chooses:
    in half the time that the button head takes, with presses that agree in 199 of 200 steps."""
    torch.set_num_threads(1)
    head = load_heads(weights).option
    most = max(one.most_steps for one in episodes)
    env = EnhancedPyBoyPokemonCrystalEnv(
        rom_path, observation_type="state", max_steps=most, final_milestone=final_milestone
    )
    try:
        return [play_episode(env, head, one) for one in episodes]
    finally:
        env.close()


def play_episode(env: EnhancedPyBoyPokemonCrystalEnv, head: OptionNetwork, episode: Episode) -> OptionEpisode:
    """One episode; the env is the caller's."""
    recorder, dice = OptionRecorder(), np.random.default_rng(episode.seed)
    choose = partial(_choose, head, episode, recorder, dice)
    taught = TaughtGame(env, int(dice.integers(2**31)), episode.starter, choose)
    taught.begin(episode.seed, episode.start)
    goal = len(env.rom.game.milestones) + 1
    if episode.start is not None:
        goal = len(episode.start.reached) + SEGMENT_MILESTONES
    reached = False
    while not reached and env.episode_steps < episode.most_steps:
        outcome = taught.press(taught.look().wanted.action)
        reached = outcome.terminated or len(env.milestones) >= goal
    return OptionEpisode(episode, recorder.rollout(env.episode_steps, episode.group), env.episode_steps, reached)


def _choose(
    head: OptionNetwork,
    episode: Episode,
    recorder: OptionRecorder,
    dice: np.random.Generator,
    taught: TaughtGame,
    options: Sequence[Option],
) -> int:
    view, facts = taught.situation(), option_view(taught.state, options)
    if not episode.shows_prior:
        facts[:, PRIOR] = 0.0
    temperature = episode.temperature if taught.state.mode is GameMode.FREE else 1.0
    with torch.inference_mode():
        logits = head(
            torch.from_numpy(view.vector[None, :SITUATION_SIZE]),
            torch.from_numpy(view.planes[None, :SITUATION_PLANES]),
            torch.from_numpy(facts[None]),
            torch.ones(1, len(facts), dtype=torch.bool),
        )
    logs = torch.log_softmax(logits[0].double() / temperature, dim=0).numpy()
    chances = np.exp(logs)
    chosen = int(dice.choice(len(chances), p=chances / chances.sum()))
    recorder.chose(view, facts, chosen, temperature, float(logs[chosen]), taught.env.episode_steps)
    return chosen
