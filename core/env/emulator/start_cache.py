"""Save states of new games, kept so that a start-up is played once per ROM and options, not once per env.

Forked workers inherit what their process has. On disk a state outlives the process, which helps with games that have
a long introduction. The key names everything that the state depends on.
"""

from __future__ import annotations

from pathlib import Path

from core import exceptions
from core.env.emulator import startup
from core.env.emulator.console import EMULATOR, Console
from core.game.state import RomTables
from core.whole_files import written_aside

_in_process: dict[str, bytes] = {}


def cached_new_game_state(
    console: Console, rom: RomTables, folder: Path | None = None, fast_options: bool = False
) -> bytes:
    """The save state at the first free control of a new game: from this process, from `folder`, or played now.

    Raises `core.exceptions.EnvironmentError` when the game does not get there or the folder cannot be written.
    """
    key = f"{rom.profile.sha1}-{EMULATOR}{'-fast' if fast_options else ''}.state"
    known = _in_process.get(key)
    if known is None and folder is not None:
        known = _read(folder / key, console)
    if known is None:
        known = startup.new_game_state(console, rom, fast_options)
    if folder is not None and not (folder / key).exists():
        _write(folder / key, known)
    _in_process[key] = known
    return known


def _read(path: Path, console: Console) -> bytes | None:
    try:
        state = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise exceptions.EnvironmentError(
            f"cannot read the cached start state {str(path)!r}: {error.strerror or error}. Remove it"
        ) from error
    console.load_state(state, f"the cached start state {str(path)!r}")
    return state


def _write(path: Path, state: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_aside(path) as aside:
            aside.write_bytes(state)
    except OSError as error:
        raise exceptions.EnvironmentError(
            f"cannot write the start state {str(path)!r}: {error.strerror or error}. Name another folder, or none"
        ) from error
