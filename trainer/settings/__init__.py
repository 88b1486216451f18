"""What a user may set, and how a config file is read."""

from core.agent.curriculum_settings import CurriculumSettings, StageSettings
from trainer.settings.loading import load_settings
from trainer.settings.models import GoExploreSettings, Settings

__all__ = ["CurriculumSettings", "GoExploreSettings", "Settings", "StageSettings", "load_settings"]
