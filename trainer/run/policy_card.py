"""A folder with a policy as others get it: the checkpoint's files, which nothing executes, and a card about it.

The card follows the Hugging Face hub's form. Its numbers are those of the run's summary where there is one, each with
the number of games it comes from; without a summary it has none.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from agents.heads.learner import HeadsLearner
from core.exceptions import ConfigurationError
from trainer.checkpoints.checkpoint import CheckpointStore
from trainer.checkpoints.durable_files import write_text_atomically
from trainer.evaluation.intervals import wilson_interval
from trainer.run.frozen_policy import FrozenPolicy
from trainer.run.summary import FILE_NAME

CARD: Final = "README.md"
_ARTICLE: Final = """
# A policy for {title}

Trained by crystal-hybrid: {kind}. In training a language model
and rules acted beside it; here it is frozen.

| | |
| --- | --- |
| game | {title}, {revision}, SHA-1 `{sha1}` |
| observation | `{observation}` |
| episodes of training | {episodes} |
| policy updates | {updates} |
| ends with | `{milestone}`, or after {max_steps} steps |

## What it reaches
{results}

## How to use it
Put the files into a folder `policy` and name it as the checkpoint, with the config of the run:

```sh
crystal-agent evaluate --config config.json --checkpoint policy --mode rl_only --episodes 20
{export}```

The files are safetensors and JSON with a manifest of SHA-256 sums: nothing in them is executed when they are loaded.
The cartridge is not among them. Settings of the run are in `manifest.json`.
"""
_SB3: Final = """a Stable-Baselines3 actor-critic (sb3-contrib's `MaskablePPO` network, `{network}`) that
chooses one of nine buttons at every step, from numbers and a map that are read from RAM"""
_HEADS: Final = """one network chooses among the options that rules list, another presses the buttons for it, from
numbers, words and a map that are read from RAM"""
_EXPORT: Final = (
    "crystal-agent policy sb3 policy.zip --config config.json --checkpoint policy   # for MaskablePPO.load\n"
)
_NO_RESULTS: Final = "No evaluation of this run was kept: `crystal-agent evaluate` makes one."


def pack_policy(policy: FrozenPolicy, store: CheckpointStore, checkpoint: str, folder: Path) -> None:
    """Writes the folder. Raises ConfigurationError where it exists."""
    if folder.exists():
        raise ConfigurationError(f"{folder} exists already; name a folder that does not")
    shutil.copytree(store.find(checkpoint), folder)
    summary_file = store.directory / FILE_NAME
    summary = json.loads(summary_file.read_text(encoding="utf-8")) if summary_file.is_file() else None
    write_text_atomically(folder / CARD, policy_card(policy, summary))


def policy_card(policy: FrozenPolicy, summary: Mapping[str, Any] | None) -> str:
    """The card: YAML for the hub, then Markdown for people."""
    from huggingface_hub import ModelCardData

    settings = policy.snapshot.settings
    has_heads = isinstance(policy.learner, HeadsLearner)
    evaluations = {} if summary is None else summary["evaluation_by_mode"]
    data = ModelCardData(
        library_name="stable-baselines3",
        license="mit",
        pipeline_tag="reinforcement-learning",
        tags=["reinforcement-learning", "game-boy", "crystal-hybrid", policy.rom.name],
    )
    article = _ARTICLE.format(
        title=policy.rom.game.title,
        revision=policy.rom.revision,
        sha1=policy.rom.sha1,
        kind=_HEADS if has_heads else _SB3.format(network=settings["learner"]["network"]),
        export="" if has_heads else _EXPORT,
        observation=settings["observation_type"],
        episodes=policy.snapshot.episode,
        updates=policy.learner.updates,
        milestone=settings["final_milestone"] or "the end of the game",
        max_steps=settings["max_steps_per_episode"],
        results=_results(evaluations) if evaluations else _NO_RESULTS,
    )
    return f"---\n{data.to_yaml()}\n---\n{article}"


def _results(evaluations: Mapping[str, Mapping[str, Any]]) -> str:
    """A table by who may act: this policy is `rl_only`, the others are there to compare."""
    lines = [
        "New games on seeds that training never saw. This policy alone is `rl_only`.",
        "",
        "| who acts | games | reward | reached the end (95 % Wilson interval) | milestones | steps |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for mode, result in evaluations.items():
        games = result["episodes"]
        low, high = wilson_interval(round(result["success_rate"] * games), games)
        lines.append(
            f"| {result.get('label', mode)} | {games} | {result['avg_reward']:.2f} ± {result['std_reward']:.2f} | "
            f"{result['success_rate']:.0%} ({low:.0%} to {high:.0%}) | {result['avg_milestones']:.1f} | "
            f"{result['avg_length']:.0f} |"
        )
    return "\n".join(lines)
