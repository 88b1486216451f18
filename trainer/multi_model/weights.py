"""How weights move between models: the four strategies, on real gradients and tensors.

Only models of one family can share: same base, same names and shapes of what learns. A training may hold several
families (and hosted models, which have no weights here and do not come this way); each shares within itself.

Federated averaging (McMahan et al. 2017) weighs by performance instead of by sample counts. A sum of rewards can be
negative, so the weights are a softmax of the standardised performances: positive, summing to 1, and unmoved when the
world adds a constant to all rewards or multiplies them. Low-rank factors are averaged one by one, as FedIT does
(Zhang et al. 2024); that is not quite the average of their products, and exact where the adapters are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from trainer.multi_model.config import WeightUpdateStrategy

Halts = Generator[Sequence["WeightOwner"], None, object]
"""Updates in step: halted before every optimizer step with those that are about to make one."""


class WeightOwner(Protocol):
    """One set of weights that learns from what its model has lived through since the last update."""

    @property
    def name(self) -> str:
        """Of the model whose weights these are."""
        ...

    @property
    def family(self) -> str:
        """Learners of one family have the same base."""
        ...

    def parameters(self) -> Mapping[str, torch.nn.Parameter]:
        """What learns; the same names for all of a family."""
        ...

    @property
    def has_experience(self) -> bool:
        """Whether there is something to learn from since the last update."""
        ...

    def update_steps(self) -> Generator[None, None, object]:
        """An update from the experience since the last one, halted before every optimizer step with the gradients in
        place. Yields nothing when there is nothing to learn from."""
        ...

    @property
    def together(self) -> Callable[[Sequence[WeightOwner]], Halts] | None:
        """The function that makes the updates of this one and of all others that have the same one in fewer, larger
        operations; each learns what it would learn alone. Gradients are changed in place at its halts. None: this one
        learns by `update_steps`."""
        ...

    def discard_experience(self) -> None:
        """Forget what was lived through since the last update."""
        ...

    def weights_changed(self) -> None:
        """Called when the weights were moved from outside."""
        ...


@dataclass(frozen=True, slots=True)
class WeightUpdate:
    """What one update did."""

    updated: tuple[str, ...]
    """Models whose weights moved."""
    gradient_norms: Mapping[str, float]
    """Mean over the steps, of the gradients as they were applied; by model."""
    shares: Mapping[str, float]
    """Federated: each model's weight in its family's average."""
    disagreement: float
    """Root mean square distance of the weights from their family's mean, after the update: 0 when all are equal."""


def update_weights(
    strategy: WeightUpdateStrategy, learners: Sequence[WeightOwner], performances: Mapping[str, float]
) -> WeightUpdate:
    """One update of all `learners`; `performances` is each model's recent mean reward."""
    match strategy:
        case WeightUpdateStrategy.SYNCHRONIZED:
            norms = _in_step(learners, _average_gradients)
        case WeightUpdateStrategy.SELECTIVE:
            chosen = set(best_half(learners, performances))
            norms = _in_step([learner for learner in learners if learner.name in chosen])
            for learner in learners:
                if learner.name not in chosen:
                    learner.discard_experience()
        case WeightUpdateStrategy.ASYNCHRONOUS | WeightUpdateStrategy.FEDERATED:
            norms = {}
            for group in _groups(learners):
                norms |= _in_step(group)
    shares: dict[str, float] = {}
    if strategy is WeightUpdateStrategy.FEDERATED and norms:
        shares = _average_weights(learners, performances)
    return WeightUpdate(tuple(shares or norms), norms, shares, disagreement(learners))


def performance_shares(performances: Sequence[float]) -> NDArray[np.float64]:
    """Weights of an average: positive, summing to 1, larger for better performances of any sign."""
    values = np.asarray(performances, dtype=np.float64)
    deviation = float(values.std())
    scores = (values - values.mean()) / deviation if deviation > 1e-12 else np.zeros(len(values))
    chances = np.exp(scores - scores.max(initial=0.0))
    return chances / chances.sum()


def best_half(learners: Sequence[WeightOwner], performances: Mapping[str, float]) -> tuple[str, ...]:
    """The names of the better half, the middle one included; the earlier wins a tie."""
    names = list(dict.fromkeys(learner.name for learner in learners))
    ordered = sorted(names, key=lambda name: -performances.get(name, 0.0))
    return tuple(ordered[: (len(ordered) + 1) // 2])


def families(learners: Sequence[WeightOwner]) -> Iterator[list[WeightOwner]]:
    """The learners, family by family."""
    groups: dict[str, list[WeightOwner]] = {}
    for learner in learners:
        groups.setdefault(learner.family, []).append(learner)
    yield from groups.values()


@torch.no_grad()
def disagreement(learners: Sequence[WeightOwner]) -> float:
    """Root mean square distance of every weight from its family's mean."""
    squares, count = 0.0, 0
    for family in families(learners):
        tables = [learner.parameters() for learner in family]
        for key in tables[0]:
            stacked = torch.stack([table[key].detach() for table in tables])
            squares += float((stacked - stacked.mean(0)).square().sum())
            count += stacked.numel()
    return (squares / count) ** 0.5 if count else 0.0


def _groups(learners: Sequence[WeightOwner]) -> Iterator[list[WeightOwner]]:
    """Those that learn together; others one by one."""
    groups: dict[object, list[WeightOwner]] = {}
    for learner in learners:
        groups.setdefault(learner.together or id(learner), []).append(learner)
    yield from groups.values()


def _alone(learner: WeightOwner) -> Halts:
    for _ in learner.update_steps():
        yield [learner]


def _in_step(
    learners: Sequence[WeightOwner], before_step: Callable[[Sequence[WeightOwner]], None] | None = None
) -> dict[str, float]:
    """All learners' updates side by side, one optimizer step of each at a time; mean gradient norms by model."""
    running: list[Halts] = []
    for group in _groups(learners):
        together = group[0].together
        running.append(_alone(group[0]) if together is None else together(group))
    norms: dict[str, list[float]] = {}
    while running:
        halts = [next(steps, None) for steps in running]
        running = [steps for steps, halted in zip(running, halts, strict=True) if halted is not None]
        halted = [learner for those in halts if those is not None for learner in those]
        if before_step is not None:
            before_step(halted)
        for learner in halted:
            norms.setdefault(learner.name, []).append(_gradient_norm(learner))
    return {name: float(np.mean(values)) for name, values in norms.items()}


@torch.no_grad()
def _average_gradients(halted: Sequence[WeightOwner]) -> None:
    for family in families(halted):
        tables = [learner.parameters() for learner in family]
        for key in tables[0]:
            gradients = [table[key].grad for table in tables]
            present = [gradient for gradient in gradients if gradient is not None]
            if not present:
                continue
            mean = torch.stack(present).sum(0) / len(tables)
            for table in tables:
                _set_gradient(table[key], mean)


def _set_gradient(parameter: torch.nn.Parameter, gradient: torch.Tensor) -> None:
    """In place, where there is one: it may be a part of another tensor."""
    if parameter.grad is None:
        parameter.grad = gradient.clone()
    else:
        parameter.grad.copy_(gradient)


@torch.no_grad()
def _average_weights(learners: Sequence[WeightOwner], performances: Mapping[str, float]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for family in families(learners):
        weights = performance_shares([performances.get(learner.name, 0.0) for learner in family])
        tables = [learner.parameters() for learner in family]
        for key in tables[0]:
            stacked = torch.stack([table[key] for table in tables])
            factors = torch.as_tensor(weights, dtype=stacked.dtype, device=stacked.device)
            mean = torch.tensordot(factors, stacked, dims=1)
            for table in tables:
                table[key].copy_(mean)
        for learner, weight in zip(family, weights.tolist(), strict=True):
            shares[learner.name] = weight
            learner.weights_changed()
    return shares


def _gradient_norm(learner: WeightOwner) -> float:
    gradients = [p.grad for p in learner.parameters().values() if p.grad is not None]
    return float(torch.nn.utils.get_total_norm(gradients)) if gradients else 0.0
