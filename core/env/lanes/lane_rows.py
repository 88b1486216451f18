"""Which arrays the vector env and its workers share: the one table of them, one row a lane in each.

Each annotated field is an array in shared memory. A new array that a step hands out is a field of `LaneRows`: the block
(`lane_arrays`), what workers write (`lane_worker`) and the fields of a `VectorStep` follow. A new word to the workers
is a field of `LaneOrders`.
"""

# Annotations are not postponed here: as strings they would be evaluated inside their class, where the functions in them
# do not see this module.

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Final, get_args, get_type_hints

import numpy as np
from numpy.typing import DTypeLike, NDArray

from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv, Outcome


class Axis(StrEnum):
    """What the second axis of an array is about."""

    ACTIONS = "actions"
    REWARDS = "rewards"
    MILESTONES = "milestones"
    RAM = "ram"
    SAVE_STATE = "save_state"


class _AsItWas:
    """Stands for "the row of the last step that is known"."""


AS_IT_WAS: Final = _AsItWas()


@dataclass(frozen=True, slots=True)
class LaneArray:
    """One shared array, of shape (lanes,) or (lanes, size of `axis`)."""

    dtype: DTypeLike
    axis: Axis | None = None
    of: Callable[[EnhancedPyBoyPokemonCrystalEnv, Outcome], Any] | None = None
    """What a worker writes into a lane's row after a step or reset; None: the main process writes."""
    when_lost: Any = AS_IT_WAS
    """What the row says when the episode was lost with its worker."""


@dataclass(frozen=True)
class LaneRows:
    """What a step or reset of every lane came to. Every array has a leading lane axis."""

    masks: Annotated[NDArray[np.bool_], LaneArray(np.bool_, Axis.ACTIONS, lambda _, outcome: outcome.mask)]
    rewards: Annotated[NDArray[np.float32], LaneArray(np.float32, None, lambda _, outcome: outcome.reward, 0.0)]
    terminated: Annotated[NDArray[np.bool_], LaneArray(np.bool_, None, lambda _, outcome: outcome.terminated, False)]
    truncated: Annotated[NDArray[np.bool_], LaneArray(np.bool_, None, lambda _, outcome: outcome.truncated, True)]
    ram: Annotated[NDArray[np.uint8], LaneArray(np.uint8, Axis.RAM, lambda _, outcome: outcome.state.snapshot.array)]
    """What `GameState` decodes."""
    reward_parts: Annotated[
        NDArray[np.float32], LaneArray(np.float32, Axis.REWARDS, lambda env, outcome: _reward_parts(env, outcome), 0.0)
    ]
    """One column per name of `reward_names`."""
    milestones: Annotated[
        NDArray[np.bool_], LaneArray(np.bool_, Axis.MILESTONES, lambda env, _: env.tracker.reached_flags)
    ]
    """One column per name of `milestone_names`, true when reached in this episode."""
    episode_steps: Annotated[NDArray[np.int32], LaneArray(np.int32, None, lambda env, _: env.episode_steps)]


@dataclass(frozen=True)
class LaneOrders:
    """What the main process asks of every lane, and in `replayed` the answer to one of its questions."""

    actions: Annotated[NDArray[np.int64], LaneArray(np.int64)]
    must_reset: Annotated[NDArray[np.bool_], LaneArray(np.bool_)]
    seeds: Annotated[NDArray[np.int64], LaneArray(np.int64)]
    has_start_state: Annotated[NDArray[np.bool_], LaneArray(np.bool_)]
    start_states: Annotated[NDArray[np.uint8], LaneArray(np.uint8, Axis.SAVE_STATE)]
    start_reached: Annotated[NDArray[np.bool_], LaneArray(np.bool_, Axis.MILESTONES)]
    """The milestones that were reached before the start state."""
    replayed: Annotated[NDArray[np.bool_], LaneArray(np.bool_)]
    """Whether a new worker has brought the lane to where it was."""


@cache
def arrays_of(table: type[LaneRows] | type[LaneOrders]) -> Mapping[str, LaneArray]:
    """The arrays of a table by name, in the order of declaration."""
    return {
        name: part
        for name, hint in get_type_hints(table, include_extras=True).items()
        for part in get_args(hint)
        if isinstance(part, LaneArray)
    }


def _reward_parts(env: EnhancedPyBoyPokemonCrystalEnv, outcome: Outcome) -> NDArray[np.float32] | float:
    if not outcome.events:  # as after most steps
        return 0.0
    places = env.memory.places
    parts = np.zeros(len(places), dtype=np.float32)
    for event in outcome.events:
        place = places.get(event.name)
        if place is not None:
            parts[place] += event.amount
    return parts
