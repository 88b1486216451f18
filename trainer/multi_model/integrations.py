"""verl and AReaL: wanted by default, as documented, and refused in so many words where they cannot do what is asked.

Both are systems of many processes for language models of billions of weights on several GPUs. They drive rollouts of
their own, so they cannot update the models of a table at which others sit too; here the built-in learner moves all
weights. What they can do for this program, they do elsewhere, for teams of roles: their own rollouts play the text
worlds and the cartridge (`trainer/at_grpo/verl_agent_loop.py`, `trainer/at_grpo/areal_workflow.py`), and verl trains
from data sets, too (`crystal-agent team verl`). A refusal names the command.

A refusal is logged when a training begins and stands in every result.
"""

from __future__ import annotations

import logging
from importlib.util import find_spec

from trainer.multi_model.config import MultiModelConfig

log = logging.getLogger(__name__)

OFF = "off"
REFUSED = "refused"
BUILT_IN = "the built-in learner updates the weights"
_INSTALL = {
    "verl": "pip install 'crystal-hybrid[verl]', then ",
    "areal": "in an environment of its own pip install crystal-hybrid 'areal>=1.0,<1.1', then ",
}
_WHAT_TO_DO = {
    "verl": "crystal-agent team verl RUN/model_N --tree --launch",
    "areal": "give AReaL the workflow trainer.at_grpo.areal_workflow.TreeWorkflow (docs/at_grpo.md has the lines)",
}
"""With them installed."""


def integrations_in_use(config: MultiModelConfig) -> dict[str, str]:
    """By system: "off", or "refused: " with why, what is done instead, and what can be done about it."""
    answers: dict[str, str] = {}
    for system, wanted in (("verl", config.enable_verl), ("areal", config.enable_areal)):
        if not wanted:
            answers[system] = OFF
            continue
        installed = find_spec(system) is not None
        why = "it drives rollouts of its own and cannot update models that play with others in one process"
        state = "is installed, but" if installed else "is not installed here, and where it is,"
        todo = f"for a team of roles it can be used: {'' if installed else _INSTALL[system]}{_WHAT_TO_DO[system]}"
        answers[system] = f"{REFUSED}: {system} {state} {why}; {BUILT_IN}; {todo}"
        log.warning("enable_%s is on and %s (enable_%s=False says nothing)", system, answers[system], system)
    return answers
