"""The learned half of a run's agent, as its settings have it: the heads, or Stable-Baselines3's policy of buttons."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from gymnasium import spaces

from agents.heads.actor_critic import HEADS_SPACE
from agents.heads.agent import HeadsAgent
from agents.heads.learner import HeadsLearner, OverlappedHeadsLearner
from agents.heads.saved_heads import BUNDLED_FOLDER, WEIGHTS_FILE, Heads, load_bundled, load_heads, load_standings
from agents.learning.overlapped_learner import OverlappedLearner
from agents.learning.sb3_policy import MaskablePPOLearner
from agents.learning.settings import LearnerSettings
from core.agent.hybrid_agent import HybridAgent
from core.agent.standings import Standings
from core.exceptions import ConfigurationError
from trainer.settings import Settings

BUNDLED: Final = "bundled"
"""The name of the policy that comes with the project, where others name a checkpoint."""
LESSONS_FOLDER: Final = "lessons"
"""In the save directory."""


def training_learner(settings: Settings, policy_space: spaces.Dict) -> OverlappedLearner:
    """What a run trains, with the weights with which it begins. Raises CheckpointError for heads to start from that
    cannot be read."""
    if settings.policy == "sb3":
        return OverlappedLearner(policy_space, settings.lanes, settings.learner, seed=settings.seed)
    learner = OverlappedHeadsLearner(settings.lanes, settings.learner, settings.seed)
    learner.study_by(settings.heads, settings.save_dir / LESSONS_FOLDER)
    if settings.heads.start_from is not None:
        learner.take_heads(heads_to_start_from(settings.heads.start_from))
    return learner


def playing_learner(
    settings: Settings, policy_space: spaces.Dict, lanes: int, learner: LearnerSettings | None = None
) -> MaskablePPOLearner:
    """One of the same kind for weights that come from elsewhere; `learner` instead of the settings' own."""
    learner = learner or settings.learner
    if settings.policy == "sb3":
        return MaskablePPOLearner(policy_space, lanes, learner, settings.seed)
    return HeadsLearner(HEADS_SPACE, lanes, learner, settings.seed)


def agent_with(policy: MaskablePPOLearner | None, settings: Settings, *args: Any, **kwargs: Any) -> HybridAgent:
    """The agent that plays with a policy of `training_learner` or `playing_learner`; the other arguments are those of
    `HybridAgent`."""
    if isinstance(policy, HeadsLearner):
        agent: HybridAgent = HeadsAgent(policy.heads, *args, settings=settings.heads, **kwargs)
    else:
        agent = HybridAgent(*args, **kwargs)
    agent.attach_policy(policy)
    return agent


def heads_to_start_from(name: str) -> Heads:
    """The bundled heads, or those of a folder. Raises ConfigurationError for a folder without heads, CheckpointError
    for heads that cannot be read."""
    heads = heads_of(name)
    if heads is None:
        raise ConfigurationError(
            f"heads.start_from is {name!r}, and there is no {WEIGHTS_FILE} in it: name 'bundled', or a folder that "
            "`python -m trainer.bundle --out` has written"
        )
    return heads


def heads_of(checkpoint: str) -> Heads | None:
    """The heads that come with the project ("bundled"), or those in a folder that `python -m trainer.bundle` has
    written; None for a checkpoint of a run."""
    if checkpoint == BUNDLED:
        return load_bundled()
    path = Path(checkpoint) / WEIGHTS_FILE
    return load_heads(path) if path.is_file() else None


def standings_of(checkpoint: str) -> Standings:
    """Who does better in which situation, the rules or the heads that `heads_of` gives: empty where nobody knows.
    Raises CheckpointError for a damaged file."""
    return load_standings(BUNDLED_FOLDER if checkpoint == BUNDLED else Path(checkpoint))
