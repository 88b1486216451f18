"""Trajectories as a folder that `datasets.load_dataset(folder)` reads: one Parquet file an episode, and a card."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from core.extras import needs_extra
from trainer.checkpoints.durable_files import write_text_atomically
from trainer.trajectories.trajectory import Trajectory

_CARD: Final = """---
license: mit
task_categories:
  - reinforcement-learning
tags:
  - reinforcement-learning
  - game-boy
configs:
  - config_name: default
    data_files: data/*.parquet
---

# Trajectories of crystal-hybrid

{episodes} episodes, {steps} steps, in the order of playing: one row a step. The actions come from a decision record;
the observations were made by playing each episode again from its seed, and every state was compared with the recorded
one.

| column | meaning |
| --- | --- |
{columns}
"""
_COLUMNS: Final = {
    "run": "name of the run",
    "episode": "number of the episode in it",
    "step": "from 0",
    "action": "0 A, 1 B, 2 START, 3 SELECT, 4 up, 5 down, 6 left, 7 right, 8 none",
    "reward": "what the step paid",
    "terminated": "the episode was won with this step",
    "truncated": "the episode was cut after this step",
    "source": "who decided: llm, rules or policy",
    "option": "what was pursued, in words",
    "action_mask": "which actions made sense",
}
_PARTS: Final = {
    "features": "numbers from RAM, about -1 to 1",
    "map": "planes of 0 and 1 around the player: wall, grass, water, ledge, warp, people, visited, goal",
    "screen": "brightness of every second pixel",
}


def write_hugging_face(folder: Path, episodes: Iterable[Trajectory]) -> tuple[int, int]:
    """Writes the folder, which must not exist; episodes and steps written. Raises MissingExtraError without pyarrow."""
    with needs_extra("a data set in Parquet"):
        import pyarrow as arrow
        from pyarrow import parquet

    count = steps = 0
    parts: tuple[str, ...] = ()
    for one in episodes:
        length = len(one.actions)
        parts = tuple(one.observations)
        (folder / "data").mkdir(parents=True, exist_ok=True)
        columns = {
            "run": [one.run] * length,
            "episode": [one.episode] * length,
            "step": list(range(length)),
            **{part: one.observations[part][:-1].tolist() for part in parts},
            "action": one.actions,
            "reward": one.rewards,
            "terminated": [one.terminated and step == length - 1 for step in range(length)],
            "truncated": [one.truncated and step == length - 1 for step in range(length)],
            "source": list(one.sources),
            "option": list(one.options),
            "action_mask": one.masks.tolist(),
        }
        types = {part: arrow.from_numpy_dtype(one.observations[part].dtype) for part in parts}
        for part, dimensions in ((part, one.observations[part].ndim - 1) for part in parts):
            for _ in range(dimensions):
                types[part] = arrow.list_(types[part])
        arrays = {
            name: arrow.array(values, types[name]) if name in types else arrow.array(values)
            for name, values in columns.items()
        }
        parquet.write_table(arrow.table(arrays), folder / "data" / f"episode-{count:05d}.parquet")
        count, steps = count + 1, steps + length
    described = {**_COLUMNS, **{part: _PARTS[part] for part in parts}}
    rows = "\n".join(f"| `{name}` | {meaning} |" for name, meaning in described.items())
    write_text_atomically(folder / "README.md", _CARD.format(episodes=count, steps=steps, columns=rows))
    return count, steps
