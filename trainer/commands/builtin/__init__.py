"""The commands of `crystal-agent`, one a file: a function, or a Typer group of several."""
