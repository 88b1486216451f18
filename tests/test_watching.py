"""Looking at a game: the picture with its decision, and the window, terminal or film that shows it."""

from __future__ import annotations

import ctypes
import io
import itertools
import re
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import sdl2
from gymnasium.wrappers import RecordVideo
from typer.testing import CliRunner

from core import exceptions
from core.env.emulator.frame_cost import FIXED_FRAMES
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.vocabulary import Button
from tests.utils import FERNVALE, create_test_trainer, generate_test_config
from trainer.commands.app import app
from trainer.watching.audience import FRAMES_PER_SECOND, Audience, frames_between
from trainer.watching.film import Film
from trainer.watching.picture import Caption, Picture, picture_of, picture_size
from trainer.watching.terminal import Terminal, half_blocks
from trainer.watching.window import Window

CAPTION = Caption("policy", int(Button.UP), "Go to the gym", "go_to:GYM", 0.83, 41, 2.5, ("outside", "starter"))
ACTIONS = (4, 4, 6, 0, 5, 8)
SCREEN = np.random.default_rng(3).integers(0, 256, (144, 160, 3), dtype=np.uint8)


def started(**changes: object) -> EnhancedPyBoyPokemonCrystalEnv:
    return EnhancedPyBoyPokemonCrystalEnv(FERNVALE, observation_type="state", max_steps=9, **changes)  # type: ignore


@pytest.mark.parametrize("frame_cost", ["fixed", "adaptive"])
def test_a_game_is_the_same_when_its_frames_are_shown(frame_cost: str) -> None:
    plain, watched = started(frame_cost=frame_cost), started(frame_cost=frame_cost)
    frames: list[Picture] = []
    watched.watch(frames.append, every_frames=4)
    assert plain.restart(seed=5) == watched.restart(seed=5)
    assert len(frames) <= 1, "what passes before the first action is not shown"
    before = len(frames)
    for action in ACTIONS:
        assert plain.advance(action).state == watched.advance(action).state
    assert watched.episode_frames == plain.episode_frames
    assert len(frames) - before == watched.episode_frames // 4
    assert frames[-1].shape == (144, 160, 3) and np.ptp(frames[-1]) > 100
    assert any((one != other).any() for one, other in itertools.pairwise(frames)), "nothing moves"
    plain.close()
    watched.close()


def test_gymnasium_records_a_video(tmp_path: Path) -> None:
    env = RecordVideo(started(render_mode="rgb_array"), str(tmp_path / "videos"), episode_trigger=lambda _: True)
    env.reset(seed=1)
    for action in ACTIONS:
        env.step(action)
    env.close()
    (video,) = tmp_path.glob("videos/*.mp4")
    described, *pictures = imageio_ffmpeg.read_frames(str(video))
    assert described["size"] == (160, 144)
    assert described["fps"] == pytest.approx(60 / FIXED_FRAMES, abs=0.01)
    assert len(pictures) == len(ACTIONS) + 1


def test_render_mode_human_opens_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = started(render_mode="human")
    env._console._emulator.set_emulation_speed(0)
    env.reset(seed=1)
    env.step(0)
    assert sdl2.SDL_WasInit(sdl2.SDL_INIT_VIDEO), "no window was opened"
    assert env.render() is None
    env.close()
    with pytest.raises(exceptions.ConfigurationError, match="'ansi'; it must be None, 'human' or 'rgb_array'"):
        started(render_mode="ansi")


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_the_picture_is_the_screen_with_words_below(scale: int) -> None:
    picture = picture_of(SCREEN, CAPTION, scale)
    width, height = picture_size(scale)
    assert picture.shape == (height, width, 3) and width % 2 == height % 2 == 0
    np.testing.assert_array_equal(picture[: 144 * scale : scale, ::scale], SCREEN)
    other = picture_of(SCREEN, Caption("rules", 0, "Talk", step=42), scale)
    assert (picture[144 * scale :] != other[144 * scale :]).any()
    hostile = Caption("llm", 8, "\x1b[2J" + "W" * 4000 + " é♀\n\0", "x" * 300, milestones=("y" * 999,))
    assert picture_of(SCREEN, hostile, scale).shape == picture.shape


def test_half_blocks_have_the_colours_of_the_screen() -> None:
    lines = half_blocks(SCREEN, 200, 100)
    assert len(lines) == 72
    colour = re.compile(r"\x1b\[38;2;(\d+);(\d+);(\d+);48;2;(\d+);(\d+);(\d+)m\u2580")
    for row, line in enumerate(lines):
        cells = np.array(colour.findall(line), dtype=np.uint8)
        np.testing.assert_array_equal(cells[:, :3], SCREEN[2 * row])
        np.testing.assert_array_equal(cells[:, 3:], SCREEN[2 * row + 1])
    small = half_blocks(SCREEN, 80, 20)
    assert len(small) <= 20 and all(line.count("\u2580") == 44 for line in small)


def test_a_terminal_is_given_back_and_no_reason_commands_it() -> None:
    output = io.StringIO()
    with Terminal(1.0, output, size=(80, 40)) as terminal:
        terminal.show(SCREEN, Caption("llm", 0, "\x1b]0;owned\x07\x1b[2J come on"))
    said = output.getvalue()
    assert said.startswith("\x1b[?1049h") and said.endswith("\x1b[?1049l")
    assert "\x1b]0" not in said and "\x1b[2J" not in said and "come on" in said
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", said).split("\r\n")
    assert max(map(len, shown)) <= 80 and len(shown) <= 40
    with pytest.raises(exceptions.EnvironmentError, match="no terminal"):
        Terminal(1.0, output)
    with pytest.raises(exceptions.EnvironmentError, match="30 columns"):
        Terminal(1.0, output, size=(30, 40))


def test_a_window_shows_the_picture_and_can_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    monkeypatch.setenv("SDL_RENDER_DRIVER", "software")
    with Window(speed=1, scale=2) as window:
        window.show(SCREEN, CAPTION)
        expected = picture_of(SCREEN, CAPTION, 2)
        seen = np.zeros_like(expected)
        place = seen.ctypes.data_as(ctypes.c_void_p)
        window.show(SCREEN, CAPTION)
        pitch = seen.shape[1] * 3
        assert sdl2.SDL_RenderReadPixels(window._renderer, None, sdl2.SDL_PIXELFORMAT_RGB24, place, pitch) == 0
        np.testing.assert_array_equal(seen, expected)
        assert not window.is_closed
        event = sdl2.SDL_Event()
        event.type = sdl2.SDL_QUIT
        sdl2.SDL_PushEvent(ctypes.byref(event))
        window.show(SCREEN, CAPTION)
        assert window.is_closed


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_a_film_has_the_pictures_that_were_shown(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"game{suffix}"
    flat = np.zeros((144, 160, 3), dtype=np.uint8)
    with Film(path, scale=1) as film:
        for grey in (40, 120, 200):
            film.show(flat + np.uint8(grey), CAPTION)
        assert not path.exists(), "an unfinished film has the name of a whole one"
    assert film.seconds == pytest.approx(3 * film.every_frames / FRAMES_PER_SECOND)
    described, *pictures = imageio_ffmpeg.read_frames(str(path))
    width, height = described["size"]
    assert (width, height) == picture_size(1)
    greys = [np.frombuffer(one, np.uint8).reshape(height, width, 3)[:140].mean() for one in pictures]
    assert greys == pytest.approx([40, 120, 200], abs=3)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    with pytest.raises(exceptions.ConfigurationError, match="exists already"):
        Film(path)
    with pytest.raises(exceptions.ConfigurationError, match=r"must end with .mp4 or .gif"):
        Film(tmp_path / "game.avi")


def test_a_film_that_failed_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="the game broke"), Film(tmp_path / "game.mp4", scale=1) as film:
        film.show(SCREEN, CAPTION)
        raise RuntimeError("the game broke")
    assert list(tmp_path.iterdir()) == []


def test_viewers_get_each_their_frames() -> None:
    class Counting:
        is_closed = False

        def __init__(self, every_frames: int) -> None:
            self.every_frames, self.shown = every_frames, 0

        def show(self, screen: Picture, caption: Caption) -> None:
            self.shown += 1

        def __enter__(self) -> Counting:
            return self

        def __exit__(self, *_: object) -> None: ...

    film, window = Counting(4), Counting(6)
    with Audience([film, window], speed=0, caption=lambda: CAPTION) as audience:
        assert audience.every_frames == 2
        for _ in range(60):
            audience(SCREEN)
        assert (film.shown, window.shown) == (30, 20)
        assert not audience.has_left
        window.is_closed = True
        assert audience.has_left
    assert [frames_between(speed, 30) for speed in (0.25, 1, 4, 0)] == [1, 2, 8, 24]


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["watch", *arguments], catch_exceptions=False)
    return done.exit_code, done.output


def test_the_rules_are_watched_without_a_checkpoint(tmp_path: Path) -> None:
    config, film = generate_test_config(tmp_path, max_steps_per_episode=12), tmp_path / "rules.mp4"
    code, said = run("--config", str(config), "--record", str(film), "--scale", "1")
    assert code == 0 and "watching rules_only;" in said and "cut off after 12 steps" in said
    _described, *pictures = imageio_ffmpeg.read_frames(str(film))
    assert len(pictures) == pytest.approx(12 * FIXED_FRAMES / 2, abs=1)
    assert not (tmp_path / "decisions.db").exists(), "watching wrote a record"


def test_a_checkpoint_is_watched_in_the_game_that_evaluate_plays(tmp_path: Path) -> None:
    trainer = create_test_trainer(episodes=2, temp_dir=tmp_path, lanes=1)  # one lane plays one game after the other
    trainer.train(**trainer.settings.train_arguments())
    trainer.close()
    before = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    shared = ["--config", str(tmp_path / "config.json"), "--max-steps", "15", "--mode", "rl_only"]
    code, said = run(*shared, "--record", str(tmp_path / "policy.gif"), "--scale", "1", "--games", "2")
    assert code == 0 and "watching rl_only of checkpoint latest;" in said
    (tmp_path / "policy.gif").unlink()
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    evaluated = CliRunner().invoke(app, ["evaluate", *shared, "--episodes", "2", "--json"], catch_exceptions=False)
    watched = [float(reward) for reward in re.findall(r"reward (-?\d+\.\d\d)", said)]
    mean = float(re.findall(r'"avg_reward": (\S+),', evaluated.stdout)[0])
    assert len(watched) == 2 and np.mean(watched) == pytest.approx(mean, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mode", "rl_only"], "mode rl_only needs a policy, and there is no checkpoint"),
        (["--mode", "llm_only"], "mode llm_only needs a language model"),
        (["--show", "none"], "shows nothing to anybody"),
        (["--show", "terminal"], "standard output is no terminal"),
        (["--record", "no/folder/a.mp4"], "there is no folder no/folder"),
        (["--checkpoint", "latest"], "Checkpoint not found"),
    ],
)
def test_what_cannot_be_watched_is_said(tmp_path: Path, arguments: list[str], message: str) -> None:
    config = generate_test_config(tmp_path)
    with pytest.raises(exceptions.BAD_INPUT_ERRORS, match=message):
        run("--config", str(config), *arguments)
