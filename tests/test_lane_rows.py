"""An array that lanes share is declared once: workers write it, and a step hands it out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np

from core.env.lanes.lane_arrays import LaneArrays
from core.env.lanes.lane_rows import Axis, LaneOrders, LaneRows, arrays_of
from core.env.lanes.vector_step import VectorStep
from core.env.policy_view import policy_space

ROOT = Path(__file__).resolve().parent.parent


def test_the_block_has_every_array_of_the_tables_and_no_two_overlap() -> None:
    sizes = {axis: place + 3 for place, axis in enumerate(Axis)}
    arrays = LaneArrays(lanes=3, workers=2, policy_space=policy_space(), sizes=sizes)
    shared = {
        **{name: getattr(arrays.rows, name) for name in arrays_of(LaneRows)},
        **{name: getattr(arrays.orders, name) for name in arrays_of(LaneOrders)},
        **arrays.observations,
        "errors": arrays.errors,
    }
    for array in shared.values():
        array[...] = 0
    for name, array in shared.items():
        array[...] = 1
        others = [one for other, one in shared.items() if other != name]
        assert array.all() and not any(one.any() for one in others), name
        array[...] = 0
    for name, declared in arrays_of(LaneRows).items():
        shape = (3,) if declared.axis is None else (3, sizes[declared.axis])
        assert (shared[name].shape, shared[name].dtype) == (shape, np.dtype(declared.dtype)), name


def test_every_field_of_a_table_is_an_array_and_a_step_has_them_all() -> None:
    for table in (LaneRows, LaneOrders):
        assert [one.name for one in fields(table)] == list(arrays_of(table))
    assert {one.name for one in fields(VectorStep)} > arrays_of(LaneRows).keys()


PLANTED_ARRAY = """
    money: Annotated[NDArray[np.int64], LaneArray(np.int64, None, lambda _, outcome: outcome.state.money)]


@dataclass(frozen=True)
class LaneOrders:
"""
USE = """
import json, sys
import numpy as np
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.vector_env import VectorEnv

with VectorEnv(lambda lane: EnhancedPyBoyPokemonCrystalEnv(sys.argv[1], observation_type="state"), 2, 2) as env:
    env.reset([0, 1])
    step = env.step(np.array([8, 8]))
    print(json.dumps([step.money.tolist(), [step.game_state(lane).money for lane in range(2)]]))
"""


def test_an_array_planted_in_the_table_reaches_the_step(tmp_path: Path) -> None:
    for folder, copied in (("core", "env"), ("core/env", "lanes")):
        (tmp_path / folder).mkdir()
        for path in (ROOT / folder).iterdir():
            if path.name != copied:
                (tmp_path / folder / path.name).symlink_to(path)
    shutil.copytree(ROOT / "core" / "env" / "lanes", tmp_path / "core" / "env" / "lanes")
    table = tmp_path / "core" / "env" / "lanes" / "lane_rows.py"
    before, after = table.read_text(encoding="utf-8").split("\n\n@dataclass(frozen=True)\nclass LaneOrders:\n")
    table.write_text(before.rstrip() + PLANTED_ARRAY + after, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", USE, str(ROOT / "cartridge" / "fernvale.gbc")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    planted, read = json.loads(done.stdout)
    assert planted == read and len(planted) == 2 and planted[0] > 0
