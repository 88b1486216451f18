"""The cartridge seen from outside: its memory, its maps and what happened between two snapshots."""
