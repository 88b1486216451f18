"""The rule players of a run's lanes, as its settings have them."""

from __future__ import annotations

from collections.abc import Iterable

from core.game.game_data import GameData
from core.rules import RulePlayer
from trainer.settings import Settings


def rule_players(
    settings: Settings, game: GameData, lanes: Iterable[int], first_seed: int | None = None
) -> list[RulePlayer]:
    """One for each of these lanes of the run; `first_seed` is that of lane 0, else the run's."""
    seed = settings.seed if first_seed is None else first_seed
    return [RulePlayer(game, seed=seed + lane, names=settings.names, starter=settings.starter) for lane in lanes]
