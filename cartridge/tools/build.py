#!/usr/bin/env python3
"""Builds the Fernvale cartridge: `python cartridge/tools/build.py` writes the ROM, its SHA-256 and the world as data.

`--check` builds into a temporary directory and compares with the committed files byte for byte.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
if str(REPOSITORY) not in sys.path:
    sys.path.insert(0, str(REPOSITORY))

from cartridge.tools import addresses, export, toolchain  # noqa: E402
from cartridge.tools.content import read_content  # noqa: E402
from cartridge.tools.game_data import place_game  # noqa: E402
from cartridge.tools.maps import read_maps  # noqa: E402
from cartridge.tools.rom import Rom  # noqa: E402

ROM_FILE = "cartridge/fernvale.gbc"


def build(work: Path) -> dict[str, bytes]:
    """All outputs by their path in the repository; `work` takes the intermediate files."""
    toolchain.require_sdcc()
    content, maps = read_content(), read_maps()
    rom = Rom()
    constants, built = place_game(content, maps, rom)
    variables = addresses.read_variables()
    addresses.check_overlaps(variables)
    (work / "data.h").write_text(constants.header(), encoding="ascii")
    (work / "state.h").write_text(addresses.c_header(variables), encoding="ascii")
    (work / "ram.inc").write_text(addresses.assembler_header(variables), encoding="ascii")
    rom.link(toolchain.compile_and_link(work))
    image = rom.finish()
    digest = hashlib.sha256(image).hexdigest()
    outputs = {ROM_FILE: image, f"{ROM_FILE}.sha256": f"{digest}  fernvale.gbc\n".encode()}
    outputs |= export.documents(content, maps, built)
    print(f"fernvale.gbc: {len(image)} bytes, sha256 {digest[:16]}, used by bank {rom.used}")
    return outputs


def differences(outputs: dict[str, bytes]) -> list[str]:
    """The paths whose committed bytes are missing or differ."""
    committed = {path: REPOSITORY / path for path in outputs}
    return [path for path, file in committed.items() if not file.exists() or file.read_bytes() != outputs[path]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare a fresh build with the committed files")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fernvale-") as folder:
        try:
            outputs = build(Path(folder))
        except (ValueError, toolchain.ToolchainError) as error:
            print(f"build.py: {error}", file=sys.stderr)
            return 1
    changed = differences(outputs)
    if arguments.check:
        print("same" if not changed else f"DIFFERENT: {', '.join(changed)}")
        return 1 if changed else 0
    for path in changed:
        target = REPOSITORY / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(outputs[path])
    return 0


if __name__ == "__main__":
    sys.exit(main())
