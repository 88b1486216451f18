"""The model card: what the pocket model is, how it was made, how good it is, and its limits."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict, dataclass
from pathlib import Path

from agents.llm.small_model import ModelShape
from trainer.pocket.calibrate import Reliability
from trainer.pocket.collect import HABITS, CollectionSettings
from trainer.pocket.fit import FitSettings
from trainer.pocket.judge import GameOutcome
from trainer.pocket.text_worlds import MOST_OPTIONS, WorldScore

RELIABILITY_PLOT = "reliability.png"
LONGEST_LINE = 120


@dataclass(frozen=True, slots=True)
class Report:
    """All measurements from the making of the model."""

    seed: int
    rom_sha256: str
    data_fingerprint: str
    examples: int
    held_out_examples: int
    parameters: int
    shape: ModelShape
    collection: CollectionSettings
    fit: FitSettings
    temperature: float
    reliability: Reliability
    agreement: dict[str, tuple[float, int]]
    """Share of held-out choices that are the rules' choices, and the number of choices, by situation."""
    games: tuple[GameOutcome, ...]
    rule_games: tuple[GameOutcome, ...]
    """The same seeds played by the rules alone."""
    worlds: tuple[WorldScore, ...]
    minutes: float


def write_card(folder: Path, report: Report) -> None:
    """`README.md` for people and `report.json` for programs, beside the weights."""
    (folder / "report.json").write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(_card(report), encoding="utf-8")


def wrapped(text: str, *, item: bool = False) -> list[str]:
    """A paragraph, or an item of a list, as lines of Markdown."""
    return textwrap.wrap(
        text,
        LONGEST_LINE,
        initial_indent="- " if item else "",
        subsequent_indent="  " if item else "",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _games(games: tuple[GameOutcome, ...]) -> str:
    milestones = sorted(len(game.milestones) for game in games)
    badges = sum(game.badges > 0 for game in games)
    finished = sum(game.finished for game in games)
    asks, steps = sum(game.asks for game in games), sum(game.steps for game in games)
    return (
        f"the first badge in {badges} of {len(games)} games, the end in {finished}, {milestones[len(milestones) // 2]} "
        f"milestones in the median; {100 * asks / steps:.1f} questions per 100 steps"
    )


def _card(report: Report) -> str:
    shape, fitting, collection = report.shape, report.fit, report.collection
    agreement = [f"| {situation} | {share:.1%} | {count} |" for situation, (share, count) in report.agreement.items()]
    bins = [f"| {one.confidence:.2f} | {one.right:.2f} | {one.count} |" for one in report.reliability.bins]
    worlds = [f"| {one.world} | {one.solved:.0%} | {one.solved_by_chance:.0%} |" for one in report.worlds]
    habits = ", ".join(f"{habit.random_options:.0%}/{habit.random_buttons:.0%}" for habit in HABITS)
    lines = [
        *("---", "license: mit", "library_name: transformers", "pipeline_tag: text-generation", "---"),
        "# The pocket model",
        "",
        *wrapped(
            f"A causal language model of {report.parameters:,} parameters (Qwen3 architecture, {shape.layers} layers, "
            f"width {shape.width}, at most {shape.vocabulary:,} tokens) that chooses among listed options in the "
            "role-playing game Fernvale and in this project's text worlds. It was trained from random weights, on text "
            "of these games; no other data and no other model went into it."
        ),
        "",
        "## Use",
        *wrapped(
            '`"llm_model": "pocket"` in `config.json`. It loads with `AutoModelForCausalLM` like any other model, but '
            "is meant to *score* options (`agents/llm/scoring.py`), not to write."
        ),
        "",
        "## How it was made",
        f"`python -m trainer.pocket` makes it again; this one took {report.minutes:.0f} minutes (seed {report.seed}).",
        "",
        *wrapped(
            f"Data: {report.examples:,} different questions from {collection.games} games of Fernvale (ROM SHA-256 "
            f"`{report.rom_sha256[:16]}...`), game seeds from {collection.first_seed:,} on. The answers are what the "
            "project's rules would do. In turn, games draw these shares of options/buttons at random: "
            f"{habits}.",
            item=True,
        ),
        f"- Of each text world {collection.problems_per_world} problems, one answer of {MOST_OPTIONS} right.",
        f"- Fingerprint of the data: `{report.data_fingerprint}`.",
        *wrapped(
            f"Training: {fitting.steps:,} steps of {fitting.batch} questions with AdamW; the loss is the cross-entropy "
            "of the chosen option among the listed ones.",
            item=True,
        ),
        f"- Calibration: one temperature, {report.temperature:.2f}, fitted on games that were not trained on.",
        "",
        "## How good it is",
        f"On {report.held_out_examples:,} questions of other games it chooses as the rules would in "
        f"{report.reliability.accuracy:.1%} of the cases:",
        "",
        *("| situation | as the rules | questions |", "|---|---|---|", *agreement),
        "",
        *wrapped(
            f"Choosing every option itself, in new games of at most {collection.steps_per_game:,} steps: "
            f"{_games(report.games)}. The rules on the same seeds: {_games(report.rule_games)}."
        ),
        "",
        *wrapped(
            f"Text worlds, {report.worlds[0].problems} new problems each, every answer of every role chosen among at "
            f"most {MOST_OPTIONS} listed ones:"
        ),
        "",
        *("| world | solved | solved by chance |", "|---|---|---|", *worlds),
        "",
        f"Its confidence (expected calibration error {report.reliability.expected_calibration_error:.3f}):",
        "",
        *("| mean confidence | share right | questions |", "|---|---|---|", *bins),
        "",
        f"![Confidence and share of right choices]({RELIABILITY_PLOT})",
        "",
        "## What it cannot do",
        *wrapped(
            "It knows Fernvale's places, people and creatures, and no other game: in Pokemon Crystal its choices are "
            "worth no more than chance. It imitates rules, so it does not know more than they do. In the text worlds "
            "it picks answers; it does not find them: it was never asked to write one. It does not converse, and what "
            "it generates freely makes no sense."
        ),
    ]
    return "\n".join(lines) + "\n"
