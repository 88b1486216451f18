"""Both heads cloned from lessons, kept as soon as each is done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agents.heads.lessons import Lessons
from agents.heads.saved_heads import Heads, load_heads, save_heads
from core.exceptions import CheckpointError
from trainer.bundle.fit import CloningSettings, clone_button_head, clone_option_head
from trainer.bundle.situations import Say


def cloned(
    weights: Path, begin: Heads, game: str, lessons: Lessons, cloning: CloningSettings, seed: int, say: Say
) -> None:
    """Trains heads from `begin` on and writes them to `weights`, in the precision in which they are stored and used.

    Each of the two is kept when it is done; what is there is not trained again.
    """
    half_done = weights.with_suffix(".button.safetensors")
    if _kept(weights, say) is not None:
        return
    heads = _kept(half_done, say)
    if heads is None:
        heads = replace(begin, game=game)
        clone_button_head(heads.button, lessons, cloning, seed, say)
        save_heads(half_done, heads)
    heads = replace(heads, option=begin.option)
    clone_option_head(heads.option, lessons, cloning, seed, say)
    save_heads(weights, heads)


def _kept(path: Path, say: Say) -> Heads | None:
    """Heads of an earlier call; None where there are none, or none that fit this version."""
    if not path.is_file():
        return None
    try:
        heads = load_heads(path)
    except CheckpointError as error:
        say(f"trained anew: {error}")
        return None
    say(f"{path.name} is there from an earlier run")
    return heads
