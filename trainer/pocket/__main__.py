"""`python -m trainer.pocket`: makes the pocket model (`trainer/pocket/maker.py`)."""

from __future__ import annotations

from trainer.commands.program import run_program


def _run() -> int:
    from trainer.pocket.maker import run  # takes a second; signals are watched by then

    return run()


if __name__ == "__main__":
    run_program(_run)
