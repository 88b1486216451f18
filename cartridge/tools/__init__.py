"""The build of the Fernvale cartridge: Python's standard library and sdcc, nothing else."""
