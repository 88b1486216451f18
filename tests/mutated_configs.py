"""Configs that are wrong on purpose: seeded mutations of a complete config, and what a run makes of each of them.

The rule that they test: a config is either taken, or refused in one line with exit code 2; and one that is refused
changes nothing on disk. `mutated_configs` makes them, `tried` runs the main command with one.

    for config in mutated_configs(seed=1, count=100):
        outcome = tried(config, folder)
        assert not outcome.faults, outcome
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.utils import FERNVALE, generate_test_config
from trainer.commands.exit_codes import run_reporting_bad_input
from trainer.hybrid_llm_rl_trainer import create_trainer
from trainer.run.progress import NoProgress
from trainer.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent
_RAW = "raw JSON:"
"""A string value that begins so is written as it is behind it: what `json.dumps` would never write."""
NESTED = _RAW + "[" * 100_000 + "]" * 100_000
LONG_NUMBER = _RAW + "9" * 5_000
INFINITE = _RAW + "1e400"
NOT_A_NUMBER = _RAW + "NaN"

NEVER_RIGHT: Final[tuple[Any, ...]] = (NESTED, LONG_NUMBER, INFINITE, NOT_A_NUMBER, "a\0b", "\ud800", 10**30, 1e308)
"""Values that no key of the base config may have."""
WRONG_PATHS: Final = ("", "n" * 300, "d/" * 3_000, "~nobody.of.that.name/x")
WRONG_MODELS: Final = tuple(
    f"ollama/tiny@http{address}"
    for address in (
        "://h:abc/v1",
        "://[::1/v1",
        "://h:99999/v1",
        "://h:0/v1",
        "://:80/v1",
        "://me:secret@h/v1",
        "://a b/v1",
        "s://",
        "://h:-1/v1",
        "://[zz]/v1",
    )
)
ODD: Final[tuple[Any, ...]] = (None, True, -1, 0, 1, 10**12, 8.7, -0.5, "", "x", [], [0], [-1], {}, {"x": 1})
"""Values that are right for some keys."""


WHOLE: Final = (0, 1, 2, 255, 65_536, 10**6, 10**9, -(10**9))
BROKEN: Final = (0.0, 1e-300, 1e-9, 0.5, 1.0, 255.0, 1e6, 1e9, -1e-9)
"""Numbers at the ends of ranges."""


@dataclass(frozen=True)
class MutatedConfig:
    """One config file, in bytes."""

    name: str
    """What was done to the complete config."""
    content: bytes = field(repr=False)
    must_be_refused: bool
    """False where it may be right."""


@dataclass(frozen=True)
class Outcome:
    """What the main command did with a config."""

    name: str
    exit_code: int
    """0 taken, 2 refused, 1 a traceback."""
    said: str = field(repr=False)
    changed: tuple[str, ...]
    """Files and folders that were made, removed or changed."""
    must_be_refused: bool = False

    @property
    def faults(self) -> list[str]:
        """In what the rule was broken; empty where it held."""
        found: list[str] = []
        if self.exit_code == 1:
            found.append(f"a traceback: {self.said.strip().splitlines()[-1][:300]}")
        if self.exit_code == 2 and (not self.said.startswith("error: ") or self.said.count("\n") != 1):
            found.append(f"not one line: {self.said[:300]!r}")
        if self.exit_code != 0 and self.changed:
            found.append(f"refused, and changed {', '.join(self.changed)}")
        if self.exit_code == 0 and self.must_be_refused:
            found.append("taken")
        return found


def complete_config(folder: Path) -> dict[str, Any]:
    """A small config with every key of the project's own config.json, and the sections that it leaves out."""
    small = json.loads(generate_test_config(folder).read_text(encoding="utf-8"))
    config = json.loads((ROOT / "config.json").read_text(encoding="utf-8")) | small
    config["learner"] |= {"policy_widths": [16], "value_widths": [16], "target_kl": 0.1, "network": "convolutional"}
    config["language_model"] = {
        "timeout_s": 5.0,
        "patience_s": 1.0,
        "parallel_questions": 2,
        "cache_path": "answers.db",
        "prices": {"ollama/tiny": {"input_usd": 0.1, "output_usd": 0.2}},
        "budget": {"calls_per_run": 5, "usd_per_run": 1.0},
        "faults": {"tries": 2, "away_s": 1.0},
        "local": {"device": "cpu", "dtype": "float32", "adapter": None, "keep_prefix": True},
    }
    config["go_explore"] = {"folder": "archive", "max_states": 10, "first_share": 0.0, "last_share": 0.5, "episodes": 9}
    config["start_cache"] = "starts"
    return config


def mutated_configs(seed: int, count: int) -> Iterator[MutatedConfig]:
    """`count` configs, the same ones for the same seed; every kind of mutation has its share."""
    dice = random.Random(seed)
    kinds: list[Callable[[random.Random, dict[str, Any]], MutatedConfig]] = [
        _with_a_wrong_value,
        _with_a_wrong_value,
        _with_an_odd_value,
        _with_an_extreme_number,
        _with_a_wrong_path,
        _with_a_wrong_model,
        _with_one_file_for_two,
        _with_a_wrong_key,
        _with_damaged_text,
    ]
    for number in range(count):
        config = _with_placeholders()
        yield kinds[number % len(kinds)](dice, config)


def tried(mutated: MutatedConfig, folder: Path, *, plays: bool = False) -> Outcome:
    """The main command with that config in the empty `folder`, as far as the first game; `plays` lets a config that is
    taken train for two short episodes, too."""
    generate_test_config(folder)
    path = folder / "config.json"
    path.write_bytes(mutated.content.replace(b"@FOLDER@", str(folder).encode()))
    before = _contents(folder)
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.chdir(folder):
        try:
            exit_code = run_reporting_bad_input(lambda: _run(path, plays))
        except Exception:
            traceback.print_exc(file=said)
            exit_code = 1
    after = _contents(folder)
    changed = tuple(sorted(str(one) for one in before.keys() | after if before.get(one) != after.get(one)))
    return Outcome(mutated.name, exit_code, said.getvalue(), changed, mutated.must_be_refused)


def _run(path: Path, plays: bool) -> None:
    settings = load_settings(path)
    # as many lanes and games of evaluation as somebody wants are no fault, but take memory and time
    settings = settings.model_copy(
        update={
            "lanes": min(settings.lanes, 3),
            "workers": min(settings.workers, 3),
            "eval_episodes": min(settings.eval_episodes, 2),
        }
    )
    trainer = create_trainer(settings, NoProgress())
    try:
        if plays:
            trainer.train(**{**settings.train_arguments(), "total_episodes": 2, "max_steps_per_episode": 20})
    finally:
        trainer.close()


def _with_placeholders() -> dict[str, Any]:
    if not _BASE:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            _BASE.update(complete_config(Path(folder)))
    return json.loads(json.dumps(_BASE))


_BASE: dict[str, Any] = {}


def _places(config: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of a value in a config, sections included."""
    if place:
        yield place
    inside = config.items() if isinstance(config, dict) else enumerate(config) if isinstance(config, list) else ()
    for key, value in inside:
        yield from _places(value, (*place, key))


def _changed(config: dict[str, Any], place: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    section: Any = config
    for part in place[:-1]:
        section = section[part]
    section[place[-1]] = value
    return config


def _made(name: str, config: dict[str, Any], refused: bool) -> MutatedConfig:
    text = json.dumps(config, indent=2)
    for raw in (NESTED, LONG_NUMBER, INFINITE, NOT_A_NUMBER):
        text = text.replace(json.dumps(raw), raw.removeprefix(_RAW))
    return MutatedConfig(name, text.encode(), refused)


def _said(place: tuple[str | int, ...], value: Any) -> str:
    return f"{'.'.join(map(str, place))} = {value!r}"[:100]


def _with_a_wrong_value(dice: random.Random, config: dict[str, Any]) -> MutatedConfig:
    place = dice.choice([place for place in _places(config) if place[:2] != ("curriculum", "rule_options")])
    value = dice.choice(NEVER_RIGHT)
    return _made(_said(place, value), _changed(config, place, value), True)


def _with_an_odd_value(dice: random.Random, config: dict[str, Any]) -> MutatedConfig:
    place, value = dice.choice(list(_places(config))), dice.choice(ODD)
    return _made(_said(place, value), _changed(config, place, value), False)


def _with_an_extreme_number(dice: random.Random, config: dict[str, Any]) -> MutatedConfig:
    numbers = dict(_numbers(config))
    place = dice.choice(list(numbers))
    value = dice.choice(WHOLE if isinstance(numbers[place], int) else BROKEN)
    return _made(_said(place, value), _changed(config, place, value), False)


def _numbers(config: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], int | float]]:
    for place in _places(config):
        value: Any = config
        for part in place:
            value = value[part]
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield place, value


PATH_PLACES: Final = (
    ("rom_path",),
    ("decision_db_path",),
    ("save_dir",),
    ("start_state",),
    ("start_cache",),
    ("go_explore", "folder"),
    ("language_model", "cache_path"),
    ("language_model", "local", "adapter"),
)


def _with_a_wrong_path(dice: random.Random, config: dict[str, Any]) -> MutatedConfig:
    place, value = dice.choice(PATH_PLACES), dice.choice(WRONG_PATHS)
    return _made(_said(place, value), _changed(config, place, value), True)


def _with_a_wrong_model(dice: random.Random, config: dict[str, Any]) -> MutatedConfig:
    value = dice.choice(WRONG_MODELS)
    return _made(_said(("llm_model",), value), _changed(config, ("llm_model",), value), True)


def _with_one_file_for_two(dice: random.Random, config: dict[str, Any]) -> MutatedConfig:
    written = (("decision_db_path",), ("language_model", "cache_path"))
    first = dice.choice(written)
    second = dice.choice([place for place in PATH_PLACES[:-1] if place != first])
    if second == ("rom_path",):
        config = _changed(config, first, str(FERNVALE))
    else:
        name = dice.choice(["one", "one/../one", "@FOLDER@/one", "./one"])
        config = _changed(_changed(config, first, "one"), second, name)
    return _made(f"{'.'.join(first)} and {'.'.join(second)} are one", config, True)


def _with_a_wrong_key(dice: random.Random, config: dict[str, Any]) -> MutatedConfig:
    free = (("language_model", "prices"), ("curriculum", "rule_options"))
    named = [place for place in _places(config) if isinstance(place[-1], str) and place[:2] not in free]
    place = dice.choice(named)
    key = str(place[-1])
    spot = dice.randrange(len(key))
    new = dice.choice([key[:spot] + key[spot + 1 :] or "x", key + "s", key.upper(), "\0", "k" * 10_000])
    section: Any = config
    for part in place[:-1]:
        section = section[part]
    section[new] = section.pop(key)
    return _made(_said(place, new), config, True)


def _with_damaged_text(dice: random.Random, config: dict[str, Any]) -> MutatedConfig:
    content = json.dumps(config).encode()
    spot = dice.randrange(1, len(content))
    kind, damaged, refused = dice.choice(
        [
            (f"cut at {spot}", content[:spot], True),
            (f"byte {spot} is FF", content[:spot] + b"\xff" + content[spot + 1 :], True),
            (f"byte {spot} is left out", content[:spot] + content[spot + 1 :], False),
            ("in UTF-16", json.dumps(config).encode("utf-16"), True),
            ("empty", b"", True),
            ("a number", b"1", True),
            ("random bytes", dice.randbytes(200), True),
            ("twice", content + content, True),
            ("with a byte-order mark", b"\xef\xbb\xbf" + content, False),
            ("nested without end", b'{"rewards":' * 100_000, True),
        ]
    )
    return MutatedConfig(kind, damaged, refused)


def _contents(folder: Path) -> dict[str, bytes | None]:
    """Every file with its bytes, and every folder, below `folder`."""
    found: dict[str, bytes | None] = {}
    for place, folders, files in os.walk(folder):
        below = Path(place).relative_to(folder)
        found |= {str(below / name) + "/": b"" for name in folders}
        found |= {str(below / name): (Path(place) / name).read_bytes() for name in files}
    return found
