"""What can be wrong with settings on this machine and with this game: it is found before anything is made."""

from __future__ import annotations

import os
from pathlib import Path

from agents.learning.network_registry import NETWORKS
from core.env.registry import ENV_CLASSES
from core.exceptions import ConfigurationError
from core.game.game_data import load_game
from core.game.profile import RomProfile
from trainer.curriculum import Curriculum
from trainer.settings import Settings


def check_settings(settings: Settings, profile: RomProfile) -> None:
    """Raises ConfigurationError for a folder that cannot be written, a name of a part that is none, a milestone or a
    weight of which the game or the reward events do not know. Makes nothing."""
    check_writable("save_dir", settings.save_dir)
    if settings.go_explore is not None:
        check_writable("go_explore.folder", settings.go_explore.folder)
    check_writable("folder of decision_db_path", settings.decision_db_path.parent)
    check_curriculum_milestones(settings, profile)
    NETWORKS.resolve(settings.learner.network, "learner.network")
    ENV_CLASSES.resolve(settings.env_class, "env_class")
    settings.rewards.check_names(settings.reward_kinds())


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
