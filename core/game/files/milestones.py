"""`milestones.json`: the story of a game as predicates on RAM."""

from __future__ import annotations

from importlib.resources.abc import Traversable
from typing import Literal

from core.game.files.conditions import ConditionBuilder, ConditionForm, Named
from core.game.files.form import Form, broken, nearest_hint, read_data_file
from core.game.files.layout import RamLayout
from core.game.milestones import Milestone


class _MilestoneForm(Form):
    n: int
    id: str
    name: str
    goal: str | None = None
    region: str
    optional: bool = False
    order: Literal["fixed", "free"] = "fixed"
    mode: Literal["any", "all"] = "any"
    only_after: str | None = None
    detect: tuple[ConditionForm, ...]


class _MilestonesForm(Form):
    about: str = ""
    milestones: tuple[_MilestoneForm, ...]


def read_milestones(file: Traversable, layout: RamLayout, named: Named) -> tuple[Milestone, ...]:
    """The milestones in a `milestones.json`, from power-on to the game's end.

    Raises `core.exceptions.EnvironmentError` for a file that is missing, of another form, or names what there is not.
    """
    rows = read_data_file(file, _MilestonesForm).milestones
    ids: set[str] = set()
    for row in rows:
        if row.id in ids:
            raise broken(file, f"milestones.{row.n - 1}.id", row.id, "an earlier one has the same id")
        ids.add(row.id)
    builder = ConditionBuilder(file, layout, named)
    milestones: list[Milestone] = []
    for number, row in enumerate(rows, start=1):
        place = f"milestones.{number - 1}"
        if row.only_after is not None and row.only_after not in ids:
            hint = nearest_hint(row.only_after, ids)
            raise broken(file, f"{place}.only_after", row.only_after, f"no milestone has that id; {hint}")
        conditions = tuple(builder.condition(f"{place}.detect.{at}", form) for at, form in enumerate(row.detect))
        milestones.append(
            Milestone(
                id=row.id,
                name=row.name,
                goal=row.goal or row.name,
                number=number,
                optional=row.optional,
                needs_all=row.mode == "all",
                only_after=row.only_after,
                conditions=conditions,
                any_order=row.order == "free",
            )
        )
    return tuple(milestones)
