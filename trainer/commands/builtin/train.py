"""`crystal-agent train`: train a hybrid agent as a config says, or go on with a run.

It is the front door of a checkout, with the same options, for where only the package is installed.
"""

from __future__ import annotations

from trainer.commands.registry import COMMANDS, OwnParser
from trainer.commands.training import main

COMMANDS.register("train")(OwnParser(main))
