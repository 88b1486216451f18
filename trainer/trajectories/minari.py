"""Trajectories as a Minari data set, the form of Farama's libraries for offline reinforcement learning.

`minari.load_dataset("crystal/...")` finds it where MINARI_DATASETS_PATH names the folder.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from gymnasium import spaces

from core.extras import needs_extra
from core.vocabulary import ACTION_COUNT
from trainer.trajectories.trajectory import Trajectory

DATASETS_PATH = "MINARI_DATASETS_PATH"


def write_minari(folder: Path, name: str, episodes: Iterable[Trajectory]) -> tuple[int, int]:
    """Writes the data set `name`, such as "crystal/first-region-v0", into the folder; episodes and steps written.

    Raises MissingExtraError without minari.
    """
    with needs_extra("a data set of Minari"):
        import minari
        from minari.data_collector import EpisodeBuffer

    buffers, space = [], None
    for one in episodes:
        space = one.observation_space
        length = len(one.actions)
        last = np.arange(length) == length - 1
        buffers.append(
            EpisodeBuffer(
                id=len(buffers),
                seed=one.seed,
                observations=dict(one.observations),
                actions=list(one.actions),
                rewards=one.rewards.tolist(),
                terminations=(last & one.terminated).tolist(),
                truncations=(last & one.truncated).tolist(),
                infos={"action_mask": np.concatenate([one.masks, one.masks[-1:]])},
            )
        )
    assert space is not None, "at least one episode is named"
    before = os.environ.get(DATASETS_PATH)
    os.environ[DATASETS_PATH] = str(folder.resolve())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it misses an author and a link, which are not ours to name
            minari.create_dataset_from_buffers(
                name,
                buffers,
                observation_space=space,
                action_space=spaces.Discrete(ACTION_COUNT),
                algorithm_name="crystal-hybrid: language model, rules and policy together",
                description="Episodes of a decision record, played again from their seeds and actions.",
                data_format="arrow",
            )
    finally:
        if before is None:
            del os.environ[DATASETS_PATH]
        else:
            os.environ[DATASETS_PATH] = before
    return len(buffers), sum(len(buffer.actions) for buffer in buffers)
