"""What can be wrong with settings on this machine and with this game: it is found before anything is made."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection
from dataclasses import fields
from pathlib import Path

from agents.heads.actor_critic import HEADS_SPACE
from agents.learning.network_registry import NETWORKS
from agents.learning.rollout import transition_bytes
from agents.llm.chooser import DEFAULT_PATIENCE_S
from agents.llm.settings import LanguageModelSettings
from core.env.policy_view import POLICY_PARTS, policy_space
from core.env.registry import ENV_CLASSES
from core.exceptions import ConfigurationError
from core.game.game_data import load_game
from core.game.profile import RomProfile
from core.history.database import check_database_file
from core.vocabulary import ACTION_COUNT, AgentMode
from trainer.curriculum import Curriculum
from trainer.play.learned_half import heads_to_start_from
from trainer.run.machine import available_memory_bytes
from trainer.settings import Settings
from trainer.settings.cluster import require_engine

log = logging.getLogger(__name__)


def check_settings(settings: Settings, profile: RomProfile) -> None:
    """Raises ConfigurationError for a folder that cannot be written, a name of a part that is none, a milestone or a
    weight of which the game or the reward events do not know, and a rollout that fits no memory; HistoryError for a
    decision record that is none. Makes nothing."""
    require_engine(settings.cluster)
    check_model_of_modes(settings, [settings.agent_mode])
    for key in model_settings_without_a_model(settings):
        log.warning('%s is set and changes nothing: llm_model is "none"; name a model, or take it out', key)
    check_writable("save_dir", settings.save_dir)
    if settings.go_explore is not None:
        check_writable("go_explore.folder", settings.go_explore.folder)
    if settings.start_cache is not None:
        check_writable("start_cache", settings.start_cache)
    check_writable("folder of decision_db_path", settings.decision_db_path.parent)
    if settings.decision_db_path.parent.is_dir():  # else the folder is made with the record
        check_database_file(settings.decision_db_path)
    check_heads(settings)
    check_rollout_memory(settings, available_memory_bytes())
    check_curriculum_milestones(settings, profile)
    NETWORKS.resolve(settings.learner.network, "learner.network")
    ENV_CLASSES.resolve(settings.env_class, "env_class")
    settings.rewards.check_names(settings.reward_kinds())


def has_no_model(settings: Settings) -> bool:
    """Whether nobody can be asked: no model is named, and the built-in manager would ask it."""
    return settings.llm_model == "none" and settings.llm_manager == "options"


def check_model_of_modes(settings: Settings, modes: Collection[AgentMode]) -> None:
    """Raises ConfigurationError where a language model alone is to act and there is none, or cannot see."""
    if AgentMode.LLM_ONLY in modes and has_no_model(settings):
        raise ConfigurationError('mode llm_only needs a language model: llm_model is "none" in the config; name one')
    check_screen_for_model(settings)


def check_screen_for_model(settings: Settings) -> None:
    """Raises ConfigurationError where the language model is to see a screen that nobody draws."""
    if settings.language_model.show_screen and "screen" not in POLICY_PARTS[settings.observation_type]:
        raise ConfigurationError(
            f"language_model.show_screen is true, and observation_type {settings.observation_type!r} draws no screen: "
            'set it to "multi_modal" or "screen"'
        )


def model_settings_without_a_model(settings: Settings) -> list[str]:
    """Keys of `language_model` that differ from their defaults and that nobody reads. The file of answers is none of
    them, nor is the patience that was the default once: complete configs name them."""
    if not has_no_model(settings):
        return []
    defaults, seen = LanguageModelSettings(), settings.language_model
    names = [one.name for one in fields(defaults) if one.name != "cache_path"]
    if seen.patience_s == DEFAULT_PATIENCE_S:
        names.remove("patience_s")
    return [f"language_model.{name}" for name in names if getattr(seen, name) != getattr(defaults, name)]


def check_heads(settings: Settings) -> None:
    """Raises ConfigurationError where heads would see no numbers, or begin with what is none; CheckpointError for heads
    that cannot be read."""
    if settings.policy != "heads":
        return
    if "features" not in POLICY_PARTS[settings.observation_type]:
        raise ConfigurationError(
            f"policy is 'heads', which reads numbers, and observation_type {settings.observation_type!r} has none: set "
            "it to 'state', or policy to 'sb3'"
        )
    if settings.heads.start_from is not None:
        heads_to_start_from(settings.heads.start_from)


def check_rollout_memory(settings: Settings, available_bytes: int | None) -> None:
    """Raises ConfigurationError where the transitions between two updates do not fit the memory that is there (None
    where nobody knows)."""
    transitions = settings.learner.rollout_steps * settings.lanes
    # one rollout is played while the one before it is learned from
    space = HEADS_SPACE if settings.policy == "heads" else policy_space()
    wanted_bytes = 2 * transitions * transition_bytes(space, ACTION_COUNT)
    if available_bytes is not None and wanted_bytes > available_bytes:
        raise ConfigurationError(
            f"learner.rollout_steps is {settings.learner.rollout_steps} and lanes {settings.lanes}: the steps between "
            f"two updates take {wanted_bytes / 2**30:.1f} GiB, and {available_bytes / 2**30:.1f} GiB are free; lower "
            "one of them"
        )


def check_curriculum_milestones(settings: Settings, profile: RomProfile) -> None:
    """Raises ConfigurationError when the curriculum's stages or its rule name a milestone that the game lacks."""
    known = [milestone.id for milestone in load_game(profile.game).milestones]
    for where, name in Curriculum(settings.curriculum).milestones:
        if name not in known:
            raise ConfigurationError(
                f"{where} is {name!r}, which is no milestone of this game; it has {', '.join(known)}"
            )


def check_writable(name: str, folder: Path) -> None:
    """Raises ConfigurationError when `folder` cannot be made or written to; makes nothing."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise ConfigurationError(f"{name} is {folder}, and {there} is a file, not a folder; choose another")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ConfigurationError(f"{name} is {folder}, and {there} cannot be written; choose another")
