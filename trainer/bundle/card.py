"""The card of the bundled policy: what it is, how it was made, how it plays, and what it cannot do."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path

from trainer.bundle.collect import STRAYINGS, BundleCollection
from trainer.bundle.dagger import Aggregation
from trainer.bundle.fit import CloningSettings
from trainer.bundle.judge import HeadGame, Judging, PlayerScore
from trainer.bundle.option_learning import LearningRound, OptionLearning
from trainer.bundle.residual_learning import ResidualLearning, ResidualReport
from trainer.bundle.situations import TakingTurns
from trainer.pocket.card import wrapped

STAGE_NAMES = (
    "games by the rules",
    "cloning",
    "own segments",
    "learning options",
    "correcting values",
    "taking turns",
    "judging",
)
REPORT_FILE, CARD_FILE = "report.json", "README.md"


@dataclass(frozen=True, slots=True)
class BundleReport:
    """All measurements from the making of the policy."""

    seed: int
    game: str
    rom_sha256: str
    final_milestone: str
    labelled_steps: int
    labelled_choices: int
    button_parameters: int
    option_parameters: int
    collection: BundleCollection
    cloning: CloningSettings
    aggregation: Aggregation
    options: OptionLearning
    judging: Judging
    press_agreement: float
    """Share of steps of a game that was not trained on in which the likeliest press is the rules'."""
    end_agreement: float
    choice_agreement: float
    """Of the choices, with the rules' value and rank to be seen."""
    blind_choice_agreement: float
    rounds: tuple[LearningRound, ...]
    """Of learning to choose options."""
    scores: tuple[PlayerScore, ...]
    games: tuple[HeadGame, ...]
    minutes: tuple[float, ...]
    """Wall time of each stage in this call; what was there from an earlier call takes none."""
    residual: ResidualLearning = field(default_factory=ResidualLearning)
    corrections: ResidualReport = field(default_factory=ResidualReport)
    """Of the rules' values."""
    without_maps: tuple[str, ...] = ()
    """Maps that were held out of training."""
    opening: BundleCollection | None = None
    """Further games by the rules; where they end, those of `scores` do."""
    turns: TakingTurns = field(default_factory=TakingTurns)
    whole_judging: Judging | None = None
    whole_scores: tuple[PlayerScore, ...] = ()
    """Of games to `final_milestone`."""
    whole_games: tuple[HeadGame, ...] = ()

    @property
    def judged_milestone(self) -> str:
        """Where the games of `scores` end."""
        opening = self.opening
        return self.final_milestone if opening is None else opening.final_milestone or ""


def write_bundle_card(folder: Path, report: BundleReport) -> None:
    """`README.md` for people and `report.json` for programs, beside the weights."""
    (folder / REPORT_FILE).write_text(json.dumps(asdict(report), indent=1) + "\n", encoding="utf-8")
    (folder / CARD_FILE).write_text(_card(report), encoding="utf-8")


def score_table(scores: tuple[PlayerScore, ...]) -> list[str]:
    """Lines of a Markdown table."""
    lines = [
        "| who plays | reached (95 %) | median steps | milestones | longest stay | by rules: field, choices | CPU s |"
    ]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    for one in scores:
        low, high = one.interval
        median = "not reached" if one.median_steps is None else f"{one.median_steps:,.0f}"
        lines.append(
            f"| {one.player} | {one.reached} of {one.games} ({low:.0%} to {high:.0%}) | {median} | "
            f"{one.mean_milestones:.1f} | {one.longest_stay} | {one.taught} | {one.cpu_s_per_1000_steps:.1f} |"
        )
    return lines


def _aggregated(report: BundleReport) -> list[str]:
    """What the heads learned from their own play."""
    aggregation = report.aggregation
    if not aggregation.rounds:
        return []
    return wrapped(
        f"Own play: {aggregation.rounds} rounds of {aggregation.segments} segments from save states at milestones, "
        f"held by both heads and labelled by the rules; then all lessons again, {aggregation.epochs:g} epochs.",
        item=True,
    )


def _strayings(collection: BundleCollection) -> str:
    """Shares of presses and choices, game by game."""
    shares = (collection.straying(game) for game in range(len(STRAYINGS)))
    return ", ".join(f"{100 * one.presses:.3g}%/{100 * one.choices:.3g}%" for one in shares)


def _varied(cloning: CloningSettings) -> str:
    """In what other guise the button head saw its lessons."""
    told = ""
    if cloning.recoded_share:
        told += (
            f" In {cloning.recoded_share:.0%} of the button head's steps the codes of places, of options, of words and "
            "the milestones are drawn anew, each of the four for itself."
        )
    if cloning.turned_share:
        told += f" {cloning.turned_share:.0%} of its walks are turned by a quarter or mirrored."
    if cloning.balanced_share:
        told += f" {cloning.balanced_share:.0%} of its steps are drawn from all kinds of situations alike."
    return told


def _whole_games(report: BundleReport) -> list[str]:
    """What whole games came to."""
    if report.whole_judging is None or not report.whole_scores:
        return []
    return [
        "",
        *wrapped(
            f"The same in new games of at most {report.whole_judging.steps_per_game:,} steps to "
            f"`{report.final_milestone}`. In the hybrid rules or heads choose and press, whoever did better in such "
            f"a situation in {report.turns.games} games of taking turns."
        ),
        "",
        *score_table(report.whole_scores),
    ]


def _learned(report: BundleReport) -> list[str]:
    """What the option head learned from its own choices."""
    learning, rounds = report.options, report.rounds
    if not rounds:
        return []
    return wrapped(
        f"Options: {len(rounds)} rounds of MaskablePPO on {learning.games} new games and {learning.groups} times "
        f"{learning.branches} branches each, {sum(one.steps for one in rounds):,} steps in all, the button head as it "
        f"is. A game took {rounds[0].mean_steps:,.0f} steps in the first round and {rounds[-1].mean_steps:,.0f} in the "
        "last, with much drawn at random.",
        item=True,
    )


def _corrected(report: BundleReport) -> list[str]:
    """What was learned on top of the rules' values."""
    found, learning = report.corrections, report.residual
    if not found.rounds:
        return []
    rules, own = (statistics.median(steps for steps, _ in games) for games in (found.rules, found.found))
    verdict = "and are part of the policy" if found.is_taken else "which is not enough: they are not part of it"
    return wrapped(
        f"Corrections of the rules' values: {len(found.steps_of_traits)} weights from what "
        f"{found.rounds[-1].choices:,} choices on the way cost, {found.rounds[-1].deviating:,} of them not the rules', "
        f"in {len(found.rounds)} rounds of {learning.games} new games, {found.steps:,} steps in all with judging. In "
        f"{len(found.found)} further games of the training their median is {own:,.0f} steps, that of the rules "
        f"{rules:,.0f}, {verdict}.",
        item=True,
    )


def _card(report: BundleReport) -> str:
    collection, opening, cloning, judging = report.collection, report.opening, report.cloning, report.judging
    played = f"{collection.games} games by the rules to `{report.final_milestone}`" + (
        "" if opening is None else f" and {opening.games} to `{opening.final_milestone}`"
    )
    shares = ", ".join(f"{took:.1f} of {stage}" for stage, took in zip(STAGE_NAMES, report.minutes, strict=True))
    lines = [
        "# The bundled policy",
        "",
        *wrapped(
            f"Two networks that play {report.game}: a button head of {report.button_parameters:,} weights, which "
            "presses for an option and tells when it is over, and an option head of "
            f"{report.option_parameters:,} weights, which chooses among the options that the rules list."
        ),
        "",
        "## Use",
        *wrapped(
            "`crystal-agent evaluate --checkpoint bundled`. Mode `adaptive` (the hybrid): the rules list the options "
            "and value them, what was learned corrects the values and so chooses (or a language model does), the "
            "button head presses every button. Mode `rl_only`: both heads; the rules list the options and find the "
            "way that leads to one, and choose nothing."
        ),
        "",
        "## How it was made",
        f"`python -m trainer.bundle` makes it again; this took {sum(report.minutes):.0f} minutes (seed {report.seed}):",
        *wrapped(
            f"Minutes: {shares}, on two cores that others used; what was there from before takes none.",
            item=True,
        ),
        *wrapped(
            f"Data: {report.labelled_steps:,} labelled steps and {report.labelled_choices:,} choices among several "
            f"options, from {played} (ROM SHA-256 `{report.rom_sha256[:16]}...`, seeds of training drawn from "
            f"{collection.run_seed}). In turn, games draw these shares of presses/choices at random: "
            f"{_strayings(collection)}"
            + ("" if opening is None else f"; those to `{opening.final_milestone}`: {_strayings(opening)}")
            + ". The label is always what the rules would do.",
            item=True,
        ),
        *wrapped(
            f"Cloning: {cloning.button_epochs:g} epochs of the button head, {cloning.option_epochs:g} of the option "
            f"head, AdamW. In {cloning.hidden_prior_share:.0%} of the choices the rules' value and rank are hidden."
            + _varied(cloning),
            item=True,
        ),
        *_aggregated(report),
        *_learned(report),
        *_corrected(report),
        "",
        "## How good it is",
        *wrapped(
            f"In a game that it was not trained on it presses as the rules in {report.press_agreement:.1%} of the "
            f"steps, ends options as they do in {report.end_agreement:.1%}, chooses as they do in "
            f"{report.choice_agreement:.1%} of the choices, and in {report.blind_choice_agreement:.1%} where their "
            "value and rank are hidden."
        ),
        "",
        *wrapped(
            f"New games of at most {judging.steps_per_game:,} steps to `{report.judged_milestone}` on seeds that no "
            "training met, fixed frame cost; shares with Wilson's interval, games that did not get there count as "
            "slower than all others. The longest stay is the most steps within 100 with the same press in the same "
            "state while the game waits for one. By rules: the mean share of a game that the rules decided, of the "
            "steps on the field and of the choices. CPU s: for 1,000 steps. "
            + (
                "All players begin a game with the same starter, the three in turn."
                if judging.fixes_starter
                else "Rules and button head begin with the starter that the rules of that game take; the policy alone "
                "chooses its own."
            )
        ),
        "",
        *score_table(report.scores),
        *_whole_games(report),
        "",
        "## What it cannot do",
        *wrapped(
            f"It has seen {report.game} to `{report.final_milestone}` and nothing else: beyond that, and in another "
            "game, it is a guess. Its presses imitate the rules'. The rules still list the options, find the routes "
            "and name what is bought next; without them it does not play. It was trained and judged on the same maps."
        ),
    ]
    return "\n".join(lines) + "\n"
