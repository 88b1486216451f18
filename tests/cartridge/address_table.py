"""The whole table of addresses: its rows, what the agent's code reads, and what of a record it reads."""

from __future__ import annotations

import ast
import json
from pathlib import Path

from tests.cartridge import address_rows, address_rows_battle, address_rows_screens
from tests.cartridge.console import LAYOUT

REPOSITORY = Path(__file__).resolve().parents[2]
READERS = ("core", "agents", "trainer")
MILESTONES = REPOSITORY / "core" / "game" / "data" / "fernvale" / "milestones.json"

ROWS = (
    address_rows.MAP
    | address_rows.PLAYER
    | address_rows.SCREEN
    | address_rows.STORY
    | address_rows_battle.PARTY
    | address_rows_battle.OWN
    | address_rows_battle.FOE
    | address_rows_battle.BATTLE
    | address_rows_screens.SCREENS
)
"""By variable: the moment to look at, and the check."""


SHOWN_ELSEWHERE = {}
"""Variables of what Fernvale lacks, and the tests that show rows of RAM."""


def names_in_code(folder: Path) -> dict[str, str]:
    """Every string of the code below `folder` that is the name of a variable, with the file that has it."""
    found = {}
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and node.value in LAYOUT.symbols and node.value not in SHOWN_ELSEWHERE:
                found[node.value] = str(path.relative_to(folder.parent))
    return found


def names_in_milestones() -> dict[str, str]:
    """Every variable that a milestone of Fernvale looks at."""
    found = {}
    for milestone in json.loads(MILESTONES.read_text(encoding="utf-8"))["milestones"]:
        for condition in milestone["detect"]:
            if "symbol" in condition:
                found[condition["symbol"]] = f"milestone {milestone['id']}"
    return found


def variables_read() -> dict[str, str]:
    """Every variable that env, rewards, masks, milestones, rules and observation read, and where they do."""
    found = names_in_milestones()
    for reader in READERS:
        found |= names_in_code(REPOSITORY / reader)
    return found
