"""What makes the heads play? python -m benchmarks.hybrid_heads [--variants whole no_dagger ...] [--seeds 0 1 2]

Trains the heads as `python -m trainer.bundle` does, whole and with one part left out (`VARIANTS`), and plays new games
to the first badge on seeds that no training met. In the first table every player begins a game with the same starter,
the three in turn; in the second (`--free-starter`) each takes its own.

A variant of one training seed is a *cell*: a JSON file in `--out`, written when it is done and not measured again.
What the stages made lies in `--work`, where variants share what they have in common, and a killed cell goes on.
`--write` puts the tables of all cells that are there into `docs/hybrid.md`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from agents.heads.button_view import OPTION_PARTS, VIEW_PLANES
from benchmarks.heads_alone import STEPS, heads_alone
from benchmarks.hybrid import CONFIG
from benchmarks.hybrid_report import DOCS, median_interval, median_steps
from core.game.game_data import load_game
from core.game.profile import identify_rom
from core.whole_files import written_aside
from trainer.bundle.collect import BundleCollection
from trainer.bundle.dagger import Aggregation
from trainer.bundle.fit import CloningSettings
from trainer.bundle.judge import HeadGame, JudgedPlayer, Judging, score_of
from trainer.bundle.option_learning import OptionLearning
from trainer.bundle.plan import BundlePlan, planned
from trainer.bundle.residual_learning import ResidualLearning
from trainer.bundle.situations import TURNS_GAMES, TakingTurns
from trainer.bundle.stages import judged, train
from trainer.commands.exit_codes import run_reporting_bad_input
from trainer.evaluation.first_badge import first_badge
from trainer.settings import load_settings

FOLDER, WORK = Path("runs/hybrid_heads"), Path("runs/bundle")
BEGIN, END = "<!-- heads table: written by benchmarks/hybrid_heads.py -->", "<!-- end of heads table -->"
DISTANCE_PARTS: Final = ("goal", "goal_press", "nearer", "distance", *VIEW_PLANES)
PRESS_PARTS: Final = ("barred", "looping")
TITLES: Final = {JudgedPlayer.BUTTONS: "button head", JudgedPlayer.BLIND: "policy alone, blind"}
"""Of those whose names are too long for a table. Blind: the rules' value and rank are hidden."""
HEAD_PLAYERS: Final = (JudgedPlayer.BUTTONS, JudgedPlayer.ALONE, JudgedPlayer.BLIND)
BUTTON_PLAYERS: Final = (JudgedPlayer.BUTTONS, JudgedPlayer.ALONE)
FIRST_COLLECTION: Final = 100
"""Draws the games of training seed 0, as in the making of the bundled heads."""


@dataclass(frozen=True, slots=True)
class Variant:
    """The whole training, or one part less."""

    title: str
    ignored: tuple[str, ...] = ()
    """Parts of the view that the button head does without."""
    strays: bool = True
    bars_repeats: bool = True
    own_segments: bool = True
    rounds: int | None = None
    """Of learning options; as many as by default if None."""
    groups: int | None = None
    """Of branches in a round; as many as by default if None."""
    players: tuple[JudgedPlayer, ...] = HEAD_PLAYERS
    alone: bool = False
    """No teacher: rewards are all that is learned from (`benchmarks/heads_alone.py`)."""
    corrections: int = 0
    """Rounds of correcting the rules' values."""

    def plan(self, seed: int, judging: Judging, steps_per_game: int, final_milestone: str | None) -> BundlePlan:
        """The making of the heads. Each seed learns from games of its own and is judged in games of its own."""
        options = OptionLearning()
        turns = TakingTurns(TURNS_GAMES, run_seed=seed) if JudgedPlayer.HYBRID in self.players else TakingTurns()
        return BundlePlan(
            BundleCollection(
                steps_per_game=steps_per_game,
                final_milestone=final_milestone,
                run_seed=FIRST_COLLECTION + seed,
                strays=self.strays,
            ),
            CloningSettings(ignored=self.ignored),
            Aggregation() if self.own_segments else Aggregation(rounds=0, segments=0),
            replace(
                options,
                rounds=options.rounds if self.rounds is None else self.rounds,
                groups=options.groups if self.groups is None else self.groups,
            ),
            replace(judging, run_seed=seed, bars_repeats=self.bars_repeats, players=self.players),
            seed,
            ResidualLearning(rounds=self.corrections),
            turns=turns,
        )


VARIANTS: Final = {
    "whole": Variant("the whole", players=tuple(JudgedPlayer)),
    "cloned": Variant("cloned only", own_segments=False, rounds=0, players=tuple(JudgedPlayer)),
    "corrected": Variant("with corrected values", corrections=3, players=(*HEAD_PLAYERS, JudgedPlayer.HYBRID)),
    "ppo": Variant("with PPO over options", rounds=24),
    "no_branches": Variant("with PPO, without branches", rounds=24, groups=0),
    "no_dagger": Variant("without own segments (DAgger)", own_segments=False, rounds=0),
    "no_noise": Variant(
        "without noise in the games", strays=False, own_segments=False, rounds=0, players=BUTTON_PLAYERS
    ),
    "no_mask": Variant(
        "without the bar on vain presses", own_segments=False, rounds=0, bars_repeats=False, players=BUTTON_PLAYERS
    ),
    "no_option": Variant(
        "without the option in the view",
        ignored=(*(part for part in OPTION_PARTS if part not in PRESS_PARTS), *VIEW_PLANES),
        own_segments=False,
        rounds=0,
        players=BUTTON_PLAYERS,
    ),
    "no_menu_target": Variant(
        "without the menu target",
        ignored=("target", "subject", "count"),
        own_segments=False,
        rounds=0,
        players=BUTTON_PLAYERS,
    ),
    "no_distances": Variant(
        "without the distance field",
        ignored=DISTANCE_PARTS,
        own_segments=False,
        rounds=0,
        players=BUTTON_PLAYERS,
    ),
    "rl_alone": Variant("RL alone, no teacher", players=(JudgedPlayer.ALONE,), alone=True),
}
"""By name. What is compared with the cloned heads leaves out the later stages, too."""


@dataclass(frozen=True, slots=True)
class HeadsCell:
    """The games of one variant and training seed."""

    variant: str
    seed: int
    fixes_starter: bool
    games: tuple[HeadGame, ...]
    minutes: tuple[float, ...]
    """Wall time of the stages; what another cell had made took none."""


def measure(
    name: str, seed: int, judging: Judging, rom: Path, final_milestone: str | None, work: Path, workers: int
) -> HeadsCell:
    """One cell."""

    def say(line: str) -> None:
        print(f"{name}, seed {seed}: {line}", flush=True)

    plan = VARIANTS[name].plan(seed, judging, judging.steps_per_game, final_milestone)
    plan = planned(plan, load_game(identify_rom(rom).game))
    if VARIANTS[name].alone:
        weights, *minutes = heads_alone(rom, seed, work, STEPS, say)
        standings = None
    else:
        trained = train(rom, work, plan, workers, say)
        weights, standings, minutes = trained.weights, trained.standings, list(trained.minutes)
    games = judged(weights, standings, rom, work, plan.judging, plan.judged_milestone, workers, say)
    return HeadsCell(name, seed, judging.fixes_starter, games, tuple(minutes))


def cell_path(folder: Path, name: str, seed: int, fixes_starter: bool) -> Path:
    return folder / f"{name}-{seed}-{'fixed' if fixes_starter else 'free'}.json"


def write_cell(folder: Path, cell: HeadsCell) -> None:
    """Whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    with written_aside(cell_path(folder, cell.variant, cell.seed, cell.fixes_starter)) as aside:
        aside.write_text(json.dumps(asdict(cell)), encoding="utf-8")


def read_cells(folder: Path) -> list[HeadsCell]:
    """All that were measured so far."""
    known = TypeAdapter(HeadsCell)
    return [known.validate_json(path.read_bytes()) for path in sorted(folder.glob("*-*-*.json"))]


def table(cells: Sequence[HeadsCell], fixes_starter: bool) -> str:
    """Markdown: a row for each player of each variant; games of all seeds are pooled. "" without a cell."""
    of_table = [cell for cell in cells if cell.fixes_starter is fixes_starter]
    rules = [game for cell in of_table for game in cell.games if game.player == JudgedPlayer.RULES]
    base = score_of(rules).median_steps if rules else None
    lines = [
        "| training | who plays | seeds | reached (95 %) | median steps (95 %) | of the rules' | longest stay | "
        "by rules |"
    ]
    lines.append("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name, variant in VARIANTS.items():
        of_variant = [cell for cell in of_table if cell.variant == name]
        for player in variant.players:
            games = [game for cell in of_variant for game in cell.games if game.player == player]
            if not games:
                continue
            score = score_of(games)
            low, high = score.interval
            share = "" if base is None or score.median_steps is None else f"{score.median_steps / base:.2f}"
            reached = f"{score.reached} of {score.games} ({low:.0%} to {high:.0%})"
            median = median_steps(games) + median_interval(games)
            who = TITLES.get(player, player.value)
            lines.append(
                f"| {variant.title} | {who} | {len(of_variant)} | {reached} | {median} | {share} | "
                f"{score.longest_stay} | {score.taught} |"
            )
    return "\n".join(lines) if len(lines) > 2 else ""


def write(cells: Sequence[HeadsCell], docs: Path = DOCS) -> None:
    """Both tables between the marks of `hybrid.md`, all cells into `docs/data/hybrid_heads.json`."""
    (docs / "data" / "hybrid_heads.json").write_text(json.dumps([asdict(cell) for cell in cells]), encoding="utf-8")
    page = docs / "hybrid.md"
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    tables = [shown for fixed in (True, False) if (shown := table(cells, fixed))]
    told = ["", "Each with its own starter:", ""]
    page.write_text(
        f"{before}{BEGIN}\n" + "\n".join(told).join(tables) + f"\n{END}{rest.split(END, 1)[1]}", encoding="utf-8"
    )


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, or 2 after one line that says what is wrong with ROM or config."""
    return run_reporting_bad_input(partial(run, parse_arguments(arguments)))


def parse_arguments(arguments: list[str] | None) -> argparse.Namespace:
    """The command line; paths in it are relative to the working directory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--variants", nargs="+", choices=tuple(VARIANTS), default=tuple(VARIANTS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--games", type=int, default=20, help="games of each player")
    parser.add_argument("--free-starter", action="store_true", help="each player takes its own")
    parser.add_argument("--config", type=Path, default=CONFIG, help="ROM, horizon and end of a game")
    parser.add_argument("--work", type=Path, default=WORK, help="what the stages made")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--write", action="store_true", help="tables into the docs, when all is measured")
    return parser.parse_args(arguments)


def run(arguments: argparse.Namespace) -> None:
    """Measures what is missing."""
    settings = load_settings(arguments.config)
    fixes = not arguments.free_starter
    judging = Judging(arguments.games, settings.max_steps_per_episode, fixes_starter=fixes)
    for seed in arguments.seeds:
        for name in arguments.variants:
            if not cell_path(arguments.out, name, seed, fixes).exists():
                rom = Path(settings.rom_path)
                final = settings.final_milestone or first_badge(load_game(identify_rom(rom).game)).id
                cell = measure(name, seed, judging, rom, final, arguments.work, arguments.workers)
                write_cell(arguments.out, cell)
    cells = read_cells(arguments.out)
    print("\n\n".join(shown for fixed in (True, False) if (shown := table(cells, fixed))))
    if arguments.write:
        write(cells)


if __name__ == "__main__":
    sys.exit(main())
