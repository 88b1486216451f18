"""The campaign's command line: a table of what was tried and held; exit code 1 when something did not hold."""

from __future__ import annotations

import argparse
import json
import logging
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tests.campaign.campaign import Outcome, run_campaign
from tests.campaign.kinds import KINDS, Kind


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    names = [kind.name for kind in KINDS]
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description="Try faults on purpose.")
    time = parser.add_mutually_exclusive_group()
    time.add_argument("--minutes", type=float, help="for all kinds together (default: 10)")
    time.add_argument("--seconds", type=float, help="the same in seconds")
    parser.add_argument("--trials", type=int, help="at most so many of each kind; without a time, just so many")
    parser.add_argument("--seed", type=int, default=1, help="of the first trial of each kind; the next has one more")
    parser.add_argument("--only", action="append", choices=names, help="this kind; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers and faults to this file, too")
    return parser.parse_args(arguments)


def time_of(arguments: argparse.Namespace) -> float:
    """In seconds."""
    if arguments.seconds is not None:
        return arguments.seconds
    if arguments.minutes is None and arguments.trials is not None:
        return float("inf")
    return 60.0 * (10.0 if arguments.minutes is None else arguments.minutes)


def table_of(outcomes: Sequence[Outcome], now: Kind | None = None) -> Table:
    """A row per kind; the kind that is tried now is marked."""
    table = Table("kind", "promise", title="Fault campaign", title_justify="left")
    for name in ("tried", "held", "s"):
        table.add_column(name, justify="right")
    for one in outcomes:
        style = "red" if one.held < one.tried else "bold" if one.kind is now else ""
        numbers = (str(one.tried), str(one.held), f"{one.seconds:.0f}")
        table.add_row(one.kind.name, one.kind.promise, *numbers, style=style)
    table.add_section()
    sums = (sum(one.tried for one in outcomes), sum(one.held for one in outcomes), sum(one.seconds for one in outcomes))
    table.add_row("all", "", str(sums[0]), str(sums[1]), f"{sums[2]:.0f}")
    return table


def repeat_command(kind: Kind, seed: int) -> str:
    return shlex.join(["python", "-m", "tests.campaign", "--only", kind.name, "--seed", str(seed), "--trials", "1"])


def as_json(outcomes: Sequence[Outcome], seed: int) -> dict[str, Any]:
    kinds = [
        {
            "kind": one.kind.name,
            "tried": one.tried,
            "held": one.held,
            "seconds": round(one.seconds, 1),
            "faults": [{"seed": of_trial, "fault": fault} for of_trial, fault in one.faults],
        }
        for one in outcomes
    ]
    return {"seed": seed, "kinds": kinds}


def main(arguments: Sequence[str] | None = None, kinds: Sequence[Kind] = KINDS) -> int:
    """The exit code: 0 when everything held."""
    asked = parse_arguments(arguments)
    logging.getLogger().addHandler(logging.NullHandler())  # warnings of the product are wanted here
    chosen = [kind for kind in kinds if asked.only is None or kind.name in asked.only]
    console = Console()
    with Live(console=Console(stderr=True), transient=True, auto_refresh=False, redirect_stderr=False) as live:

        def show(outcomes: Sequence[Outcome], kind: Kind) -> None:
            if live.console.is_terminal:
                live.update(table_of(outcomes, kind), refresh=True)

        outcomes = run_campaign(chosen, asked.seed, seconds=time_of(asked), trials=asked.trials, show=show)
    console.print(table_of(outcomes))
    for one in outcomes:
        for seed, fault in one.faults:
            console.print(Text(f"{one.kind.name}: {fault}\n  {repeat_command(one.kind, seed)}"), soft_wrap=True)
    if asked.json is not None:
        asked.json.write_text(json.dumps(as_json(outcomes, asked.seed), indent=2) + "\n", encoding="utf-8")
    return 0 if all(one.held == one.tried > 0 for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
