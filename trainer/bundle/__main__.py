"""`python -m trainer.bundle`: makes the bundled policy (`trainer/bundle/maker.py`)."""

from __future__ import annotations

from trainer.commands.program import run_program


def _run() -> int:
    from trainer.bundle.command_line import run  # takes a second; signals are watched by then

    return run()


if __name__ == "__main__":
    run_program(_run)
