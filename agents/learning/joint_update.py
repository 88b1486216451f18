"""One update of many learners: each learns what it would learn by itself, in one pass for all.

Agents that learn apart make as many small optimizer steps each as one agent with all their lanes makes larger ones. At
these sizes most of a small step is spent around the arithmetic. So learners whose networks and settings are alike lay
their weights side by side (`agents/learning/stacked_policies.py`) and make their steps together. Nothing else is
shared: each has its own rollout, order of samples, loss, gradient norm, moments of Adam and end. The weights come out
as they would alone, to float32's rounding.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Generator, Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from sb3_contrib.common.maskable.policies import MaskableMultiInputActorCriticPolicy
from torch import Tensor, nn
from torch.nn import functional

from agents.learning.metrics import LearnerMetrics
from agents.learning.preparation import (
    FORWARD_ROWS,
    Outlook,
    as_tensors,
    flat_observations,
    pieces,
    truncated_values,
    with_outlook,
)
from agents.learning.rollout import Rollout
from agents.learning.sb3_policy import MaskablePPOLearner
from agents.learning.stacked_layers import NoStackedLayer
from agents.learning.stacked_policies import StackedPolicies
from agents.learning.update import (
    Batch,
    Losses,
    LossWeights,
    UpdateNumbers,
    has_moved_too_far,
    loss_terms,
    minibatches,
    run_to_its_end,
)

log = logging.getLogger(__name__)

_Steps = Generator[list[MaskablePPOLearner], None, list[LearnerMetrics]]


def update_together(learners: Sequence[MaskablePPOLearner]) -> list[LearnerMetrics]:
    """As `update` of each. Raises TrainingError where one of them has no full rollout, or a gradient is not finite."""
    return run_to_its_end(update_steps_together(learners))


def update_steps_together(
    learners: Sequence[MaskablePPOLearner],
) -> _Steps:
    """As `update_steps` of each, in step: halts before every optimizer step with those that are about to make one.

    Between two steps the gradients lie in the `grad` of their `parameters()`, and may be changed in place. Learners
    that are like no other learn by themselves, and halt with the others.
    """
    metrics: dict[int, LearnerMetrics] = {}
    running: list[tuple[list[MaskablePPOLearner], _Steps]] = []
    for group in _groups(learners):
        stacked = _stacked(group)
        if stacked is None:
            running += [([learner], _alone(learner)) for learner in group]
        else:
            running.append((group, _Joint(group, stacked).steps()))
    while running:
        halted: list[MaskablePPOLearner] = []
        for group, steps in list(running):
            try:
                halted += next(steps)
            except StopIteration as end:
                running.remove((group, steps))
                metrics |= {id(learner): own for learner, own in zip(group, end.value, strict=True)}
        if halted:
            yield halted
    return [metrics[id(learner)] for learner in learners]


class _Joint:
    """One update of learners that are alike."""

    def __init__(self, learners: Sequence[MaskablePPOLearner], stacked: StackedPolicies) -> None:
        self._learners = learners
        self._stacked = stacked
        self._settings = learners[0].settings
        self._rollout = _joined(learners)
        self._rows = [
            [nn.Parameter(weight) for weight in rows]
            for rows in zip(*(tensor.detach().unbind() for tensor in stacked.weights.tensors), strict=True)
        ]
        """The weights of each learner as they lie in the stack."""

    def steps(self) -> _Steps:
        """See `update_steps_together`."""
        started = time.perf_counter()
        prepared = with_outlook(self._rollout, self._outlook(), self._settings)
        lanes = self._rollout.lanes // len(self._learners)
        own = [prepared.of_lanes(slice(lane, lane + lanes)) for lane in range(0, self._rollout.lanes, lanes)]
        weighed = [learner.begin_update(part) for learner, part in zip(self._learners, own, strict=True)]
        numbers = [UpdateNumbers() for _ in self._learners]
        weights = LossWeights(
            torch.tensor([float(one.teacher) for one in weighed]), torch.tensor([float(one.reward) for one in weighed])
        )
        optimizer = self._optimizer()
        try:
            yield from self._gradient_steps(prepared.batch.each(self._by_sample), weights, optimizer, numbers)
        finally:
            self._give_back(optimizer)
        share_s = (time.perf_counter() - started) / len(self._learners)
        ends = zip(self._learners, own, weighed, numbers, strict=True)
        return [learner.end_update(part, weight, counted, share_s) for learner, part, weight, counted in ends]

    def _gradient_steps(
        self, batch: Batch, weights: LossWeights, optimizer: torch.optim.Optimizer, numbers: Sequence[UpdateNumbers]
    ) -> Generator[list[MaskablePPOLearner], None, None]:
        """As `update.gradient_steps` of each."""
        count, tensors = len(self._learners), self._stacked.weights.tensors
        samples = len(batch) // count
        learning = list(range(count))
        for _ in range(self._settings.epochs):
            orders = np.tile(np.arange(samples)[:, None], count)
            for one in learning:  # whose update has ended draws no further order
                orders[:, one] = self._learners[one].shuffle.permutation(samples)
            for rows in np.array_split(orders * count + np.arange(count), minibatches(samples, self._settings)):
                totals, losses = self._losses(batch.take(rows.reshape(-1)), weights)
                for one in [one for one in learning if has_moved_too_far(losses[one], self._settings)]:
                    numbers[one].losses.append(losses[one])
                    learning.remove(one)
                if not learning:
                    return
                for tensor in tensors:
                    tensor.grad = None
                totals[learning].sum().backward()
                self._show_gradients(learning)
                yield [self._learners[one] for one in learning]
                norms, gradients = self._gradient_norms()
                for one in learning:
                    numbers[one].add_step(losses[one], norms[one].item())
                factors = (self._settings.max_gradient_norm / (norms + 1e-6)).clamp(max=1.0)
                for gradient in gradients:
                    gradient.mul_(factors.view(-1, *[1] * (gradient.dim() - 1)))
                optimizer.step()

    def _losses(self, minibatch: Batch, weights: LossWeights) -> tuple[Tensor, list[Losses]]:
        """What each learner minimises, (learners,), and its parts by learner."""
        count = len(self._learners)
        observations = {key: rows.unflatten(0, (-1, count)) for key, rows in minibatch.observations.items()}
        beside = replace(minibatch, observations={}).each(lambda rows: rows.unflatten(0, (-1, count)).transpose(0, 1))
        logits, values = self._stacked.logits_and_values(observations, beside.masks)
        terms = loss_terms(logits, values, beside, self._settings, weights)
        totals = terms.total.detach().unbind()
        return terms.total, [Losses(*one) for one in zip(totals, *terms.numbers.tolist(), strict=True)]

    def _show_gradients(self, learning: Sequence[int]) -> None:
        """To the optimizer, and to whoever shares gradients: views of the stack's, none where the update has ended."""
        gradients = list(zip(*(gradient.unbind() for gradient in self._gradients()), strict=True))
        for one, rows in enumerate(self._rows):
            found = gradients[one] if one in learning else [None] * len(rows)
            for row, origin, gradient in zip(rows, self._stacked.weights.origins(one), found, strict=True):
                row.grad = origin.grad = gradient

    def _gradients(self) -> list[Tensor]:
        return [tensor.grad for tensor in self._stacked.weights.tensors if tensor.grad is not None]

    def _gradient_norms(self) -> tuple[Tensor, list[Tensor]]:
        """As torch's `clip_grad_norm_` takes them, (learners,); and the gradients."""
        gradients = self._gradients()
        norms = torch.stack([torch.linalg.vector_norm(gradient.flatten(1), dim=1) for gradient in gradients])
        return torch.linalg.vector_norm(norms, dim=0), gradients

    # -- what the policies make of the rollouts ----------------------------------------------------------------

    def _outlook(self) -> Outlook:
        count, rollout = len(self._learners), self._rollout
        observations = {key: self._by_sample(rows) for key, rows in flat_observations(rollout).items()}
        masks = self._by_sample(torch.from_numpy(rollout.masks).flatten(0, 1))
        parts = []
        with torch.inference_mode():
            for start, end in pieces(len(masks) // count, max(1, FORWARD_ROWS // count)):
                own = slice(start * count, end * count)
                seen = {key: rows[own].unflatten(0, (-1, count)) for key, rows in observations.items()}
                allowed = masks[own].unflatten(0, (-1, count)).transpose(0, 1)
                parts.append(self._stacked.logits_and_values(seen, allowed))
            log_probabilities = functional.log_softmax(torch.cat([logits for logits, _ in parts], dim=1), dim=-1)
            values = torch.cat([values for _, values in parts], dim=1)
            last = self._stacked.values(
                {
                    key: rows.unflatten(0, (count, -1)).transpose(0, 1)
                    for key, rows in as_tensors(rollout.last_observations).items()
                }
            )
        finals: list[float] = []
        for learner in self._learners:
            finals += truncated_values(learner.policy, learner.full_rollout.truncated_observations)
        return Outlook(
            log_probabilities=self._by_lane(log_probabilities),
            values=self._by_lane(values).numpy().reshape(rollout.steps, rollout.lanes),
            last_values=last.reshape(-1).numpy(),
            truncated_values=finals,
        )

    def _by_sample(self, rows: Tensor) -> Tensor:
        """(steps * learners * lanes, ...) as (samples * learners, ...), by the order of a learner's own samples."""
        shape = (self._rollout.steps, len(self._learners), -1)
        return rows.unflatten(0, shape).transpose(1, 2).flatten(0, 2)

    def _by_lane(self, rows: Tensor) -> Tensor:
        """From (learners, samples, ...) to (steps * learners * lanes, ...)."""
        return rows.unflatten(1, (self._rollout.steps, -1)).transpose(0, 1).flatten(0, 2)

    # -- moments -----------------------------------------------------------------------------------------------

    def _optimizer(self) -> torch.optim.Adam:
        """Over the rows of the stack, with the moments of the learners' own optimizers: the very tensors."""
        joint = torch.optim.Adam(
            [row for rows in self._rows for row in rows], **_options(self._learners[0].policy.optimizer)
        )
        for own, origin, row in self._weights():
            if origin in own.state:
                joint.state[row] = own.state[origin]
        return joint

    def _give_back(self, joint: torch.optim.Optimizer) -> None:
        """The learners get their weights and moments."""
        self._stacked.weights.write_back()
        for own, origin, row in self._weights():
            origin.grad = None
            if row in joint.state:
                own.state[origin] = joint.state[row]

    def _weights(self) -> Iterator[tuple[torch.optim.Optimizer, Tensor, nn.Parameter]]:
        """Each learner's optimizer with each of its weights, and that weight in the stack."""
        for one, (learner, rows) in enumerate(zip(self._learners, self._rows, strict=True)):
            for origin, row in zip(self._stacked.weights.origins(one), rows, strict=True):
                yield learner.policy.optimizer, origin, row


def _joined(learners: Sequence[MaskablePPOLearner]) -> Rollout:
    """The rollouts of all as one of all lanes, learner by learner."""
    rollouts = [learner.full_rollout for learner in learners]
    steps, lanes, actions = rollouts[0].masks.shape
    joined = Rollout(learners[0].observation_space, steps, lanes * len(rollouts), actions)
    joined.extend(rollouts)
    return joined


def _groups(learners: Sequence[MaskablePPOLearner]) -> Iterator[list[MaskablePPOLearner]]:
    """Learners that are alike, in their order."""
    groups: dict[Hashable, list[MaskablePPOLearner]] = {}
    for learner in learners:
        groups.setdefault(_kind(learner), []).append(learner)
    yield from groups.values()


def _kind(learner: MaskablePPOLearner) -> Hashable:
    """What learners have in common that can learn together."""
    policy, rollout = learner.policy, learner.full_rollout
    is_plain = type(policy) is MaskableMultiInputActorCriticPolicy and type(policy.optimizer) is torch.optim.Adam
    if not is_plain or not learner.learns_from_steps_alone or len(policy.optimizer.param_groups) != 1:
        return id(learner)
    shapes = tuple((name, weight.shape) for name, weight in policy.named_parameters())
    options = tuple(_options(policy.optimizer).items())
    return learner.settings, type(policy.features_extractor), shapes, rollout.masks.shape, options


def _options(optimizer: torch.optim.Optimizer) -> dict[str, Any]:
    """Of its only group of weights."""
    return {name: value for name, value in optimizer.param_groups[0].items() if name != "params"}


def _stacked(learners: Sequence[MaskablePPOLearner]) -> StackedPolicies | None:
    """None where these learn one by one."""
    if len(learners) == 1:
        return None
    try:
        return StackedPolicies([learner.policy for learner in learners])
    except NoStackedLayer as reason:
        log.debug("these policies learn one by one, which takes longer: %s", reason)
        return None


def _alone(learner: MaskablePPOLearner) -> _Steps:
    steps = learner.update_steps()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return [end.value]
        yield [learner]
