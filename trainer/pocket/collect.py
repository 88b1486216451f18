"""Collects examples from play of Fernvale and the text worlds.

In Fernvale the label is always the rules' choice, but play sometimes does something else. With rule play alone a model
sees only the states that rules lead to, and is lost after its first mistake. So in some games a share of the options,
or of the buttons, is drawn at random, while the examples still have the rules' choice from there (the idea of DAgger:
Ross, Gordon and Bagnell, 2011).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from core.agent.option_cache import OptionCache
from core.agent.teacher import LaneTeacher, situation_of
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.state import GameState
from core.prompts.brief import Brief
from core.prompts.frame import PromptForm
from core.prompts.writer import PromptWriter
from core.protocols import Choice
from core.rules.player import RulePlayer
from core.vocabulary import Option
from trainer.play.processes import map_in_processes
from trainer.pocket.examples import Example, example_of
from trainer.pocket.text_worlds import world_examples


@dataclass(frozen=True, slots=True)
class Habit:
    """How far a game strays from the rules: shares of options and of buttons that are drawn at random."""

    random_options: float
    random_buttons: float


HABITS = (Habit(0.0, 0.0), Habit(0.1, 0.0), Habit(0.3, 0.02), Habit(0.5, 0.05), Habit(0.05, 0.1))
"""Games take these in turn. With many more random buttons a game makes no progress and shows little."""


@dataclass(frozen=True, slots=True)
class CollectionSettings:
    games: int = 60
    steps_per_game: int = 12_000
    context_length: int = 512
    """The prompts' budget of tokens; the model must later be asked with the same."""
    problems_per_world: int = 250
    """Problems of each text world."""
    first_seed: int = 100_000
    """First seed of games and problems; evaluation and tests use others."""

    def held_out(self, share: float, first_seed: int) -> CollectionSettings:
        """The same settings for other, fewer games (at least five) and problems."""
        return replace(
            self,
            games=max(5, round(share * self.games)),
            problems_per_world=round(share * self.problems_per_world),
            first_seed=first_seed,
        )


class _Teacher:
    """Prompt writer and model for a `LaneTeacher`: notes each question and answers with the rules' choice."""

    available = True

    def __init__(self, writer: PromptWriter, habit: Habit, random: np.random.Generator) -> None:
        self.examples: list[Example] = []
        self.reset, self.see, self.chose, self.note = writer.reset, writer.see, writer.chose, writer.note
        self.stale = writer.stale
        self._writer = writer
        self._habit = habit
        self._random = random
        self._situation = ""

    def begin_episode(self) -> int:
        return 0

    def describe(self, state: GameState, options: Sequence[Option] = ()) -> str:
        self._situation = situation_of(state.mode)
        return self._writer.describe(state, options)

    def choose_option(self, prompt: str, options: Sequence[str], episode: int = 0) -> Choice:
        """Choose the first option: the teacher lists the rules' best option first."""
        if len(options) > 1:
            self.examples.append(example_of(prompt, options, self._situation))
        stray = self._random.random() < self._habit.random_options
        return Choice(int(self._random.integers(len(options))) if stray else 0, 1.0)


def collect(
    rom_path: Path, settings: CollectionSettings, say: Callable[[str], None], workers: int = 1
) -> Iterator[Example]:
    """Play `settings.games` games, then the text worlds, and yield every decision in that order.

    The same settings give the same examples with any number of processes.
    """
    play = partial(_play_game, rom_path, settings)
    played = map_in_processes(play, range(settings.games), workers)
    for game, (examples, outcome) in enumerate(played, start=1):
        if game % 10 == 0:
            say(f"game {game} of {settings.games}: {len(examples)} decisions, {outcome}")
        yield from examples
    yield from world_examples(settings.problems_per_world, settings.first_seed)


def _play_game(rom_path: Path, settings: CollectionSettings, game: int) -> tuple[list[Example], str]:
    """One game from the start: its decisions, and how it ended in words."""
    seed = settings.first_seed + game
    habit = HABITS[game % len(HABITS)]
    random = np.random.default_rng(seed)
    env = EnhancedPyBoyPokemonCrystalEnv(rom_path, observation_type="state", max_steps=settings.steps_per_game)
    _, info = env.reset(seed=seed)
    state: GameState = info["game_state"]
    writer = PromptWriter(state.game, settings.context_length, Brief(PromptForm.SHORT))
    teacher = _Teacher(writer, habit, random)
    # Asked at every step: a model should know more than it is asked later, and a random choice holds only once.
    lane = LaneTeacher(RulePlayer(state.game, seed), teacher, teacher, cache=OptionCache(on_the_way=False))
    lane.reset()
    terminated = truncated = False
    steps = 0
    while not terminated and not truncated:
        action = lane.act(info["game_state"], ask_model=lambda _matters: True, stuck=False).action
        if random.random() < habit.random_buttons:
            pressed = int(random.choice(np.flatnonzero(info["action_mask"])))
            if pressed != action:
                lane.overruled()
            action = pressed
        _, _, terminated, truncated, info = env.step(action)
        steps += 1
    env.close()
    return teacher.examples, f"{'finished' if terminated else 'stopped'} after {steps} steps"
