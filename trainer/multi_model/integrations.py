"""verl and AReaL: wanted by default, as documented, and refused in so many words where they cannot do what is asked.

Both are systems of many processes for language models of billions of weights on several GPUs. They drive rollouts of
their own, so they cannot update the models of a table at which others sit too; here the built-in learner moves all
weights. What verl can do for this program, it does elsewhere: it trains a team of roles from the data sets that
`trainer/at_grpo/verl_recipe.py` writes (`crystal-agent team verl`). For AReaL there is nothing of the kind.

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
_WHAT_TO_DO = {
    "verl": "for a team of roles it can be used: pip install 'crystal-hybrid[verl]', then crystal-agent team verl",
    "areal": "no part of this program uses it",
}


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
        answers[system] = f"{REFUSED}: {system} {state} {why}; {BUILT_IN}; {_WHAT_TO_DO[system]}"
        log.warning("enable_%s is on and %s (enable_%s=False says nothing)", system, answers[system], system)
    return answers
