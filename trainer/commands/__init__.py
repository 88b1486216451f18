"""The command groups of `crystal-agent`, one file each."""
