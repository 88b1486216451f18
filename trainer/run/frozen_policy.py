"""The learned policy of a checkpoint, for what needs nothing else of the run: exports and cards."""

from __future__ import annotations

from dataclasses import dataclass

from agents.learning.sb3_policy import MaskablePPOLearner
from core.env.policy_view import policy_space
from core.game.profile import RomProfile, identify_rom
from trainer.checkpoints.checkpoint import CheckpointStore, Snapshot
from trainer.checkpoints.damage import damage_is_said
from trainer.play.learned_half import playing_learner
from trainer.settings import Settings


@dataclass(frozen=True, slots=True)
class FrozenPolicy:
    """A policy and where it comes from."""

    learner: MaskablePPOLearner
    snapshot: Snapshot
    rom: RomProfile


def frozen_policy(settings: Settings, checkpoint: str) -> FrozenPolicy:
    """Reads "latest", "best_model", a name in `save_dir`, or a path. Raises CheckpointError for one that is damaged, of
    another game or of another network than the settings name."""
    rom = identify_rom(settings.rom_path, settings.allow_unknown_rom)
    snapshot = CheckpointStore(settings.save_dir).load(checkpoint, rom_sha1=rom.sha1)
    learner = playing_learner(settings, policy_space(settings.observation_type), settings.lanes)
    with damage_is_said(f"checkpoint {checkpoint}"):
        learner.load_tensors(snapshot.tensors)
        learner.load_state_dict(snapshot.state["learner"])
    return FrozenPolicy(learner, snapshot, rom)
