"""A milestone is looked at again only when a byte that it reads has changed, and nothing is missed by that."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from core.game.milestone_tracker import MilestoneTracker
from core.game.ram import RamSnapshot
from core.game.state import GameState, RomTables
from tests.crystal_rows import crystal
from tests.game_states import first_state, rom_tables


def _reads(tables: RomTables) -> list[int]:
    """Every byte that a milestone reads, and the places that the story hangs on."""
    conditions = [condition for one in tables.game.milestones for condition in one.conditions]
    return sorted({index for condition in conditions for index in condition.reads})


@pytest.mark.parametrize("tables", [rom_tables, crystal], ids=["fernvale", "crystal"])
def test_what_is_looked_at_by_parts_is_reached_as_if_all_were_looked_at_every_time(
    tables: Callable[[], RomTables],
) -> None:
    rom: RomTables = tables()
    dice, reads = np.random.default_rng(0), _reads(rom)
    by_parts, in_full = MilestoneTracker(rom.game), MilestoneTracker(rom.game)
    data = bytearray(first_state().snapshot.data)
    reached_at = []
    for step in range(1500):
        if step % 300 == 0:
            by_parts.reset()
            in_full.reset()
            for index in reads:
                data[index] = 0
        if dice.random() < 0.5:
            data[dice.choice(reads)] = dice.integers(256) if dice.random() < 0.8 else 0
        state = GameState(RamSnapshot(bytes(data)), rom)
        in_full._seen = None
        new = by_parts.update(state)
        assert new == in_full.update(state)
        assert by_parts.reached == in_full.reached and by_parts.next is in_full.next
        if new:
            reached_at.append(step)
    assert len(set(reached_at)) > 20
