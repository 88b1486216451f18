"""The environments of a run: how one is made, and the fleets to train in and to evaluate in."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.env.go_explore_archive import CarriedStates, GoExploreArchive
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.env.registry import ENV_CLASSES
from trainer.fleet.blueprint import Blueprint
from trainer.fleet.engine import open_fleet
from trainer.fleet.fleet import Fleet
from trainer.lane_views.lane_slots import FOLDER
from trainer.lane_views.lane_view import LaneView
from trainer.lane_views.live_decisions import shows_lanes
from trainer.settings import Settings


def open_fleets(settings: Settings, archive_sha1: str) -> tuple[Fleet, Fleet | None]:
    """The fleet to train in and the one to evaluate in; close both. None where the settings ask for no evaluation.
    Leaves no process behind when it fails."""
    fleet = open_training_fleet(settings, archive_sha1)
    if settings.eval_episodes == 0:
        return fleet, None
    try:
        return fleet, open_evaluation_fleet(settings, settings.eval_episodes, shown=True)
    except BaseException:
        fleet.close()
        raise


def open_evaluation_fleet(settings: Settings, games: int, *, shown: bool = False) -> Fleet:
    """The fleet for evaluations of so many games, with no more lanes than games; close it. With `shown` its lanes take
    the training's place on the live page."""
    lanes = min(settings.lanes, games)
    factory = replace(environment_factory(settings), shown=shown)
    blueprint = Blueprint(settings, factory, lanes, min(settings.workers, lanes))
    return _open(blueprint, cores_a_worker=0.0)  # it plays while the training waits, on the cores of that


def open_training_fleet(settings: Settings, archive_sha1: str) -> Fleet:
    """The fleet to train in; close it. States for an archive are carried home."""
    factory = environment_factory(settings, archive_sha1, carries=True)
    return _open(Blueprint(settings, factory, settings.lanes, settings.workers))


def _open(blueprint: Blueprint, cores_a_worker: float = 1.0) -> Fleet:
    """A fleet of the engine that the settings name."""
    return open_fleet(blueprint, blueprint.settings.cluster, cores_a_worker)


@dataclass(frozen=True, slots=True)
class EnvironmentMaker:
    """Makes the environment of a lane. It can be pickled, so that a worker elsewhere can make it."""

    settings: Settings
    archive_sha1: str | None
    carries: bool
    shown: bool
    """On the live page, if the settings name one."""

    def __call__(self, lane: int) -> EnhancedPyBoyPokemonCrystalEnv:
        """The environment; only lane 0 ever has a window."""
        settings, archive = self.settings, None
        if settings.go_explore is not None and self.archive_sha1 is not None:
            given = settings.go_explore
            if self.carries:
                archive = CarriedStates()
            else:
                archive = GoExploreArchive(given.folder, self.archive_sha1, given.max_states)
        env = ENV_CLASSES.resolve(settings.env_class, "env_class")(
            settings.rom_path,
            headless=settings.headless or lane > 0,
            observation_type=settings.observation_type,
            max_steps=settings.max_steps_per_episode,
            reward_weights=settings.rewards,
            reward_events=settings.reward_kinds(),
            final_milestone=settings.final_milestone,
            start_state=settings.start_state,
            start_cache=settings.start_cache,
            fast_options=settings.fast_options,
            frame_cost=settings.frame_cost,
            go_explore=archive,
            allow_unknown_rom=settings.allow_unknown_rom,
        )
        if self.shown and shows_lanes(settings):
            env.observer = LaneView(settings.save_dir / FOLDER, lane, counts_cells=self.archive_sha1 is not None)
        return env

    def with_settings(self, settings: Settings) -> EnvironmentMaker:
        """The same with other settings, as a worker on another machine has them."""
        return replace(self, settings=settings)


def environment_factory(
    settings: Settings, archive_sha1: str | None = None, *, carries: bool = False
) -> EnvironmentMaker:
    """A maker of lanes' environments, for fleets and `VectorEnv`.

    With the ROM's SHA-1 in `archive_sha1` its lanes file states in the settings' Go-Explore archive, and show
    themselves on the live page, if the settings name these. That is for training; what an evaluation meets must never
    become a start of training. With `carries` they only carry the states, for a driver that files. Raises
    ConfigurationError where the settings name an env class or a reward event that is none.
    """
    ENV_CLASSES.resolve(settings.env_class, "env_class")
    settings.reward_kinds()
    return EnvironmentMaker(settings, archive_sha1, carries, shown=archive_sha1 is not None)
