"""What choices on the way have cost: the steps that were taken from each on, beside what is usual from there.

Whole games are noisy: the dice of fights alone spread them by a fifth. So a choice is credited with the steps to the
milestone after next, and with what is usual from there on, given how the party stands then. What is usual is fitted to
the same games. The rest is put down to how the traits of the choice differ from those of what the rules like best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.heads.options.traits import TRAITS
from trainer.bundle.corrected_play import SITUATION, STARTERS, CorrectedGame


@dataclass(frozen=True, slots=True)
class CostFit:
    """How costs are fitted."""

    horizon: int = 2
    """Milestones ahead whose steps are counted, before what is usual stands for the rest."""
    late: float = 0.5
    """Share of the milestones after which how the party stands counts anew."""
    usual_ridge: float = 5.0
    unreached_steps: int = 700
    """More than its steps a game costs that ended at its horizon."""
    most_steps: float = 1500.0
    """A choice is credited with at most so many steps more or less than usual."""
    steps_of_trait: float = 100.0
    """What a trait is thought to be worth at most before anything was seen: the prior's deviation."""
    steps_of_value: float = 500.0
    """What 1 of the rules' value is thought to be worth before anything was seen: the prior's mean."""
    steps_of_value_deviation: float = 250.0
    least_errors: float = 2.0
    """A trait whose cost is fewer standard errors from 0 gets no weight: that keeps most of the dice out."""
    clustering: float = 2.0
    """So much less do the choices of one game tell than as many of different ones."""


@dataclass(frozen=True, slots=True, eq=False)
class FittedCosts:
    """Steps that choices cost."""

    traits: NDArray[np.float64]
    """(traits,): more than what the rules like best, for each of its traits."""
    value: float
    """For each 1 that the rules value it less."""
    errors: NDArray[np.float64]
    """(traits,): standard errors."""
    least_errors: float
    """As `CostFit` has it."""
    choices: int
    deviating: int
    """Of those, not what the rules like best."""

    @property
    def weights(self) -> NDArray[np.float64]:
        """(traits,): in units of the rules' values; 0 where the cost may be nothing but dice."""
        is_clear = np.abs(self.traits) >= self.least_errors * self.errors
        return np.where(is_clear, -self.traits / self.value, 0.0)


def fit_costs(games: Sequence[CorrectedGame], settings: CostFit | None = None) -> FittedCosts:
    """From games that strayed from the rules, each in its own way."""
    settings = settings or CostFit()
    games = [game for game in games if len(game.at)]
    if not games:
        nothing = np.zeros(len(TRAITS))
        return FittedCosts(
            nothing, settings.steps_of_value, nothing + settings.steps_of_trait, settings.least_errors, 0, 0
        )
    most = 1 + max(int(game.milestones.max()) for game in games)
    seen = [_seen(game, most, settings) for game in games]
    left = [_left(game, settings) for game in games]
    usual = _ridge(np.concatenate(seen), np.concatenate(left), np.full(seen[0].shape[1], settings.usual_ridge))
    excess = np.concatenate([_excess(game, rows @ usual, settings) for game, rows in zip(games, seen, strict=True)])
    excess = np.clip(excess, -settings.most_steps, settings.most_steps)
    contrasts = np.concatenate([game.contrasts for game in games])
    gaps = np.concatenate([game.gaps for game in games])
    design = np.concatenate([np.ones((len(gaps), 1)), gaps[:, None], contrasts], axis=1)
    noise = settings.clustering * float(excess.var())
    deviations = np.array([1e6, settings.steps_of_value_deviation, *[settings.steps_of_trait] * len(TRAITS)])
    expected = np.zeros(len(deviations))
    expected[1] = settings.steps_of_value
    precision = design.T @ design / noise + np.diag(deviations**-2.0)
    costs = expected + np.linalg.solve(precision, design.T @ (excess - design @ expected) / noise)
    errors = np.sqrt(np.diag(np.linalg.inv(precision)))
    deviating = int((np.abs(contrasts).sum(axis=1) > 0).sum())
    value = max(float(costs[1]), 0.2 * settings.steps_of_value)
    return FittedCosts(costs[2:], value, errors[2:], settings.least_errors, len(gaps), deviating)


def _left(game: CorrectedGame, settings: CostFit) -> NDArray[np.float64]:
    """(choices,): steps from each choice to the end."""
    return (game.steps - game.at + (0 if game.reached else settings.unreached_steps)).astype(np.float64)


def _seen(game: CorrectedGame, most: int, settings: CostFit) -> NDArray[np.float64]:
    """(choices, features): what the steps to the end are guessed from."""
    place = np.eye(most)[game.milestones]
    starter = np.zeros((len(game.at), STARTERS))
    starter[:, game.starter] = 1.0
    standing = np.concatenate([game.situations, starter[:, 1:]], axis=1)
    assert game.situations.shape[1] == len(SITUATION)
    late = (game.milestones >= settings.late * most)[:, None]
    return np.concatenate([place, standing, standing * late], axis=1)


def _excess(game: CorrectedGame, usual: NDArray[np.float64], settings: CostFit) -> NDArray[np.float64]:
    """(choices,): steps to a milestone ahead and what is usual from the next choice on, less what is usual here."""
    found = _left(game, settings) - usual
    ahead = np.searchsorted(game.milestones, game.milestones + settings.horizon)
    far = ahead < len(game.at)
    found[far] = (game.at[ahead[far]] - game.at[far] + usual[ahead[far]] - usual[far]).astype(np.float64)
    return found


def _ridge(
    design: NDArray[np.float64], target: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.linalg.solve(design.T @ design + np.diag(weights), design.T @ target).astype(np.float64)
