"""AT-GRPO's groups as rows of a data set, for trainers that compare several answers to one row.

A row is one group: the prompt of one role at one turn of one problem, and the state to play an answer from, as the
answers that lead there. `score` plays an answer from that state and scores it exactly as the tree does. Such trainers
do not advance the tree by the best candidate, so rows come from trees that the team itself has grown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

from agents.text.team import Team
from core.worlds.base import TextWorld
from core.worlds.registry import make_world
from trainer.at_grpo.algorithm import Group, TreeSettings, grow_tree
from trainer.at_grpo.settings import ATGRPOSettings


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group."""

    role: str
    prompt: str
    state: Mapping[str, Any]
    """JSON-able: what `score` needs to play an answer."""


def rows_of(world: TextWorld[Any], settings: ATGRPOSettings, groups: Sequence[Group]) -> list[GroupRow]:
    """A row per group; the best candidates before it lead to its state."""
    rows: list[GroupRow] = []
    answers: dict[int, list[tuple[str, str]]] = {}
    for group in groups:
        said = answers.setdefault(group.seed, [])
        state = {
            "world": world.name,
            "world_options": json.dumps(settings.world_options),
            "spells_out": world.spells_out,
            "seed": group.seed,
            "turn": group.turn,
            "role": group.role,
            "answers": json.dumps(said),
            "alpha": settings.alpha,
        }
        rows.append(GroupRow(group.role, group.prompt, state))
        said.append((group.role, group.samples[group.best].text))
    return rows


def grown_rows(world: TextWorld[Any], team: Team, settings: ATGRPOSettings, seeds: range) -> list[GroupRow]:
    """The rows of a tree that the team grows on these problems."""
    sampling = {role: settings.sampling_of(role) for role in world.roles}
    tree = TreeSettings(settings.candidates, settings.alpha, settings.advantage_scaling, sampling)
    device = next(iter(team.policies.values())).device
    generator = torch.Generator(device).manual_seed(settings.seed)
    return rows_of(world, settings, grow_tree(world, seeds, team.by_role, tree, generator).groups)


def world_and_state(state: Mapping[str, Any]) -> tuple[TextWorld[Any], Any]:
    """The world of a row, and its state after the answers that lead there."""
    world = _world_of(state["world"], state["world_options"], bool(state["spells_out"]))
    reached: Any = world.initial(int(state["seed"]))
    for role, answer in json.loads(state["answers"]):
        reached = world.play(reached, role, answer).state
    return world, reached


def score(state: Mapping[str, Any], answer: str) -> float:
    """alpha * team + local for an answer to that row."""
    world, reached = world_and_state(state)
    turn = world.play(reached, state["role"], answer)
    return float(state["alpha"]) * turn.team_reward + turn.local_reward


@lru_cache(maxsize=8)
def _world_of(name: str, options: str, spells_out: bool) -> TextWorld[Any]:
    world = make_world(name, json.loads(options))
    world.spells_out = spells_out
    return world
