"""Compiling and linking with sdcc 4.2.0.

Another version gives other bytes, so exactly one is accepted. Nothing of the machine (paths, time, order of
directory entries) may reach the output.
"""

from __future__ import annotations

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cartridge.tools.addresses import LINKER_RAM, read_variables
from cartridge.tools.source import CARTRIDGE

VERSION = "4.2.0 #13081"
SOURCES = CARTRIDGE / "src"
ALLOCATIONS = "3000"
"""--max-allocs-per-node: more makes code a little smaller and the build far slower; changing it changes the bytes."""

_HARMLESS = re.compile(r"info 218|warning 283|^\s*$|^'b_\w+\s*= \d+'")


_MISREAD = re.compile(r"#_([hrf][A-Z]\w*)")
"""sdcc 4.2.0 reads a high RAM variable from page 0 where it is tested whole, as in `if (hWY)`. Test a mask of it."""


class ToolchainError(RuntimeError):
    """sdcc is missing, of another version, or rejected the code."""


def require_sdcc() -> None:
    """Raises ToolchainError unless the one right sdcc is installed."""
    try:
        answer = subprocess.run(["sdcc", "--version"], capture_output=True, text=True, check=False).stdout
    except FileNotFoundError as error:
        raise ToolchainError(f"sdcc is not installed; need {VERSION} (Debian 12: apt-get install sdcc)") from error
    if VERSION not in answer:
        raise ToolchainError(f"need sdcc {VERSION} (Debian 12's package), found {answer.splitlines()[0]!r}")


def _run(command: list[str], what: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    remarks = [line for line in (result.stdout + result.stderr).splitlines() if not _HARMLESS.search(line)]
    if result.returncode or remarks:
        raise ToolchainError(f"{what}:\n" + "\n".join(remarks or [f"exit code {result.returncode}"]))


def _bank(source: Path) -> int:
    """The bank named in the first line, `#pragma bank N`; 0 without one."""
    match = re.match(r"#pragma bank (\d+)", source.read_text(encoding="ascii"))
    return int(match[1]) if match else 0


def _compile(source: Path, work: Path) -> int:
    bank = _bank(source)
    segments = ["--codeseg", f"CODE_{bank}", "--constseg", f"CODE_{bank}"] if bank else []
    options = ["-msm83", "--std-c11", "--opt-code-speed", "--max-allocs-per-node", ALLOCATIONS]
    _run(
        [
            "sdcc",
            *options,
            f"-I{SOURCES}",
            f"-I{work}",
            *segments,
            "-c",
            str(source),
            "-o",
            str(work / f"{source.stem}.rel"),
        ],
        source.name,
    )
    low = {variable.name for variable in read_variables() if not variable.in_high_ram}
    misread = _MISREAD.findall((work / f"{source.stem}.asm").read_text(encoding="ascii"))
    for name in (name for name in misread if name not in low):
        raise ToolchainError(f"{source.name}: sdcc reads {name} from page 0; write a test of bits, as `{name} & 255`")
    return bank


def compile_and_link(work: Path) -> Path:
    """Builds everything in cartridge/src into an Intel hex file; `work` holds the generated headers."""
    sources = sorted(SOURCES.glob("*.c"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        banks = sorted(set(pool.map(lambda source: _compile(source, work), sources)) - {0})
    assembler = sorted(SOURCES.glob("*.s"), key=lambda path: (path.stem != "boot", path.stem))
    for source in assembler:
        _run(["sdasgb", f"-I{work}", "-o", str(work / f"{source.stem}.rel"), str(source)], source.name)
    objects = [str(work / f"{path.stem}.rel") for path in [*assembler, *sources]]
    places = [f"-Wl-b_CODE_{bank}=0x{bank:X}4000" for bank in banks]
    command = ["sdcc", "-msm83", "--no-std-crt0", "--code-loc", "0x0200", "--data-loc", f"0x{LINKER_RAM[0]:X}"]
    _run([*command, *places, "-Wl-m", "-Wl-j", "-o", str(work / "fernvale.ihx"), *objects], "linking")
    _check_sizes(work / "fernvale.noi", banks)
    return work / "fernvale.ihx"


def _check_sizes(symbols: Path, banks: list[int]) -> None:
    """The linker does not notice when an area grows into the next one."""
    values = {}
    for line in symbols.read_text(encoding="ascii").splitlines():
        if line.startswith("DEF "):
            _, name, value = line.split()
            values[name] = int(value, 16)
    ram_end = values["s__INITIALIZED"] + values["l__INITIALIZED"]
    if ram_end > sum(LINKER_RAM):
        raise ToolchainError(f"variables reach {ram_end:#x}, only {sum(LINKER_RAM):#x} is free")
    home_end = max(values[f"s_{area}"] + values[f"l_{area}"] for area in ("_CODE", "_HOME", "_GSFINAL", "_INITIALIZER"))
    if home_end > 0x4000:
        raise ToolchainError(f"bank 0 is full: it ends at {home_end:#x}")
    for bank in banks:
        size = values[f"l__CODE_{bank}"]
        if size > 0x4000:
            raise ToolchainError(f"bank {bank} is full: {size} bytes")
