"""Weights and Adam's moments as named tensors, the form in which checkpoints keep a learner."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def named_tensors(
    parameters: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer, prefix: str
) -> dict[str, Tensor]:
    """`<prefix>.<name>` and `adam.<moment>.<name>` of every parameter: detached copies."""
    tensors = {f"{prefix}.{name}": value.detach().clone() for name, value in parameters.items()}
    for name, parameter in parameters.items():
        for moment, value in optimizer.state.get(parameter, {}).items():
            tensors[f"adam.{moment}.{name}"] = value.detach().clone()
    return tensors


def first_difference(
    parameters: Mapping[str, nn.Parameter], tensors: Mapping[str, Tensor], prefix: str
) -> tuple[str, tuple[int, ...]] | None:
    """The first name or shape that differs; None when the weights in `tensors` fit `parameters`."""
    expected = {f"{prefix}.{name}": tuple(value.shape) for name, value in parameters.items()}
    given = {name: tuple(value.shape) for name, value in tensors.items() if name.startswith(f"{prefix}.")}
    return min(set(given.items()) ^ set(expected.items()), default=None)


def load_named_tensors(
    parameters: Mapping[str, nn.Parameter], optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], prefix: str
) -> None:
    """Restore what `named_tensors` gave; `first_difference` must be None. Missing moments are reset."""
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(tensors[f"{prefix}.{name}"])
            moments = {
                moment: tensors[f"adam.{moment}.{name}"].detach().clone()
                for moment in _MOMENTS
                if f"adam.{moment}.{name}" in tensors
            }
            optimizer.state.pop(parameter, None)
            if moments:
                optimizer.state[parameter] = moments
