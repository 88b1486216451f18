"""The live page of a run: what its lanes do and why, its curves and maps, in a browser on the same machine."""
