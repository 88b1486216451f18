"""A milestone as facts of the planning problem."""

from __future__ import annotations

from core.game.game_data import GameData
from core.game.milestones import Condition, Milestone
from core.game.objectives import BADGE_PREFIX
from core.game.story.deeds import Fact


def goals_of(game: GameData, milestone: Milestone) -> tuple[tuple[Fact, ...], ...]:
    """The ways in which a milestone can be reached, each as the facts that must hold together.

    Numbers in RAM are no facts; a milestone of nothing else has no way.
    """
    facts = [fact for condition in milestone.conditions if (fact := _fact(game, condition)) is not None]
    if not facts:
        return ()
    return (tuple(facts),) if milestone.needs_all else tuple((fact,) for fact in facts)


def _fact(game: GameData, condition: Condition) -> Fact | None:
    match condition.kind:
        case "event_flag" | "engine_flag" | "item_owned":
            return Fact("has", condition.name)
        case "badge":
            return Fact("has", BADGE_PREFIX + condition.name)
        case "map_reached" if condition.map is not None:
            return Fact("map", condition.map)
        case "scene_id" if condition.map is not None and condition.map in game.maps:
            return Fact("scene", condition.map, condition.value)
        case "move_known":
            return Fact("move", condition.name)
        case _:
            return None
