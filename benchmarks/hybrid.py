"""Does the hybrid beat its parents? python -m benchmarks.hybrid [--minutes 20 | --steps 200000] [--seeds 0 1 2 3 4]

Plays to the first badge, as `benchmarks/first_badge.json` says, each way in new games on seeds that no training sees:

  random           any allowed button
  rules            the rule player by itself
  language_model   by itself, where the config names one
  rl_alone         the policy that learned without a teacher: the same learner, rewards and view, at least as many steps
                   and as much time as the hybrid of the same seed
  hybrid           the whole agent after training, language model switched off
  its_policy       the hybrid's policy by itself: language model and rules switched off (8 games at most: a glance)

In the measured games all begin with the same starter, lane by lane the three in turn; with `--free-starter` each player
takes its own (give another `--out`, so that cells are not mixed).

`--parts bare hybrid rl_alone` says which are measured: `bare` are the three that learn nothing. Agents are frozen for
their games, and nothing is explored. A part of one seed is a *cell*: a JSON file in `--out`, written when it is done
and not measured again, so a benchmark that was interrupted goes on, and several processes or machines may share the
work (`taskset -c 0,1` gives a cell two cores). `python -m benchmarks.hybrid_report` makes table and plot of them.

`--rom crystal.gbc` plays your own cartridge: the first badge is that of the ROM's game. A config with more fitting
numbers for it is `--config config.crystal.json`. Give cells of another game an `--out` of their own.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from agents.learning.overlapped_learner import OverlappedLearner
from agents.learning.sb3_policy import MaskablePPOLearner
from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.decision_history_analyzer import DecisionHistoryAnalyzer
from core.game.game_data import load_game
from core.game.profile import identify_rom
from core.hybrid_agent import HybridAgent
from core.protocols import Policy
from core.rules import RulePlayer
from core.vector_env import VectorEnv
from core.vocabulary import AgentMode
from core.whole_files import written_aside
from trainer.commands.exit_codes import run_reporting_bad_input
from trainer.curriculum import Curriculum
from trainer.evaluation.evaluator import Evaluator
from trainer.evaluation.first_badge import first_badge
from trainer.llm_manager import LLMManager
from trainer.play.episode_seeds import training_seed
from trainer.play.games import TrainingGames
from trainer.play.loop import PlayLoop
from trainer.play.player import LanePlayer
from trainer.play.seats import LearningSeat, Seating
from trainer.play.stages import CreditStage, CurriculumStage, LearnStage, RecordStage, TallyStage, UpdateStage
from trainer.play.team_state import TeamState
from trainer.run.checks import check_settings
from trainer.run.environments import environment_factory
from trainer.settings import Settings, load_settings

CONFIG = Path(__file__).resolve().parent / "first_badge.json"
FOLDER = Path("runs/hybrid")
PARTS = ("bare", "hybrid", "rl_alone")
ALONE_HORIZON = 1000
"""Steps of a training game of RL alone. In games as long as the hybrid's it meets so few rewards that its policy
freezes: in two of two trials of 80,000 steps it ended by pressing the same few buttons forever."""
ALONE_ENTROPY = 0.1
"""Entropy coefficient of RL alone, which has nobody to show it new things. With 0.01 and 0.03 it froze as well; with
0.06 and 0.1 it had 5.5 milestones after 120,000 steps (seed 9, which is not measured), but with 0.06 seed 0 kept to 1.
"""
CURVE_HORIZON = 1000
"""Steps of the games on the learning curves: the policy by itself, `CURVE_GAMES` of them."""
CURVE_GAMES = 8
STARTERS = 3
"""Creatures on offer at the beginning."""


@dataclass(frozen=True, slots=True)
class Game:
    """One game of a frozen agent."""

    reached: bool
    """The final milestone, within the horizon."""
    steps: int
    milestones: int
    reward: float
    model_share: float
    """Steps that the language model decided."""
    loop_steps: int
    """Steps that came back to an earlier state without gain (`core.history.loops`)."""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """What the policy by itself was worth at a moment of training."""

    steps: int
    milestones: tuple[int, ...]
    """A number for each game."""


@dataclass(slots=True)
class Cell:
    """A part of one seed: games by row, and what the training before them took."""

    part: str
    seed: int
    horizon: int
    games: dict[str, list[Game]] = field(default_factory=dict)
    training_steps: int = 0
    training_s: float = 0.0
    """Wall time."""
    training_episodes: int = 0
    curve: list[CurvePoint] = field(default_factory=list)
    model_calls: int = 0
    """Calls of the language model in training."""


def benchmark_settings(config: Path, rom: Path | None = None, horizon: int | None = None) -> Settings:
    """The settings of the games: those of the config, with another ROM and horizon (steps) where they are given.

    The game ends at the config's `final_milestone`, or at the first badge of the ROM's game where that is null. Raises
    ConfigurationError or EnvironmentError in one line, before anything is made.
    """
    settings = load_settings(config).changed(rom_path=rom, max_steps_per_episode=horizon)
    profile = identify_rom(settings.rom_path, settings.allow_unknown_rom)
    if settings.final_milestone is None:
        settings = settings.changed(final_milestone=first_badge(load_game(profile.game)).id)
    check_settings(settings, profile)
    return settings


class AnyAllowed:
    """A policy without preferences."""

    def probabilities(self, observations: dict[str, NDArray[Any]], masks: NDArray[np.bool_]) -> NDArray[np.float32]:
        return (masks / masks.sum(axis=1, keepdims=True)).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Budget:
    """When a training ends: after `steps` of all lanes together and `seconds` of wall time, of those that are given."""

    steps: int | None
    seconds: float | None

    def spent(self, steps: int, seconds: float) -> float:
        """0 at the beginning, 1 or more at the end."""
        shares = [steps / self.steps] if self.steps else []
        return min(shares + ([seconds / self.seconds] if self.seconds else []))


class Bench:
    """The parts that all cells share: settings, environments, language model."""

    def __init__(self, settings: Settings, stack: ExitStack, fixes_starter: bool = True) -> None:
        """`fixes_starter`: in measured games the rules list one starter, lane by lane the three in turn, whoever
        chooses; in training all of them."""
        self.settings = settings
        self.fixes_starter = fixes_starter
        self.llm_manager = LLMManager(settings.llm_model, settings.max_context_length)
        stack.callback(self.llm_manager.close)
        self.env = stack.enter_context(VectorEnv(environment_factory(settings), settings.lanes, settings.workers))
        self._stack = stack

    def agent(self, mode: AgentMode, policy: Policy, seed: int, record: DecisionHistoryAnalyzer | None) -> HybridAgent:
        """A fresh agent with rule players."""
        strategy = AdaptiveStrategySystem(record, initial_strategy=self.settings.initial_strategy, seed=seed)
        agent = HybridAgent(self.llm_manager, strategy, mode=mode, seed=seed)
        agent.attach_policy(policy)
        agent.attach_lanes(self.rule_players(seed))
        return agent

    def rule_players(self, seed: int, fixes_starter: bool = False) -> list[RulePlayer]:
        starters = [1 + lane % STARTERS if fixes_starter else None for lane in range(self.env.lanes)]
        return [RulePlayer(self.env.rom.game, seed + lane, starter=one) for lane, one in enumerate(starters)]

    def learner(self, seed: int, **changes: Any) -> MaskablePPOLearner:
        """A fresh one with the config's settings, but for the `changes`."""
        settings = replace(self.settings.learner, **changes)
        return OverlappedLearner(self.env.policy_space, self.env.lanes, settings, seed)

    def train(
        self,
        mode: AgentMode,
        learner: MaskablePPOLearner,
        cell: Cell,
        budget: Budget,
        curve_points: int,
        horizon: int | None = None,
    ) -> tuple[HybridAgent, Curriculum]:
        """A trained agent and its curriculum; `cell` learns what it took and how the policy grew. `horizon`: steps of a
        training game, if not the config's.

        The decision record is a temporary file. The clock stands still while the curve's games are played: afterwards,
        with weights that were kept at `curve_points` even moments of the training.
        """
        settings, seed = self.settings, cell.seed
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        record = self._stack.enter_context(DecisionHistoryAnalyzer(Path(folder) / "decisions.db"))
        agent = self.agent(mode, learner, seed, record)
        team = TeamState(record.store, settings, self.env.rom.profile.sha1, {})
        seating = Seating([LearningSeat(agent, range(self.env.lanes), learner, team)])
        stages = (
            TallyStage(seating),
            CreditStage(seating),
            RecordStage.of_teams(seating),
            LearnStage(seating),
            UpdateStage(learner),
            CurriculumStage(seating),
        )
        horizon = horizon or settings.max_steps_per_episode
        games = TrainingGames([team] * self.env.lanes, lambda start: training_seed(seed, start), horizon)
        loop = PlayLoop(LanePlayer(self.env, seating, with_contexts=True), games, stages)
        loop.begin()
        kept: list[tuple[int, dict[str, Any]]] = []
        began_s = time.perf_counter()
        while (spent := budget.spent(cell.training_steps, time.perf_counter() - began_s)) < 1.0:
            if spent * curve_points >= len(kept):
                kept.append((cell.training_steps, learner.tensors()))
            loop.step()
            cell.training_steps += self.env.lanes
        cell.training_episodes = team.tally.episodes
        if isinstance(learner, OverlappedLearner):
            learner.catch_up()
        cell.training_s = time.perf_counter() - began_s
        cell.model_calls = 0 if self.llm_manager.reading is None else self.llm_manager.reading.calls
        final = learner.tensors()
        for steps, tensors in [*kept, (cell.training_steps, final)] if curve_points else []:
            learner.load_tensors(tensors)
            curve = self.play(agent, AgentMode.RL_ONLY, team.curriculum, CURVE_GAMES, seed, CURVE_HORIZON)
            cell.curve.append(CurvePoint(steps, tuple(game.milestones for game in curve)))
        learner.load_tensors(final)
        return agent, team.curriculum

    def play(
        self, agent: HybridAgent, mode: AgentMode, curriculum: Curriculum, games: int, seed: int, horizon: int
    ) -> list[Game]:
        """New games of the frozen agent."""
        evaluator = Evaluator(self.env, lambda lanes: self.rule_players(seed, self.fixes_starter), seed)
        result = evaluator.evaluate(agent, mode, games, horizon, curriculum.directive())
        assert result is not None, "an evaluation that nobody stops has a result"
        return [
            Game(not one.truncated, one.steps, len(one.milestones), one.reward, one.llm_usage, one.loop_steps)
            for one in result.episodes
        ]


def measure(bench: Bench, part: str, seed: int, budget: Budget, games: int, curve_points: int) -> Cell:
    """One cell."""
    horizon = bench.settings.max_steps_per_episode
    cell = Cell(part, seed, horizon)
    if part == "bare":
        untrained = Curriculum(bench.settings.curriculum)
        anybody = bench.agent(AgentMode.RL_ONLY, AnyAllowed(), seed, None)
        ways = {"random": AgentMode.RL_ONLY, "rules": AgentMode.RULES_ONLY}
        if bench.llm_manager.available:
            ways["language_model"] = AgentMode.LLM_ONLY
        for row, mode in ways.items():
            cell.games[row] = bench.play(anybody, mode, untrained, games, seed, horizon)
    elif part == "rl_alone":
        learner = bench.learner(seed, entropy_coefficient=ALONE_ENTROPY)
        agent, curriculum = bench.train(AgentMode.RL_ONLY, learner, cell, budget, curve_points, ALONE_HORIZON)
        cell.games["rl_alone"] = bench.play(agent, AgentMode.RL_ONLY, curriculum, games, seed, horizon)
    else:
        agent, curriculum = bench.train(AgentMode.ADAPTIVE, bench.learner(seed), cell, budget, curve_points)
        agent.llm_manager = None
        cell.games["hybrid"] = bench.play(agent, AgentMode.ADAPTIVE, curriculum, games, seed, horizon)
        few = min(games, CURVE_GAMES)
        cell.games["its_policy"] = bench.play(agent, AgentMode.RL_ONLY, curriculum, few, seed, horizon)
    return cell


def budget_of(part: str, seed: int, budget: Budget, folder: Path) -> Budget:
    """For RL alone at least what the hybrid of the same seed took, if that is measured; for all others `budget`."""
    path = cell_path(folder, "hybrid", seed)
    if part != "rl_alone" or not path.exists():
        return budget
    hybrid = json.loads(path.read_text(encoding="utf-8"))
    return Budget(hybrid["training_steps"], hybrid["training_s"])


def cell_path(folder: Path, part: str, seed: int) -> Path:
    return folder / f"{part}-{seed}.json"


def write_cell(folder: Path, cell: Cell) -> None:
    """Whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    with written_aside(cell_path(folder, cell.part, cell.seed)) as aside:
        aside.write_text(json.dumps(asdict(cell)), encoding="utf-8")


def read_cells(folder: Path) -> Iterator[Cell]:
    """All cells that were measured so far."""
    for path in sorted(folder.glob("*-*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        data["games"] = {row: [Game(**game) for game in games] for row, games in data["games"].items()}
        data["curve"] = [CurvePoint(point["steps"], tuple(point["milestones"])) for point in data["curve"]]
        yield Cell(**data)


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, or 2 after one line that says what is wrong with ROM or config."""
    return run_reporting_bad_input(partial(run, parse_arguments(arguments)))


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line; paths in it are relative to the working directory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=CONFIG)
    parser.add_argument("--rom", type=Path, help="cartridge to play instead of the config's")
    parser.add_argument("--horizon", type=int, help="most steps of a game, instead of the config's")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, default=200_000, help="training steps of all lanes together")
    length.add_argument("--minutes", type=float, help="train for this wall time instead")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--games", type=int, default=20, help="games of each row and seed")
    parser.add_argument("--curve-points", type=int, default=4, help="moments of training on the learning curve")
    parser.add_argument("--free-starter", action="store_true", help="each player takes its own, not the same")
    parser.add_argument("--out", type=Path, default=FOLDER)
    return parser.parse_args(arguments)


def run(arguments: argparse.Namespace) -> None:
    """Measures what is missing."""
    settings = benchmark_settings(arguments.config, arguments.rom, arguments.horizon)
    minutes: float | None = arguments.minutes
    budget = Budget(arguments.steps, None) if minutes is None else Budget(None, 60 * minutes)
    console = Console()
    for seed, part in itertools.product(arguments.seeds, arguments.parts):
        if cell_path(arguments.out, part, seed).exists():
            continue
        with ExitStack() as stack:
            bench = Bench(settings, stack, fixes_starter=not arguments.free_starter)
            spendable = budget_of(part, seed, budget, arguments.out)
            cell = measure(bench, part, seed, spendable, arguments.games, arguments.curve_points)
        write_cell(arguments.out, cell)
        for row, games in cell.games.items():
            reached = sum(game.reached for game in games)
            console.print(f"seed {seed}: {row} {reached} of {len(games)}, trained {cell.training_steps:,} steps")


if __name__ == "__main__":
    sys.exit(main())
