"""Every scene of the picture book can be played, and its pictures show something. People look at them for the rest."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cartridge.screens import COLUMNS, SCENES, WIDTH, Album, sheet

LEAST_COLOURS = 2
PASSING = ("through a door", "battle, opening", "white-out")
"""Fades may be one plain colour for a moment."""


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_a_scene_shows_something(scene: Callable[[Album], None]) -> None:
    album = Album()
    scene(album)
    for name, picture in album.pictures.items():
        colours = picture.getcolors()
        assert colours is not None
        assert len(colours) >= LEAST_COLOURS or name.startswith(PASSING), f"{name} has {len(colours)} colours"
    assert sheet(album.pictures).width > COLUMNS * WIDTH
