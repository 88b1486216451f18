"""verl and AReaL: wanted by default, as documented, and never pretended.

Both are systems of many processes for language models of billions of weights on several GPUs. They drive their own
rollouts, so they cannot update the models of a table at which others sit too; here the built-in learner moves all
weights. What the switches ask for and what is done about it is logged once and stands in every result.
"""

from __future__ import annotations

import logging
from importlib.util import find_spec

from trainer.multi_model.config import MultiModelConfig

log = logging.getLogger(__name__)

BUILT_IN = "the built-in learner updates the weights"


def integrations_in_use(config: MultiModelConfig) -> dict[str, str]:
    """By system: "off", or "not used: " and why."""
    in_use: dict[str, str] = {}
    for system, wanted in (("verl", config.enable_verl), ("areal", config.enable_areal)):
        if not wanted:
            in_use[system] = "off"
            continue
        missing = find_spec(system) is None
        why = f"{system} is not installed" if missing else f"{system} runs its own rollouts and cannot join a table"
        in_use[system] = f"not used: {why}; {BUILT_IN}"
        log.info("enable_%s is on; %s", system, in_use[system])
    return in_use
