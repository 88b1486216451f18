"""The environments of a run: those to train in, and a smaller set to evaluate in."""

from __future__ import annotations

from collections.abc import Callable

from core.env.go_explore_archive import GoExploreArchive
from core.env.lanes.vector_env import VectorEnv
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.registry import ENV_CLASSES
from trainer.lane_views.lane_slots import FOLDER
from trainer.lane_views.lane_view import LaneView
from trainer.settings import Settings


def open_environments(settings: Settings, archive_sha1: str) -> tuple[VectorEnv, VectorEnv | None]:
    """The lanes to train in and those to evaluate in; close both. None where the settings ask for no evaluation.
    Leaves no process behind when it fails."""
    env = VectorEnv(environment_factory(settings, archive_sha1), settings.lanes, settings.workers)
    lanes = min(settings.lanes, settings.eval_episodes)
    if lanes == 0:
        return env, None
    try:
        return env, VectorEnv(environment_factory(settings), lanes, min(settings.workers, lanes))
    except BaseException:
        env.close()
        raise


def environment_factory(
    settings: Settings, archive_sha1: str | None = None
) -> Callable[[int], EnhancedPyBoyPokemonCrystalEnv]:
    """A maker of one lane's environment, for `VectorEnv`.

    With the ROM's SHA-1 in `archive_sha1` its lanes file states in the settings' Go-Explore archive, and show
    themselves on the live page, if the settings name these. That is for training; what an evaluation meets must never
    become a start of training. Raises ConfigurationError where the settings name an env class or a reward event that is
    none.
    """
    env_class = ENV_CLASSES.resolve(settings.env_class, "env_class")
    reward_kinds = settings.reward_kinds()
    go_explore = settings.go_explore if archive_sha1 is not None else None

    def make_env(lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
        archive = None
        if go_explore is not None and archive_sha1 is not None:
            archive = GoExploreArchive(go_explore.folder, archive_sha1, go_explore.max_states)
        env = env_class(
            settings.rom_path,
            headless=settings.headless or lane > 0,
            observation_type=settings.observation_type,
            max_steps=settings.max_steps_per_episode,
            reward_weights=settings.rewards,
            reward_events=reward_kinds,
            final_milestone=settings.final_milestone,
            start_state=settings.start_state,
            start_cache=settings.start_cache,
            fast_options=settings.fast_options,
            frame_cost=settings.frame_cost,
            go_explore=archive,
            allow_unknown_rom=settings.allow_unknown_rom,
        )
        if settings.live_page is not None and archive_sha1 is not None:
            env.observer = LaneView(settings.save_dir / FOLDER, lane)
        return env

    return make_env
