"""What a run came to, once and for all: the documented summary dict, as a file and as a table.

Keys beyond the documented ones: `run` (its name in the decision record), `interrupted`, `duration_s`, `steps_per_s`,
`learner_updates`, `advice_failures` (kind to number of questions that the language model's manager failed, its own
counts aside), `language_model` (calls, cache hits, tokens, dollars, latencies, failures by kind; None without
one), `source_shares`, `milestones` (name to number of training episodes), `evaluation_by_mode` and
`evaluation_untrained` (the policy alone before its first update; None when that was interrupted). Everything but the
evaluations is live training, where the teacher helps and the policy still changes: only evaluations are results.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table

from agents.llm.meter import MeterReading
from core.vocabulary import AgentMode, Source
from trainer.checkpoints.durable_files import write_text_atomically
from trainer.curriculum import Curriculum
from trainer.evaluation.evaluator import EvaluationResult
from trainer.play.tally import RunTally
from trainer.run.progress import duration

FILE_NAME = "training_summary.json"


def training_summary(
    tally: RunTally,
    curriculum: Curriculum,
    evaluations: Mapping[AgentMode, EvaluationResult],
    *,
    untrained: Mapping[str, Any] | None,
    mode: AgentMode,
    strategy_switches: int,
    learner_updates: int,
    language_model: MeterReading | None,
    advice_failures: Mapping[str, int],
    run: str,
    interrupted: bool,
) -> dict[str, Any]:
    """The documented summary. `evaluations` is by agent mode; that of `mode` is the `final_evaluation`.

    Values that do not exist are None: rewards before the first finished episode, and the four values of
    `final_evaluation` when the run was interrupted before its evaluation.
    """
    nothing = {"avg_reward": None, "std_reward": None, "avg_length": None, "avg_llm_usage": None}
    by_mode = {done.value: result.as_dict() for done, result in evaluations.items()}
    return {
        "total_episodes": tally.episodes,
        "total_steps": tally.steps,
        "best_reward": tally.best_reward,
        "final_avg_reward": tally.recent_reward,
        "curriculum_stage_reached": curriculum.highest_stage,
        "curriculum_advancements": curriculum.advancements,
        "strategy_switches": strategy_switches,
        "final_evaluation": by_mode.get(mode.value, nothing),
        "avg_episode_length": tally.episode_length,
        "avg_llm_usage": tally.source_share(Source.LLM),
        "run": run,
        "interrupted": interrupted,
        "duration_s": tally.seconds,
        "steps_per_s": tally.steps / tally.seconds if tally.seconds else None,
        "learner_updates": learner_updates,
        "advice_failures": dict(advice_failures),
        "language_model": None if language_model is None else asdict(language_model),
        "source_shares": {source.value: tally.source_share(source) for source in Source},
        "milestones": dict(tally.milestones),
        "evaluation_by_mode": by_mode,
        "evaluation_untrained": None if untrained is None else dict(untrained),
    }


def write_summary(summary: Mapping[str, Any], save_dir: Path) -> Path:
    """Writes the summary as JSON into the save directory, replacing the last one as a whole."""
    path = save_dir / FILE_NAME
    write_text_atomically(path, json.dumps(summary, indent=2, allow_nan=False) + "\n")
    return path


def summary_table(summary: Mapping[str, Any]) -> RenderableType:
    """The summary for people: evaluations first, live training after them."""
    results = Table(
        title="Evaluation: frozen agent, new games, unseen seeds",
        title_justify="left",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for heading in ("mode", "reward", "to the end", "milestones", "steps", "in loops", "model"):
        results.add_column(
            heading, justify="left" if heading == "mode" else "right", no_wrap=heading in ("mode", "reward")
        )
    evaluations = dict(summary["evaluation_by_mode"])
    if summary["evaluation_untrained"] is not None:
        evaluations["untrained"] = summary["evaluation_untrained"]
    for name, result in evaluations.items():
        results.add_row(
            name if name == "untrained" else result.get("label", name),
            f"{result['avg_reward']:.2f} ± {result['std_reward']:.2f}",
            f"{result['success_rate']:.0%} of {result['episodes']}",
            f"{result['avg_milestones']:.1f}",
            f"{result['avg_length']:.0f}",
            f"{result['loop_share']:.1%}",
            f"{result['avg_llm_usage']:.0%}",
        )
    training = Table(title="Training", title_justify="left", show_header=False)
    training.add_column(style="dim")
    training.add_column(justify="right")
    shares = ", ".join(f"{name} {share:.0%}" for name, share in summary["source_shares"].items())
    for name, value in (
        ("episodes", f"{summary['total_episodes']:,}" + (" (interrupted)" if summary["interrupted"] else "")),
        ("steps", f"{summary['total_steps']:,}"),
        ("time", duration(summary["duration_s"])),
        ("steps per second", _plain(summary["steps_per_s"], 0)),
        ("best reward", _plain(summary["best_reward"])),
        ("mean reward at the end", _plain(summary["final_avg_reward"])),
        ("mean episode length", _plain(summary["avg_episode_length"], 0)),
        ("decided by", shares),
        ("curriculum stage reached", f"{summary['curriculum_stage_reached'] + 1}"),
        ("curriculum advancements", str(summary["curriculum_advancements"])),
        ("strategy switches", str(summary["strategy_switches"])),
        ("policy updates", str(summary["learner_updates"])),
        *_language_model_rows(summary["language_model"]),
        *_failure_rows("failures of its advice", summary["advice_failures"]),
        ("milestones reached", str(len(summary["milestones"]))),
    ):
        training.add_row(name, value)
    return Group(results, training) if summary["evaluation_by_mode"] else training


def _language_model_rows(reading: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    if reading is None:
        return []
    return [
        (
            "language model asked",
            f"{reading['asks']:,} times, {reading['answers']:,} answered in time, {reading['calls']:,} of all anew",
        ),
        ("language model's tokens", f"{reading['prompt_tokens']:,} in, {reading['completion_tokens']:,} out"),
        (
            "language model's cost",
            f"${reading['cost_usd']:.4f}, half of the answers within {reading['latency_p50_s']:.3f} s",
        ),
        *_failure_rows("language model's failures", reading["failures"]),
    ]


def _failure_rows(title: str, failures: Mapping[str, int]) -> list[tuple[str, str]]:
    return [(title, ", ".join(f"{count} {kind}" for kind, count in failures.items()))] if failures else []


def _plain(value: float | None, digits: int = 2) -> str:
    return "none" if value is None else f"{value:,.{digits}f}"
