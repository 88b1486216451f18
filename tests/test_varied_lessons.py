"""Lessons in another guise: codes are drawn anew and nothing else, a turned walk is as good a walk; and as bytes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from agents.heads.button_view import FIELD_PLANE, PLACE_OF
from agents.heads.lessons import Lessons, read_lessons, write_lessons
from agents.heads.plane_codes import coded_planes, planes_of
from agents.heads.saved_heads import Heads
from core.env.policy_features import FACING_START, MAP_CODE_BITS, MAP_START, MODE_START
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.collision import PLAYER_COLUMN, PLAYER_ROW
from core.vocabulary import ACTION_COUNT, DIRECTION_BUTTONS, Button
from trainer.bundle.collect import BundleCollection, play_by_rules
from trainer.bundle.fit import CloningSettings, clone_button_head
from trainer.bundle.taught_game import TaughtGame
from trainer.bundle.varied_lessons import Steps, kinds_of_situations, recode, turn

ROM = Path(__file__).parent.parent / "cartridge" / "fernvale.gbc"
CELLS = {Button.UP: (-1, 0), Button.DOWN: (1, 0), Button.LEFT: (0, -1), Button.RIGHT: (0, 1)}


@pytest.fixture(scope="module")
def lessons() -> Lessons:
    return play_by_rules(ROM, BundleCollection(steps_per_game=500, final_milestone="tide_badge"), 0).lessons


def steps_of(lessons: Lessons) -> Steps:
    return Steps(
        lessons.vectors.astype(np.float32),
        planes_of(lessons.planes),
        lessons.masks.copy(),
        lessons.presses.copy(),
    )


def test_codes_are_drawn_anew_in_the_share_and_nothing_else_is_touched(lessons: Lessons) -> None:
    before, steps = steps_of(lessons), steps_of(lessons)
    recode(steps, 0.5, np.random.default_rng(0))
    map_code = slice(MAP_START, MAP_START + MAP_CODE_BITS)
    changed = (steps.vectors != before.vectors)[:, map_code].any(axis=1).mean()
    assert 0.4 < changed < 0.6
    for part in ("text", "line", "lines", "key", "place", "subject"):
        place = PLACE_OF[part]
        assert np.array_equal(steps.vectors[:, place] != 0, before.vectors[:, place] != 0), f"{part}: none stays none"
        assert not np.array_equal(steps.vectors[:, place], before.vectors[:, place]), f"{part} is drawn anew"
    for part in ("kind", "index", "target", "count", "goal", "nearer", "distance", "barred", "cursor"):
        assert np.array_equal(steps.vectors[:, PLACE_OF[part]], before.vectors[:, PLACE_OF[part]]), part
    assert np.array_equal(steps.planes, before.planes) and np.array_equal(steps.presses, before.presses)


def leads_nearer(steps: Steps) -> NDArray[np.float64]:
    """By direction: in how many steps it is pressed on a way, in how many of these it leads nearer to the goal, by the
    numbers and by the plane; in how many the player faces there, and in how many the goal lies on that side."""
    found = []
    for place, button in enumerate(DIRECTION_BUTTONS):
        down, right = CELLS[button]
        rows = (steps.presses == button) & (steps.vectors[:, PLACE_OF["distance"].start] > 0)
        near = steps.vectors[rows, PLACE_OF["nearer"].start + place] > 0
        field = steps.planes[rows, FIELD_PLANE, PLAYER_ROW + down, PLAYER_COLUMN + right] > 0.02
        faces = steps.vectors[rows, FACING_START + place] > 0
        side = steps.vectors[rows][:, PLACE_OF["goal"]][:, 2:4] @ [right, down] > 0
        assert steps.masks[rows, button].all()
        found.append([rows.sum(), near.sum(), field.sum(), faces.sum(), side.sum()])
    return np.array(found)


def test_a_turned_walk_still_leads_to_its_goal(lessons: Lessons) -> None:
    before, steps = steps_of(lessons), steps_of(lessons)
    steps.masks[...] = np.eye(ACTION_COUNT, dtype=np.bool_)[steps.presses]
    turn(steps, 1.0, np.random.default_rng(0))
    assert np.array_equal(steps.masks.argmax(axis=1), steps.presses) and steps.masks.sum() == len(steps.masks)
    seen, turned = leads_nearer(before), leads_nearer(steps)
    assert (seen[:, 1] > 0.8 * seen[:, 0]).all() and seen[:, 0].min() > 10, "the rules go nearer"
    assert not np.array_equal(seen, turned) and np.array_equal(seen.sum(axis=0), turned.sum(axis=0))
    assert (steps.presses != before.presses).mean() > 0.3
    alike = (np.abs(steps.vectors).sum(axis=1), np.abs(before.vectors).sum(axis=1))
    assert np.allclose(*alike) and np.array_equal(steps.planes[..., 4, 4], before.planes[..., 4, 4])
    assert not np.array_equal(steps.planes[..., :9], before.planes[..., :9])


def test_what_listens_to_a_menu_is_not_turned(lessons: Lessons) -> None:
    rows = np.flatnonzero((lessons.vectors[:, PLACE_OF["target"]] != 0).any(axis=1))
    assert len(rows) > 10
    menus = replace(lessons, vectors=lessons.vectors[rows], planes=lessons.planes[rows])
    menus = replace(menus, masks=lessons.masks[rows], presses=lessons.presses[rows])
    steps = steps_of(menus)
    turn(steps, 1.0, np.random.default_rng(0))
    assert np.array_equal(steps.vectors, steps_of(menus).vectors)


def test_kinds_of_situations_share_mode_menu_and_option(lessons: Lessons) -> None:
    rows = np.flatnonzero(lessons.teaches_press)[1::2]
    kinds = kinds_of_situations(lessons.vectors, rows)
    assert np.array_equal(np.sort(np.concatenate(kinds)), rows) and 10 < len(kinds) < 60

    def told(row: int) -> tuple[list[float], list[float]]:
        vector = lessons.vectors[row]
        return vector[MODE_START:FACING_START].tolist(), vector[PLACE_OF["kind"]].tolist()

    first = [told(kind[0]) for kind in kinds]
    assert all(told(row) == one for kind, one in zip(kinds, first, strict=True) for row in kind)
    assert all(one not in first[:place] for place, one in enumerate(first))


def test_cloning_uses_all_three_as_its_settings_say(lessons: Lessons) -> None:
    def weights(settings: CloningSettings) -> NDArray[np.float32]:
        network = Heads.fresh(0).button
        clone_button_head(network, lessons, settings, 0, lambda line: None)
        return network.press.weight.detach().numpy().copy()

    plain = CloningSettings(button_epochs=1, button_batch=64)
    varied = [
        replace(plain, recoded_share=0.5),
        replace(plain, turned_share=0.5),
        replace(plain, balanced_share=0.25),
    ]
    first, *others = (weights(one) for one in (plain, plain, *varied))
    assert np.array_equal(first, others[0])
    assert not any(np.array_equal(first, one) for one in others[1:])


def test_planes_come_back_from_their_bytes_as_they_were(tmp_path: Path) -> None:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state", max_steps=400)
    game, views = TaughtGame(env, 0), []
    game.begin(0)
    for _ in range(300):
        step = game.look()
        views.append(game.view(step).planes.astype(np.float16))
        game.press(step.wanted.action)
    env.close()
    planes = np.stack(views)
    assert len(set(planes[:, FIELD_PLANE].ravel().tolist())) == 14, (
        "nothing, and from six steps nearer to six steps farther"
    )
    assert np.array_equal(planes_of(coded_planes(planes)), planes.astype(np.float32))
    lessons = play_by_rules(ROM, BundleCollection(steps_per_game=50), 0).lessons
    write_lessons(tmp_path / "earlier.npz", replace(lessons, planes=planes_of(lessons.planes).astype(np.float16)))
    assert np.array_equal(read_lessons(tmp_path / "earlier.npz").planes, lessons.planes), "of an earlier version"
