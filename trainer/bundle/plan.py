"""What each stage of making a policy does."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from core.exceptions import ConfigurationError
from core.game.game_data import GameData
from trainer.bundle.collect import BundleCollection
from trainer.bundle.dagger import Aggregation
from trainer.bundle.fit import CloningSettings
from trainer.bundle.judge import Judging
from trainer.bundle.option_learning import OptionLearning
from trainer.bundle.residual_learning import ResidualLearning
from trainer.bundle.situations import TakingTurns
from trainer.evaluation.first_badge import first_badge
from trainer.evaluation.map_folds import maps_named


@dataclass(frozen=True, slots=True)
class BundlePlan:
    """What each stage of the making does."""

    collection: BundleCollection
    cloning: CloningSettings = field(default_factory=CloningSettings)
    aggregation: Aggregation = field(default_factory=Aggregation)
    options: OptionLearning = field(default_factory=OptionLearning)
    judging: Judging = field(default_factory=Judging)
    seed: int = 0
    """Of the weights and of the order of lessons."""
    residual: ResidualLearning = field(default_factory=ResidualLearning)
    without_maps: tuple[str, ...] = ()
    """Keys of the maps that are held out of training (`trainer/evaluation/map_folds.py`). Options are not learned from
    rewards then: their segments lead over all maps."""
    opening: BundleCollection | None = None
    """Games to the first badge beside the others, and where games are judged first: every game begins there."""
    turns: TakingTurns = field(default_factory=TakingTurns)
    whole_judging: Judging | None = None
    """Further games, to where those of `collection` end."""

    @property
    def judged_milestone(self) -> str | None:
        """Where the games of `judging` end."""
        return (self.opening or self.collection).final_milestone


def planned(plan: BundlePlan, game: GameData) -> BundlePlan:
    """The plan with its end where none is named, and maps by their keys: games end with the first badge, and beside an
    opening with the story. Raises ConfigurationError for what the game does not have."""
    held_out = maps_named(game, plan.without_maps)
    options, residual = plan.options, plan.residual
    if held_out:
        options, residual = replace(options, rounds=0), replace(residual, rounds=0)
    last = first_badge(game) if plan.opening is None else game.milestones[-1]
    final = plan.collection.final_milestone or last.id
    if final not in [one.id for one in game.milestones]:
        raise ConfigurationError(f"{game.name} has no milestone {final!r}")
    opening = plan.opening
    if opening is not None and opening.final_milestone is None:
        opening = replace(opening, final_milestone=first_badge(game).id)
    return replace(
        plan,
        without_maps=held_out,
        options=options,
        residual=residual,
        opening=opening,
        collection=replace(plan.collection, final_milestone=final),
    )
