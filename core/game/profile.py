"""Which game is this: a ROM is recognised by what the games' folders say, and its profile is handed to everybody else.

A game is a folder of data (docs/games.md): `profile.json` says how its cartridges are recognised, by the SHA-1 of
published releases or by the header's title, and the other files describe it. The folders are those of this package,
those that installed packages register, and one beside the ROM (`mine.game` beside `mine.gbc`). The ROM is only read.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, Literal

from pydantic import Field

from core import exceptions
from core.game.files.bundled_cartridge import is_bundled_rom, rom_file
from core.game.files.form import Form, broken, nearest_hint, read_data_file
from core.game.files.layout import RamLayout, read_layout
from core.game.text import CharacterSet, read_character_set

log = logging.getLogger(__name__)

HEADER_END: Final = 0x150
BANK_SIZE: Final = 0x4000
CARTRIDGES_WITH_BATTERY: Final = (0x03, 0x0F, 0x10, 0x13, 0x1B, 0x1E)
"""MBC1, MBC3 and MBC5 with RAM and battery; MBC2 keeps its RAM inside and is none of ours."""
BATTERY_SIZES: Final = {2: 0x2000, 3: 0x8000, 4: 0x20000, 5: 0x10000}
"""Bytes of cartridge RAM by the header's byte."""
PROFILE_FILE: Final = "profile.json"
ARCHIVES: Final = {b"PK\3\4": "zip", b"\x1f\x8b": "gzip", b"7z\xbc\xaf": "7z", b"Rar!": "rar"}
"""How files begin in which a download often holds its ROM."""
BESIDE_SUFFIX: Final = ".game"
"""A folder of this suffix beside a ROM of the same name describes its game."""
ENTRY_POINTS: Final = "crystal_hybrid.games"
"""Entry points of installed packages that hold a game's folder: each names the package in which profile.json lies."""

HACK: Final = "unknown"
"""The revision of a ROM that only its title and a permission make one of a game."""


class BadgeForm(Form):
    """A badge as a bit of a RAM symbol, and as an engine flag."""

    symbol: str
    bit: int
    engine_flag: str | None = None


class FieldAbilityForm(Form):
    """A way of taking an obstacle, as profile.json has it: a key item, or a move with the badge that allows it."""

    ability: Literal["surf", "cut", "strength", "flash", "fly", "whirlpool", "waterfall"]
    item: str | None = None
    move: str | None = None
    machine: str | None = None
    """The item that teaches the move."""
    badge: BadgeForm | None = None


class _ProfileForm(Form):
    about: str = ""
    name: str
    title: str
    header_title: str
    revisions: dict[str, str] = Field(default_factory=dict)
    unlisted_builds: Literal["allowed", "with_permission", "refused"]
    experimental: bool = False
    data_of: str | None = None
    symbols_of: str | None = None
    charmap_of: str | None = None
    field_abilities: tuple[FieldAbilityForm, ...] = ()


@dataclass(frozen=True, slots=True)
class GameProfile:
    """A known game: where its data lie and how its cartridges are recognised."""

    name: str
    title: str
    """What people call it."""
    header_title: str
    """The title in the header of its ROMs."""
    revisions: Mapping[str, str] = field(hash=False)
    """SHA-1 -> name of the releases whose RAM the layout describes."""
    unlisted_builds: str
    """What of ROMs with this title and another SHA-1: "allowed", "with_permission" (allow_unknown_rom) or "refused"."""
    folder: Traversable
    """Where profile.json lies."""
    data_folder: Traversable
    """Where world.json, enums.json and milestones.json lie: here, or with the game whose data it shares."""
    symbols_file: Traversable
    charmap_file: Traversable
    """Its own, or those of the game whose layout or letters it shares."""
    field_abilities: tuple[FieldAbilityForm, ...]
    experimental: bool = False
    """Whether nobody has compared its data with the running game."""

    @property
    def layout(self) -> RamLayout:
        """Where the game keeps its variables; `core.exceptions.EnvironmentError` for a broken file."""
        return read_layout(self.symbols_file)

    @property
    def characters(self) -> CharacterSet:
        """The letters of the game; `core.exceptions.EnvironmentError` for a broken file."""
        return read_character_set(self.charmap_file)


@dataclass(frozen=True, slots=True)
class RomProfile:
    """A recognised cartridge."""

    game: GameProfile
    revision: str
    sha1: str
    title: str
    """The title of the ROM's header."""
    rom: bytes = field(repr=False, compare=False)
    """The whole ROM, as read from the file."""

    @property
    def name(self) -> str:
        """The game's name."""
        return self.game.name

    @property
    def layout(self) -> RamLayout:
        """Where the game keeps its variables."""
        return self.game.layout

    @property
    def is_hack(self) -> bool:
        """Whether it was taken for its game by permission only: its maps may differ from the game's data."""
        return self.revision == HACK

    @property
    def battery_bytes(self) -> int:
        """Size of the RAM that the cartridge's battery keeps, as its header says; 0 for a cartridge without."""
        return BATTERY_SIZES.get(self.rom[0x149], 0) if self.rom[0x147] in CARTRIDGES_WITH_BATTERY else 0

    def rom_bytes(self, bank: int, address: int, size: int) -> bytes:
        """Bytes of a ROM bank as the game addresses them: 0000-3FFF is bank 0, 4000-7FFF the given one.

        Shorter than `size` where the ROM ends: a wild pointer gives no error, only fewer bytes.
        """
        start = address if address < BANK_SIZE else bank * BANK_SIZE + address - BANK_SIZE
        return self.rom[start : start + size]


def known_profiles(more: Iterable[Traversable] = ()) -> tuple[GameProfile, ...]:
    """The games whose folders are known, those in the folders `more` first.

    Raises `core.exceptions.EnvironmentError` for a broken profile.json and for two games of one name.
    """
    folders = (*more, *_built_in_folders(), *_registered_folders())
    forms = {folder: read_data_file(folder.joinpath(PROFILE_FILE), _ProfileForm) for folder in folders}
    by_name: dict[str, Traversable] = {}
    abilities = {form.name: form.field_abilities for form in forms.values()}
    for folder, form in forms.items():
        if form.name in by_name:
            raise broken(
                folder.joinpath(PROFILE_FILE), "name", form.name, f"{by_name[form.name]} has the same; choose another"
            )
        by_name[form.name] = folder
    return tuple(_profile(folder, form, by_name, abilities) for folder, form in forms.items())


def game_named(name: str) -> GameProfile:
    """The known game of that name; `core.exceptions.EnvironmentError` for another."""
    known = {profile.name: profile for profile in known_profiles()}
    if name not in known:
        raise exceptions.EnvironmentError(f"no game is called {name!r}; {nearest_hint(name, known)}")
    return known[name]


def _profile(
    folder: Traversable,
    form: _ProfileForm,
    by_name: Mapping[str, Traversable],
    abilities: Mapping[str, tuple[FieldAbilityForm, ...]],
) -> GameProfile:
    def lender_of(key: str, lender: str | None) -> Traversable:
        if lender is not None and lender not in by_name:
            raise broken(
                folder.joinpath(PROFILE_FILE), key, lender, f"no game has that name; {nearest_hint(lender, by_name)}"
            )
        return folder if lender is None else by_name[lender]

    data_folder = lender_of("data_of", form.data_of)

    return GameProfile(
        name=form.name,
        title=form.title,
        header_title=form.header_title,
        revisions=form.revisions,
        unlisted_builds=form.unlisted_builds,
        folder=folder,
        data_folder=data_folder,
        symbols_file=lender_of("symbols_of", form.symbols_of).joinpath("symbols.json"),
        charmap_file=lender_of("charmap_of", form.charmap_of).joinpath("charmap.json"),
        field_abilities=form.field_abilities or abilities[form.data_of or form.name],
        experimental=form.experimental,
    )


@cache
def _built_in_folders() -> tuple[Traversable, ...]:
    folders = resources.files("core.game").joinpath("data").iterdir()
    return tuple(sorted((one for one in folders if one.is_dir()), key=lambda one: one.name))


@cache
def _registered_folders() -> tuple[Traversable, ...]:
    """The folders of installed packages, looked up once per process: a process's packages do not change."""
    folders: list[Traversable] = []
    for entry in metadata.entry_points(group=ENTRY_POINTS):
        try:
            folders.append(resources.files(entry.value))
        except (ImportError, TypeError) as error:
            raise exceptions.EnvironmentError(
                f"the game {entry.name!r} of the entry points {ENTRY_POINTS} cannot be found: {entry.value!r} is no "
                f"package that can be imported ({error}). Mend or uninstall the package that registers it"
            ) from error
    return tuple(folders)


def header_title(rom: bytes) -> str:
    """The title at 0134-013E of a Game Boy Color header."""
    return rom[0x134:0x13F].split(b"\0")[0].decode("ascii", errors="replace").strip()


def identify_rom(path: str | Path, allow_unknown_rom: bool = False) -> RomProfile:
    """Read a ROM file and tell which game it is.

    "fernvale" names the bundled cartridge. With `allow_unknown_rom` a ROM with the title of a game that permits it is
    taken for a hack of the same layout.
    Raises `core.exceptions.EnvironmentError` for a missing file, a file that is no ROM, and an unknown ROM.
    """
    path = rom_file(path)
    try:
        rom = path.read_bytes()
    except OSError as error:
        raise exceptions.EnvironmentError(
            f"cannot read the ROM {str(path)!r}: {error.strerror or error}. Set rom_path to an existing .gbc file, or "
            "to 'fernvale', the cartridge that comes with this program"
        ) from error
    _check_header(path, rom)
    sha1 = hashlib.sha1(rom, usedforsecurity=False).hexdigest()
    title = header_title(rom)
    beside = path.with_suffix(BESIDE_SUFFIX)
    games = known_profiles((beside,) if beside.is_dir() else ())
    for game in games:
        if sha1 in game.revisions:
            return _recognised_as(RomProfile(game, game.revisions[sha1], sha1, title, rom))
    for game in games:
        if title == game.header_title and game.unlisted_builds == "allowed":
            if not allow_unknown_rom and not is_bundled_rom(rom):
                _say_other_build(game.title, str(path), sha1)
            return _recognised_as(RomProfile(game, f"version {rom[0x14C]}", sha1, title, rom))
        if title == game.header_title and game.unlisted_builds == "with_permission" and allow_unknown_rom:
            return _recognised_as(RomProfile(game, HACK, sha1, title, rom))
    raise exceptions.EnvironmentError(
        f"the ROM {str(path)!r} is of no known game: its title is {title!r} and its SHA-1 {sha1}. Known: "
        f"{'; '.join(_recognised(game) for game in games)}. For a hack that keeps a game's RAM layout set "
        "allow_unknown_rom; for a game of your own see docs/games.md"
    )


def _recognised_as(rom: RomProfile) -> RomProfile:
    if rom.game.experimental:
        _say_experimental(rom.game.title)
    return rom


@cache
def _say_other_build(title: str, path: str, sha1: str) -> None:
    """Once per process and file."""
    log.warning(
        "%s is a build of %s that did not come with this program (SHA-1 %s): what is known of its maps and documented "
        "of its numbers may not hold. Set allow_unknown_rom if that is meant, or rom_path to 'fernvale'",
        path,
        title,
        sha1,
    )


@cache
def _say_experimental(title: str) -> None:
    """Once per process and game."""
    log.warning(
        "the data of %s are experimental: they come from published symbol and map files, and nobody has compared them "
        "with the running game, so readers and rules may be wrong (docs/games.md, Gold and Silver)",
        title,
    )


def _recognised(game: GameProfile) -> str:
    """How a game is recognised, in words."""
    ways = [f"{digest} ({revision})" for digest, revision in game.revisions.items()]
    if game.unlisted_builds == "allowed":
        ways.append(f"any build with the title {game.header_title!r}")
    if game.unlisted_builds == "with_permission":
        ways.append(f"with allow_unknown_rom any with the title {game.header_title!r}")
    return f"{game.title} by {', '.join(ways)}"


def _check_header(path: Path, rom: bytes) -> None:
    """A Game Boy ROM has a header with a checksum, and as many bytes as its header says."""
    for beginning, kind in ARCHIVES.items():
        if rom.startswith(beginning):
            raise exceptions.EnvironmentError(
                f"{str(path)!r} is a {kind} archive, no Game Boy ROM: unpack it and set rom_path to the .gbc "
                "file inside"
            )
    if len(rom) < HEADER_END:
        raise exceptions.EnvironmentError(
            f"{str(path)!r} is no Game Boy ROM: it has {len(rom)} bytes, a header alone needs {HEADER_END}. "
            "Set rom_path to a .gbc file"
        )
    checksum = 0
    for byte in rom[0x134:0x14D]:
        checksum = (checksum - byte - 1) & 0xFF
    if checksum != rom[0x14D]:
        raise exceptions.EnvironmentError(
            f"{str(path)!r} is no Game Boy ROM: the header checksum is {rom[0x14D]:02X} where {checksum:02X} is due. "
            "Set rom_path to a .gbc file"
        )
    promised = 2 * BANK_SIZE << rom[0x148] if rom[0x148] <= 8 else len(rom)
    if len(rom) != promised:
        raise exceptions.EnvironmentError(
            f"the ROM {str(path)!r} is damaged: its header promises {promised} bytes and it has {len(rom)}. "
            "Dump or build it again"
        )
