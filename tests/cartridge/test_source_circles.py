"""The C files of the cartridge use each other in one direction: someone who reads upwards from `hardware.h` never meets
a name that is explained further up.

A file stands for its `.c` and its `.h`. It points at another one when it includes the other's header, or when it names
a function or a variable that the other defines.
"""

from __future__ import annotations

import re
from collections import Counter
from graphlib import CycleError, TopologicalSorter

import pytest

from cartridge.tools.toolchain import SOURCES

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
INCLUDE = re.compile(r'^#include "(\w+)\.h"', re.MULTILINE)
PROTOTYPE = re.compile(r"^\w[\w ]*[ *](\w+)\([^(){};]*\)(?: __banked)?;", re.MULTILINE)
EXTERN = re.compile(r"^extern ([^;]+);", re.MULTILINE)
FUNCTION = re.compile(r"^(?!static\b)\w[\w ]*[ *](\w+)\([^(){};]*\)(?: __banked)? \{", re.MULTILINE)
VARIABLE = re.compile(r"^(?!static\b|extern\b|typedef\b|enum\b)\w[\w ]* \**(\w+[^(){};=]*(?:=[^;]*)?);", re.MULTILINE)
LABEL = re.compile(r"^_(\w+)::", re.MULTILINE)
NAME = re.compile(r"\b\w+\b")


def read() -> dict[str, str]:
    """The text of every C source and header, without comments, by file name."""
    files = [*SOURCES.glob("*.c"), *SOURCES.glob("*.h")]
    return {file.name: COMMENT.sub("", file.read_text(encoding="ascii")) for file in files}


def stem(file: str) -> str:
    return file.partition(".")[0]


def declared(text: str) -> set[str]:
    """What a header promises: its functions and its variables."""
    variables = (re.sub(r"\[.*?\]", "", row).split(",") for row in EXTERN.findall(text))
    return {*PROTOTYPE.findall(text), *(NAME.findall(part)[-1] for row in variables for part in row)}


def defined(text: str, promised: set[str]) -> set[str]:
    """Those of the promised names that a source keeps."""
    variables = {name for row in VARIABLE.findall(text) for name in NAME.findall(row)}
    return {*FUNCTION.findall(text), *variables} & promised


def arrows(files: dict[str, str]) -> dict[str, set[str]]:
    """Which files each file points at, both without their endings."""
    promised = {name for file, text in files.items() if file.endswith(".h") for name in declared(text)}
    sources = {file: text for file, text in files.items() if file.endswith(".c")}
    home = {name: stem(file) for file, text in sources.items() for name in defined(text, promised)}
    found: dict[str, set[str]] = {stem(file): set() for file in files}
    for file, text in files.items():
        found[stem(file)] |= {other for other in INCLUDE.findall(text) if other in found}
        if file.endswith(".c"):
            found[stem(file)] |= {home[name] for name in NAME.findall(text) if name in home}
    return {file: others - {file} for file, others in found.items()}


def circle(files: dict[str, str]) -> list[str]:
    """Files that lead back to the first of them; empty when there are none."""
    try:
        TopologicalSorter(arrows(files)).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_there_are_no_circles() -> None:
    found = circle(read())
    assert not found, f"circle: {' <- '.join(found)}; move what they share into the file whose noun it is"


def test_every_promise_of_a_header_has_one_home() -> None:
    """A definition that the patterns above miss would hide its arrows."""
    files = read()
    promised = {name for file, text in files.items() if file.endswith(".h") for name in declared(text)}
    homes = Counter(name for file, text in files.items() if file.endswith(".c") for name in defined(text, promised))
    homes.update(name for file in SOURCES.glob("*.s") for name in LABEL.findall(file.read_text(encoding="ascii")))
    assert len(promised) > 150
    assert {name: homes[name] for name in promised if homes[name] != 1} == {}


@pytest.mark.parametrize(
    ("file", "line", "expected"),
    [
        ("map.h", '#include "events.h"\n', {"map", "events"}),
        ("steps.c", "u8 planted(void) { return events_talk(); }\n", {"steps", "events"}),
        ("people.c", "void planted(void) { player_turn_frames = 0; }\n", {"people", "player"}),
    ],
)
def test_a_planted_circle_is_found(file: str, line: str, expected: set[str]) -> None:
    files = read()
    assert expected <= set(circle(files | {file: files[file] + line}))
