"""Judges the heads by play: whole games on seeds that no training met, each way in its own processes."""

from __future__ import annotations

import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pydantic import TypeAdapter

from agents.heads.agent import HeadsAgent
from agents.heads.saved_heads import Heads, load_heads
from core.agent.hybrid_agent import HybridAgent
from core.agent.standings import Standings
from core.agent.strategy_system import AdaptiveStrategySystem
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.vocabulary import AgentMode, Source
from core.whole_files import written_aside
from trainer.evaluation.intervals import wilson_interval
from trainer.play.episode_seeds import evaluation_seed
from trainer.play.frozen_game import FrozenGame, unschooled_state
from trainer.play.processes import map_in_processes

STARTERS = 3


class JudgedPlayer(StrEnum):
    """Who plays."""

    RULES = "rules"
    BUTTONS = "button head, options by the rules"
    ALONE = "policy alone"
    BLIND = "policy alone, the rules' value and rank hidden"
    HYBRID = "hybrid"


WHOLE_GAME_PLAYERS = (JudgedPlayer.RULES, JudgedPlayer.ALONE, JudgedPlayer.HYBRID)

_MODES = {
    JudgedPlayer.RULES: AgentMode.RULES_ONLY,
    JudgedPlayer.BUTTONS: AgentMode.ADAPTIVE,
    JudgedPlayer.ALONE: AgentMode.RL_ONLY,
    JudgedPlayer.BLIND: AgentMode.RL_ONLY,
    JudgedPlayer.HYBRID: AgentMode.ADAPTIVE,
}


@dataclass(frozen=True, slots=True)
class HeadGame:
    """One game from the start."""

    player: str
    game: int
    """Its number: the seed of the rule player, and the place of the game's seed among those of evaluations."""
    reached: bool
    """The final milestone."""
    steps: int
    milestones: int
    longest_stay: int
    """Most steps within 100 with the same press in the same state, while the game waited for a press."""
    cpu_s: float
    """Processor time of the whole game, emulator included."""
    taught_field_steps: float
    """Of the steps on the field, those that the rules decided."""
    taught_choices: float
    """Of the choices among several options, those that the rules made."""


@dataclass(frozen=True, slots=True)
class Judging:
    """Which games are played."""

    games: int = 20
    steps_per_game: int = 8_000
    run_seed: int = 0
    fixes_starter: bool = True
    """Every player begins a game with the same starter, the three in turn; else each takes its own."""

    bars_repeats: bool = True
    """Presses that lead nowhere are barred."""
    players: tuple[JudgedPlayer, ...] = tuple(JudgedPlayer)

    def starter(self, game: int) -> int | None:
        """Of the game of this number."""
        return 1 + game % STARTERS if self.fixes_starter else None


def play_head_games(
    heads_path: Path,
    rom_path: Path,
    judging: Judging,
    final_milestone: str | None,
    folder: Path,
    say: Callable[[str], None],
    workers: int,
    standings: Standings | None = None,
) -> tuple[HeadGame, ...]:
    """The games of all players, game by game. Those that are in `folder` are not played again; each is kept there
    as soon as it is over. `standings` are what the hybrid acts by."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {
        (player, game): folder / f"{player.name.lower()}_{game:04d}.json"
        for game in range(judging.games)
        for player in judging.players
    }
    missing = [key for key, path in paths.items() if not path.is_file()]
    if len(missing) < len(paths):
        say(f"{len(paths) - len(missing)} games are there from an earlier run")
    told = None if standings is None else standings.state_dict()
    play = partial(_play, heads_path, rom_path, judging, final_milestone, told)
    for (player, game), outcome in zip(missing, map_in_processes(play, missing, workers), strict=True):
        with written_aside(paths[player, game]) as aside:
            aside.write_text(json.dumps(asdict(outcome)) + "\n", encoding="utf-8")
        end = "reached it" if outcome.reached else "stopped"
        say(f"{player.value}, game {game}: {end} after {outcome.steps} steps, {outcome.milestones} milestones")
    known = TypeAdapter(HeadGame)
    return tuple(known.validate_json(path.read_bytes()) for path in paths.values())


def _play(
    heads_path: Path,
    rom_path: Path,
    judging: Judging,
    final_milestone: str | None,
    told: Mapping[str, Any] | None,
    whose: tuple[JudgedPlayer, int],
) -> HeadGame:
    player, game = whose
    torch.set_num_threads(1)
    standings = Standings()
    standings.load_state_dict(told or {})
    env = EnhancedPyBoyPokemonCrystalEnv(
        rom_path,
        observation_type="state",
        max_steps=judging.steps_per_game,
        final_milestone=final_milestone,
    )
    try:
        heads = None if player is JudgedPlayer.RULES else load_heads(heads_path)
        return play_head_game(player, heads, env, judging, game, standings)
    finally:
        env.close()


def play_head_game(
    player: JudgedPlayer,
    heads: Heads | None,
    env: EnhancedPyBoyPokemonCrystalEnv,
    judging: Judging,
    game: int,
    standings: Standings | None = None,
) -> HeadGame:
    """One game."""
    strategy, mode = AdaptiveStrategySystem(seed=game), _MODES[player]
    frozen = unschooled_state(standings if player is JudgedPlayer.HYBRID else None)
    if heads is None:
        agent = HybridAgent(None, strategy, mode=mode, seed=game, frozen_state=frozen)
    else:
        shows_prior = player is not JudgedPlayer.BLIND
        agent = HeadsAgent(
            heads,
            None,
            strategy,
            mode=mode,
            seed=game,
            frozen_state=frozen,
            shows_prior=shows_prior,
            bars_repeats=judging.bars_repeats,
            corrects=player is not JudgedPlayer.BUTTONS,
        )
    played = FrozenGame(env, agent, game, judging.starter(game))
    begun_s = time.process_time()
    played.begin(evaluation_seed(judging.run_seed, game))
    outcome = played.play()
    steps = played.field_steps
    choices = agent.choices if isinstance(agent, HeadsAgent) else Counter({Source.RULES: 1})
    return HeadGame(
        player=player.value,
        game=game,
        reached=outcome.terminated,
        steps=env.episode_steps,
        milestones=len(env.milestones),
        longest_stay=agent.statistics()["longest_stay"],
        cpu_s=round(time.process_time() - begun_s, 2),
        taught_field_steps=steps[Source.RULES] / max(1, steps.total()),
        taught_choices=choices[Source.RULES] / max(1, choices.total()),
    )


@dataclass(frozen=True, slots=True)
class PlayerScore:
    """What the games of one player came to."""

    player: str
    games: int
    reached: int
    interval: tuple[float, float]
    """Wilson's, 95 %, of the share that reached the final milestone."""
    median_steps: float | None
    """Games that did not get there count as slower than all others; None where half did not."""
    mean_milestones: float
    longest_stay: int
    cpu_s_per_1000_steps: float
    taught_field_steps: float
    """Of the steps on the field, the mean share of a game that the rules decided."""
    taught_choices: float
    """The same of the choices among several options."""

    @property
    def taught(self) -> str:
        """Both, for a table."""
        return f"{self.taught_field_steps:.0%}, {self.taught_choices:.0%}"


def score_of(games: Sequence[HeadGame]) -> PlayerScore:
    """The score of games of one player."""
    reached = sum(game.reached for game in games)
    lengths = sorted(game.steps if game.reached else 10**9 for game in games)
    median = statistics.median(lengths)
    return PlayerScore(
        games[0].player,
        len(games),
        reached,
        wilson_interval(reached, len(games)),
        median if median < 10**8 else None,
        statistics.fmean(game.milestones for game in games),
        max(game.longest_stay for game in games),
        1000 * sum(game.cpu_s for game in games) / sum(game.steps for game in games),
        statistics.fmean(game.taught_field_steps for game in games),
        statistics.fmean(game.taught_choices for game in games),
    )


def scores_of(games: Sequence[HeadGame]) -> tuple[PlayerScore, ...]:
    """The score of each player, in the order in which they come first."""
    players = dict.fromkeys(game.player for game in games)
    return tuple(score_of([game for game in games if game.player == player]) for player in players)
