"""A saved team's roles trained further by TRL's GRPOTrainer (Hugging Face), in this process, on a processor or a GPU.

TRL compares `num_generations` answers to one row of a data set, so a row is one of AT-GRPO's groups (`group_rows.py`),
and its reward function plays each answer in the world. TRL scales advantages as `advantage_scaling` says, under the
same three words. Each policy learns from the rows of its roles; new rows are grown with the team that comes out.

    crystal-agent team trl runs/plan_path/model_20 --steps 20 --out runs/trl
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents.text.team import load_team, save_team
from core.exceptions import CheckpointError
from core.extras import needs_extra
from core.worlds.base import FIRST_TRAINING_SEED
from trainer.at_grpo.group_rows import GroupRow, grown_rows, score
from trainer.at_grpo.settings import ATGRPOSettings, settings_saved

TEAM = "team"
"""The folder of the trained team below the output folder."""


@dataclass(frozen=True, slots=True)
class TrainedPolicy:
    """What TRL logged of one policy, step by step."""

    name: str
    rows: int
    rewards: tuple[float, ...]
    """Mean over the answers of a step."""
    losses: tuple[float, ...]
    gradient_norms: tuple[float, ...]


def train_with_trl(
    model_path: Path, out: Path, problems: int, steps: int, say: Callable[[str], None] = lambda line: None
) -> list[TrainedPolicy]:
    """Train every policy of a saved team for `steps` optimizer steps, and save the team to `out`/team.

    Raises MissingExtraError without TRL, CheckpointError when `model_path` is no team or one of adapters (TRL would
    have to own the base that they share).
    """
    with needs_extra("training with TRL"):
        from datasets import Dataset
        from trl.trainer.grpo_trainer import GRPOTrainer
    from transformers import PrinterCallback, TrainerCallback

    class Progress(TrainerCallback):
        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if logs and "reward" in logs:
                say(f"step {state.global_step} of {steps}: mean reward {float(logs['reward']):.3f}")

    team, notes = load_team(model_path)
    if any(policy.adapter is not None for policy in team.policies.values()):
        raise CheckpointError(
            f"{model_path} is a team of adapters on one base, which TRL cannot train side by side: train a team of "
            "specialisation shared or full, or use verl"
        )
    settings = settings_saved(notes, model_path)
    world = settings.make_world()
    rows = grown_rows(world, team, settings, range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + problems))
    trained: list[TrainedPolicy] = []
    for name, policy in team.policies.items():
        mine = [row for row in rows if row.role in team.roles_of(name)]
        trainer: Any = GRPOTrainer(
            model=policy.model,
            reward_funcs=[reward],
            args=_arguments(settings, out / name, steps),
            train_dataset=Dataset.from_list([trl_row(row) for row in mine]),
            processing_class=policy.tokenizer,
        )
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(Progress())
        say(f"{name}: {len(mine)} rows")
        trainer.train()
        log = [entry for entry in trainer.state.log_history if "reward" in entry]
        numbers = [tuple(float(entry[key]) for entry in log) for key in ("reward", "loss", "grad_norm")]
        trained.append(TrainedPolicy(name, len(mine), *numbers))
    out.mkdir(parents=True, exist_ok=True)
    save_team(team, out / TEAM, {**notes, "trained_with": "trl"})
    return trained


def trl_row(row: GroupRow) -> dict[str, Any]:
    """The row under TRL's names; columns that it does not know are handed to the reward function."""
    return {"prompt": [{"role": "user", "content": row.prompt}], "state": json.dumps(dict(row.state))}


def reward(completions: Sequence[Any], state: Sequence[str], **_: Any) -> list[float | None]:
    """TRL's reward function: alpha * team + local of each answer, from the state of its row."""
    texts = [one if isinstance(one, str) else str(one[-1]["content"]) for one in completions]
    return [score(json.loads(where), text) for where, text in zip(state, texts, strict=True)]


def _arguments(settings: ATGRPOSettings, folder: Path, steps: int) -> Any:
    """The run's settings under TRL's names; one minibatch a step, as many whole groups as fit into it."""
    import torch
    from trl.trainer.grpo_config import GRPOConfig

    groups = max(1, settings.minibatch_samples // settings.candidates)
    return GRPOConfig(
        output_dir=str(folder),
        max_steps=steps,
        num_generations=settings.candidates,
        per_device_train_batch_size=groups * settings.candidates,
        max_completion_length=settings.max_new_tokens,
        temperature=settings.temperature,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="constant_with_warmup",
        warmup_steps=settings.warmup_iterations,
        epsilon=settings.clip_low,
        epsilon_high=settings.clip_high,
        beta=settings.kl_coefficient,
        num_iterations=settings.epochs,
        scale_rewards=settings.advantage_scaling.value,
        loss_type="bnpo",  # tokens averaged over the whole batch, as trainer/grpo/learner.py does
        max_grad_norm=settings.max_gradient_norm,
        seed=settings.seed,
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        bf16=torch.cuda.is_available(),
        use_cpu=not torch.cuda.is_available(),
        disable_tqdm=True,
    )
