"""How recorded episodes began: with the actions, that is enough to play them again exactly.

A save state of the Go-Explore archive in which episodes began is kept once, compressed, as long as one of them is.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from dataclasses import dataclass, field

_COMPRESSION_LEVEL = 1
"""A state of 0.2 MB takes 2 ms and about 20 kB."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """The first moment of an episode, apart from what the settings of its run say."""

    seed: int
    """Of the env's `reset`."""
    rom_sha1: str
    emulator: str
    """Name and version: save states of another one do not fit."""
    state: bytes | None = field(default=None, repr=False)
    """A save state in which it began; None for the env's own start."""
    reached: tuple[str, ...] = ()
    """Milestones that the game had reached before."""


def add_beginning(connection: sqlite3.Connection, episode_id: int, beginning: Beginning) -> None:
    """Inside a write transaction."""
    sha256 = None
    if beginning.state is not None:
        sha256 = hashlib.sha256(beginning.state).hexdigest()
        connection.execute(
            "insert or ignore into beginning_states (sha256, state) values (?, ?)",
            (sha256, zlib.compress(beginning.state, _COMPRESSION_LEVEL)),
        )
    connection.execute(
        "insert into beginnings (episode_id, seed, rom_sha1, emulator, state_sha256, reached) "
        "values (?, ?, ?, ?, ?, ?)",
        (
            episode_id,
            beginning.seed,
            beginning.rom_sha1,
            beginning.emulator,
            sha256,
            json.dumps(beginning.reached),
        ),
    )


def remove_beginning(connection: sqlite3.Connection, episode_id: int) -> None:
    """Inside a write transaction; a state that no episode needs any more goes, too."""
    row = connection.execute("select state_sha256 from beginnings where episode_id = ?", (episode_id,)).fetchone()
    connection.execute("delete from beginnings where episode_id = ?", (episode_id,))
    if row is not None and row[0] is not None:
        connection.execute(
            "delete from beginning_states where sha256 = ? "
            "and not exists (select 1 from beginnings where state_sha256 = beginning_states.sha256)",
            row,
        )


def beginning_of(connection: sqlite3.Connection, episode_id: int) -> Beginning | None:
    """How an episode began; None where that was not recorded."""
    row = connection.execute(
        "select b.seed, b.rom_sha1, b.emulator, s.state, b.reached from beginnings b "
        "left join beginning_states s on s.sha256 = b.state_sha256 where b.episode_id = ?",
        (episode_id,),
    ).fetchone()
    if row is None:
        return None
    seed, rom_sha1, emulator, state, reached = row
    return Beginning(
        seed, rom_sha1, emulator, None if state is None else zlib.decompress(state), tuple(json.loads(reached))
    )
