"""Makes the bundled policy, from play to card, in minutes on two cores. Each stage goes on where a kill left it."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

from agents.heads.options.residual import RESIDUAL_FILE
from agents.heads.saved_heads import STANDINGS_FILE, WEIGHTS_FILE, load_heads
from core.game.game_data import load_game
from core.game.profile import identify_rom
from core.whole_files import written_aside
from trainer.bundle.card import CARD_FILE, REPORT_FILE, BundleReport, write_bundle_card
from trainer.bundle.collect import play_by_rules
from trainer.bundle.fit import button_agreement, option_agreement
from trainer.bundle.judge import scores_of
from trainer.bundle.plan import BundlePlan, planned
from trainer.bundle.situations import Say
from trainer.bundle.stages import STAGES, StageClock, TrainedHeads, judged, train

HELD_OUT_SEED = 101
"""Draws the game for agreement."""


def make(out: Path, rom_path: Path, work: Path, plan: BundlePlan, workers: int, say: Say) -> BundleReport:
    """Makes a policy and writes it with its card to `out`. What is done is kept in `work`; the same call goes on there.

    Raises the errors of the parts, EnvironmentError for a ROM that cannot be used among them.
    """
    game = load_game(identify_rom(rom_path).game)
    plan = planned(plan, game)
    trained = train(rom_path, work, plan, workers, say)
    heads, collection = load_heads(trained.weights), plan.collection
    held_out = play_by_rules(rom_path, replace(collection, run_seed=HELD_OUT_SEED), 0).lessons
    presses, ends = button_agreement(heads.button, held_out)
    choices = option_agreement(heads.option, held_out, shows_prior=True)
    blind = option_agreement(heads.option, held_out, shows_prior=False)
    say(f"as the rules: presses {presses:.1%}, ends {ends:.1%}, choices {choices:.1%}, without prior {blind:.1%}")
    say(f"stage 7 of {STAGES}: judging in {plan.judging.games} new games a player to {plan.judged_milestone}")
    clock = StageClock()
    weights, standings = trained.weights, trained.standings
    badge = plan.judged_milestone
    games, whole_games = judged(weights, standings, rom_path, work, plan.judging, badge, workers, say), ()
    if plan.whole_judging is not None:
        final = collection.final_milestone
        say(f"and in {plan.whole_judging.games} to {final}")
        whole_games = judged(weights, standings, rom_path, work, plan.whole_judging, final, workers, say)
    report = BundleReport(
        seed=plan.seed,
        game=game.name,
        rom_sha256=hashlib.sha256(rom_path.read_bytes()).hexdigest(),
        final_milestone=collection.final_milestone or "",
        labelled_steps=len(trained.lessons),
        labelled_choices=len(trained.lessons.chosen),
        button_parameters=sum(one.numel() for one in heads.button.parameters()),
        option_parameters=sum(one.numel() for one in heads.option.parameters()),
        collection=collection,
        cloning=plan.cloning,
        aggregation=plan.aggregation,
        options=plan.options,
        judging=plan.judging,
        press_agreement=presses,
        end_agreement=ends,
        choice_agreement=choices,
        blind_choice_agreement=blind,
        rounds=trained.rounds,
        residual=plan.residual,
        corrections=trained.residual,
        scores=scores_of(games),
        games=games,
        minutes=(*trained.minutes, clock.minutes()),
        without_maps=plan.without_maps,
        opening=plan.opening,
        turns=plan.turns,
        whole_judging=plan.whole_judging,
        whole_scores=scores_of(whole_games),
        whole_games=whole_games,
    )
    _publish(out, work, trained, report)
    return report


def _publish(out: Path, work: Path, trained: TrainedHeads, report: BundleReport) -> None:
    """Weights, standings, card and report in the place of the old ones, each in one step."""
    out.mkdir(parents=True, exist_ok=True)
    write_bundle_card(work, report)
    files = {WEIGHTS_FILE: trained.weights, REPORT_FILE: work / REPORT_FILE, CARD_FILE: work / CARD_FILE}
    if trained.standings is not None:
        files[STANDINGS_FILE] = trained.standings
    if (residual := trained.weights.with_name(RESIDUAL_FILE)).is_file():
        files[RESIDUAL_FILE] = residual
    for name in {STANDINGS_FILE, RESIDUAL_FILE} - files.keys():
        (out / name).unlink(missing_ok=True)  # of other heads
    for name, source in files.items():
        with written_aside(out / name) as aside:
            shutil.copyfile(source, aside)
            aside.chmod(0o644)  # what was written under a private name is for all users of the package
