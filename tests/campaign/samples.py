"""What the trials damage or serve: made once in a process, on real parts, and removed with it."""

from __future__ import annotations

import atexit
import contextlib
import functools
import io
import shutil
import tempfile
from pathlib import Path

from tests.tiny_adapters import make_adapters
from tests.tiny_models import make_model
from tests.utils import generate_test_config
from trainer.commands.training import main as train

EPISODES = 3


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="campaign-sample-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def config_of(folder: Path, episodes: int) -> Path:
    """Of a training with checkpoints, a record, a cache of answers and an archive of states."""
    return generate_test_config(
        folder,
        total_episodes=episodes,
        max_steps_per_episode=12,
        save_interval=1,
        lanes=1,
        llm_model="pocket",
        agent_mode="llm_only",
        language_model={"cache_path": "answers.db"},
        go_explore={"folder": "archive", "first_share": 1.0, "last_share": 1.0},
    )


def quietly_trained(folder: Path, episodes: int, *options: str) -> tuple[int, str]:
    """The main command in this process: its exit code, and what it wrote to standard error."""
    config = config_of(folder, episodes)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
        code = train(["--no-progress", "--config", str(config), *options])
    return code, said.getvalue()


@functools.cache
def trained_run() -> Path:
    """A folder in which a training of `EPISODES` episodes was done."""
    folder = _folder()
    code, said = quietly_trained(folder, EPISODES)
    assert code == 0, said
    return folder


@functools.cache
def tiny_model() -> Path:
    """A language model with random weights."""
    with contextlib.redirect_stderr(io.StringIO()):  # a progress bar
        return make_model(_folder() / "model")


@functools.cache
def tiny_adapter() -> Path:
    """A LoRA adapter of that model."""
    return make_adapters(tiny_model(), tiny_model().parent, seeds=(1,))[0]
