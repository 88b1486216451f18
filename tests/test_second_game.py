"""Two games with different RAM layouts in one process, the second added by data alone; and data that are wrong."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core import exceptions
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.masks import action_mask
from core.env.observation import state_variables
from core.env.policy_view import FEATURE_COUNT, MAP_SHAPE, PolicyView
from core.game.battery import BatterySave
from core.game.field_moves import abilities_of
from core.game.game_data import load_game
from core.game.milestone_tracker import MilestoneTracker
from core.game.profile import identify_rom, known_profiles
from core.game.state import GameState, RomTables
from core.game.visits import Visits
from core.rules import RulePlayer
from core.vocabulary import GameMode
from tests.game_states import LAYOUT, ROM_PATH, rom_tables
from tests.two_layouts import turned, write_second_game

ROOT = Path(__file__).resolve().parent.parent
STEPS = 700
"""So far the rules play: a starter, fights, a shop, a rest."""
SAME_PROPERTIES = (
    "mode",
    "is_free",
    "waits_for_button",
    "text_is_printed",
    "cursor_cell",
    "screen_lines",
    "menu",
    "battle",
    "lost_last_battle",
    "position",
    "facing",
    "is_surfing",
    "map_size_steps",
    "people",
    "people_cells",
    "last_spawn",
    "party",
    "party_hp_fraction",
    "money",
    "badge_count",
    "johto_badges",
    "kanto_badges",
    "items",
    "balls",
    "key_items",
    "event_flags",
    "caught_count",
    "seen_count",
    "time_of_day",
    "hour",
    "player_id",
    "player_name",
    "step_count",
    "pocket",
    "wares",
    "start_menu_lines",
    "battle_menu_place",
    "state_hash",
)


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> RomTables:
    return RomTables.from_file(write_second_game(tmp_path_factory.mktemp("second")))


@pytest.fixture(scope="module")
def played() -> list[GameState]:
    """A stretch of a real game of Fernvale, played by the rules."""
    env = EnhancedPyBoyPokemonCrystalEnv(ROM_PATH, observation_type="state")
    try:
        state, option = env.restart(seed=3), None
        player, states = RulePlayer(env.rom.game, seed=1), []
        for _ in range(STEPS):
            states.append(state)
            option = option or player.choose(state)
            step = player.act(state, option)
            option = None if step.done else option
            state = env.advance(int(step.button)).state
        return states
    finally:
        env.close()


def test_no_variable_of_work_ram_stays_where_it_was(second: RomTables) -> None:
    here, there = rom_tables().layout, second.layout
    moved = [name for name in here.symbols if here.symbol(name).address != there.symbol(name).address]
    assert len(moved) > 400
    assert all(there.index(name) != here.index(name) for name in ("wMapGroup", "wPartyCount", "hHours", "wTilemap"))


def test_both_games_tell_the_same_of_the_same_moment(second: RomTables, played: list[GameState]) -> None:
    modes = set()
    for state in played:
        other = GameState(turned(state.snapshot), second)
        for name in SAME_PROPERTIES:
            assert getattr(other, name) == getattr(state, name), f"{name} in {state}"
        np.testing.assert_array_equal(other.collision.border, state.collision.border)
        np.testing.assert_array_equal(action_mask(other), action_mask(state))
        assert abilities_of(other) == abilities_of(state)
        assert [other.object_place(one) for one in range(17)] == [state.object_place(one) for one in range(17)]
        assert state_variables(other).tolist() == state_variables(state).tolist()
        modes.add(state.mode)
    assert {GameMode.FREE, GameMode.BATTLE, GameMode.MENU, GameMode.DIALOG, GameMode.WALKING} <= modes
    assert len({state.map_id for state in played}) >= 4 and any(state.party for state in played)


def test_both_games_are_played_side_by_side(second: RomTables, played: list[GameState]) -> None:
    """Milestones, the policy's view and the rules' choices, step by step in turn in one process."""
    first = rom_tables()
    players = [RulePlayer(rom.game, seed=1) for rom in (first, second)]
    trackers = [MilestoneTracker(rom.game) for rom in (first, second)]
    views = [PolicyView(rom.game) for rom in (first, second)]
    options = [None, None]
    for state in played:
        moments = (state, GameState(turned(state.snapshot), second))
        assert trackers[0].update(moments[0]) == trackers[1].update(moments[1])
        seen = [_view(view, moment, tracker) for view, moment, tracker in zip(views, moments, trackers, strict=True)]
        np.testing.assert_array_equal(seen[0][0], seen[1][0])
        np.testing.assert_array_equal(seen[0][1], seen[1][1])
        options = [
            option or player.choose(moment) for option, player, moment in zip(options, players, moments, strict=True)
        ]
        assert options[0] == options[1]
        steps = [player.act(moment, option) for option, player, moment in zip(options, players, moments, strict=True)]
        assert steps[0] == steps[1]
        options = [None if step.done else option for step, option in zip(steps, options, strict=True)]
    assert len(trackers[1].reached) >= 6
    assert players[0].milestones == players[1].milestones


def _view(
    view: PolicyView, state: GameState, tracker: MilestoneTracker
) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float32]], np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    features, crop = np.empty(FEATURE_COUNT, np.float32), np.empty(MAP_SHAPE, np.uint8)
    view.write(state, tracker, Visits(), features, crop)
    return features, crop


def test_a_battery_save_is_put_where_the_game_keeps_its_variables(second: RomTables, played: list[GameState]) -> None:
    """The saved stretch begins with wPlayerID, whose place in work RAM is the game's."""
    state = next(state for state in reversed(played) if state.is_free)
    start, size = LAYOUT.index("wPlayerID"), LAYOUT.size("sGameData")
    content = bytearray(0x8000)
    content[0x2009 : 0x2009 + size] = data = state.snapshot.data[start : start + size]
    content[0x2D0D:0x2D0F] = (sum(data) % 65536).to_bytes(2, "little")
    content[0x2008], content[0x2D0F] = 99, 127
    for rom in (rom_tables(), second):
        kept = BatterySave(bytes(content), rom).game_state()
        assert (kept.party, kept.money, kept.position) == (state.party, state.money, state.position)


def test_an_installed_package_can_bring_a_game(tmp_path: Path) -> None:
    """A real package with an entry point, seen by a process that has it on its path."""
    folder = write_second_game(tmp_path).with_suffix(".game")
    (tmp_path / "elsewhere").mkdir()
    rom = (tmp_path / "turnvale.gbc").rename(tmp_path / "elsewhere" / "turnvale.gbc")
    package = folder.rename(tmp_path / "turnvale_game")
    (package / "__init__.py").write_text('"""Turnvale."""\n', encoding="utf-8")
    about = tmp_path / "turnvale_game-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: turnvale-game\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[crystal_hybrid.games]\nturnvale = turnvale_game\n", encoding="utf-8")
    code = f"from core.game.profile import identify_rom; print(identify_rom({str(rom)!r}).name)"
    with pytest.raises(exceptions.EnvironmentError, match="is of no known game: its title is 'TURNVALE'"):
        identify_rom(rom)
    assert _printed(code, tmp_path) == "turnvale"
    (about / "entry_points.txt").write_text("[crystal_hybrid.games]\nturnvale = turnvalegame\n", encoding="utf-8")
    assert "'turnvalegame' is no package that can be imported" in _printed(code, tmp_path)


def _printed(code: str, package_folder: Path) -> str:
    """The last line that a new Python prints, with a folder of installed packages; its last words where it fails."""
    path = os.pathsep.join((str(ROOT), str(package_folder)))
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return (ran.stdout.strip() or ran.stderr.strip()).splitlines()[-1]


BREAKS = {
    "a misspelt key": ("world.json", '"heals": true', '"heels": true', "heels is an unknown key; did you mean 'heals'"),
    "an engine flag that is none": (
        "world.json",
        '"heals": true',
        '"engine": ["ENGINE_POKEDEX"]',
        "engine or engine_off is 'ENGINE_POKEDEX': no engine flag has that name",
    ),
    "a scene of no map": (
        "world.json",
        '"heals": true',
        '"scenes": [["HOMME", 1]]',
        "scenes or leads_to is 'HOMME': no map has",
    ),
    "another type": ("enums.json", '"price": 200', '"price": "cheap"', "items.1.price is 'cheap': Input should be a"),
    "no JSON": ("milestones.json", '"milestones": [', '"milestones": [[', "Invalid JSON"),
    "a missing key": ("profile.json", '"title"', '"titel"', "title is missing"),
    "an unknown map": (
        "milestones.json",
        '"map": "HOME_UPSTAIRS"',
        '"map": "ATTIC"',
        "detect.1.map is 'ATTIC': no map",
    ),
    "an unknown flag": ("milestones.json", "EVENT_GOT_PARCEL", "EVENT_GOT_PARCELS", "did you mean 'EVENT_GOT_PARCEL'"),
    "an unknown symbol": ("milestones.json", '"wPartyCount"', '"wPartyCounts"', "did you mean 'wPartyCount'"),
    "an unknown creature": ("world.json", '"PIPKIT"]', '"PIPKITT"]', "no species has that name; did you mean 'PIPKIT'"),
    "an unknown effect": (
        "enums.json",
        '{"heals": 20}',
        '{"heal": 20}',
        "heal is an unknown key; did you mean 'heals'",
    ),
    "an unknown item": (
        "profile.json",
        '"RAFT"',
        '"RAFFT"',
        "field_abilities.0.item is 'RAFFT': no item has that name",
    ),
    "no address": ("symbols.json", '"0xC', '"0xQ', "no hexadecimal number"),
    "a symbol less": ("symbols.json", '"wMapGroup"', '"wMapGruop"', "has no RAM symbol 'wMapGroup', which is read of"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_a_broken_file_gives_one_clear_line(case: str, tmp_path: Path) -> None:
    file, old, new, complaint = BREAKS[case]
    rom = write_second_game(tmp_path)
    path = rom.with_suffix(".game") / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(exceptions.EnvironmentError) as caught:
        RomTables.from_file(rom)
    message = str(caught.value)
    assert complaint in message and "\n" not in message
    assert str(path) in message, "the line names the file"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    rom = write_second_game(tmp_path)
    (rom.with_suffix(".game") / "world.json").unlink()
    with pytest.raises(exceptions.EnvironmentError, match=r"cannot read .*turnvale\.game/world\.json: No such file"):
        RomTables.from_file(rom)


@pytest.mark.parametrize("key", ["symbols_of", "charmap_of", "data_of"])
def test_only_a_known_game_lends_its_files(key: str, tmp_path: Path) -> None:
    folder = write_second_game(tmp_path).with_suffix(".game")
    profile = json.loads((folder / "profile.json").read_text(encoding="utf-8"))
    (folder / "profile.json").write_text(json.dumps(profile | {key: "crystl"}), encoding="utf-8")
    with pytest.raises(exceptions.EnvironmentError, match=rf"{key} is 'crystl': .* did you mean 'crystal'"):
        known_profiles((folder,))


def test_two_games_of_one_name_are_refused(tmp_path: Path) -> None:
    folder = write_second_game(tmp_path).with_suffix(".game")
    profile = json.loads((folder / "profile.json").read_text(encoding="utf-8"))
    (folder / "profile.json").write_text(json.dumps(profile | {"name": "crystal"}), encoding="utf-8")
    with pytest.raises(exceptions.EnvironmentError, match=r"name is 'crystal': .* has the same; choose another"):
        known_profiles((folder,))


def test_every_known_game_loads() -> None:
    assert {profile.name for profile in known_profiles()} >= {"crystal", "fernvale", "gold", "silver"}
    for profile in known_profiles():
        game = load_game(profile)
        assert game.milestones and game.maps and game.layout.index("wMapGroup")


LOOKUPS = frozenset(("read_layout", "read_character_set", "load_game", "game_named", "identify_rom"))
"""What asks for one game's places or data, whatever is given to it; everything else by the name of a variable."""


def lookups_at_import(tree: ast.Module) -> Iterator[ast.Call]:
    """Calls for a game's data that run when a module is imported: outside of functions, class bodies included."""
    known = {*LAYOUT.symbols, *LAYOUT.records}
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in LOOKUPS or any(isinstance(one, ast.Constant) and one.value in known for one in node.args):
                yield node
        waiting.extend(ast.iter_child_nodes(node))


def test_no_module_of_core_belongs_to_one_game() -> None:
    """No place of a variable, and no game, is looked up when a module is imported."""
    wrong = [
        f"{path.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call)}"
        for path in sorted((ROOT / "core").rglob("*.py"))
        for call in lookups_at_import(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not wrong, "\n".join(wrong)


def test_no_module_of_core_asks_for_a_game_by_name() -> None:
    names = {profile.name for profile in known_profiles()}
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"
        for path in sorted((ROOT / "core").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        and any(isinstance(one, ast.Constant) and one.value in names for one in (node.left, *node.comparators))
    ]
    assert not wrong, "\n".join(wrong)


def test_a_lookup_at_import_is_found() -> None:
    planted = 'class Reader:\n    A = layout.index("wMoney")\n    def read(self):\n        layout.index("wMoney")'
    assert [call.lineno for call in lookups_at_import(ast.parse(planted))] == [2]
