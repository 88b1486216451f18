"""The front door: read a config, train, print the summary.

python run_training.py --config config.json
python run_training.py --config config.json --resume
"""

from __future__ import annotations

import sys

from trainer.commands.program import run_program


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0, or 2 after one line that says what is wrong with the input."""
    if sys.stderr.isatty():  # a sign of life for people, while modules are imported; a log needs none
        print("crystal-hybrid starts; Ctrl-C ends it after the current step", file=sys.stderr, flush=True)
    from trainer.commands.training import main as train  # takes a second; signals are watched by then

    return train(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    run_program(main)
