"""An episode of a decision record as something that can be played again, or the reason why it cannot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.env.emulator.console import EMULATOR
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import ConfigurationError, HistoryError
from core.game.profile import identify_rom
from core.history.beginnings import Beginning, beginning_of
from core.history.decision_columns import StoredDecision
from core.history.recent import decisions_of_episode
from core.history.store import HistoryStore
from core.history.summaries import EpisodeSummary, find_episode
from core.registry import is_path
from core.schema import parsed
from trainer.run.environments import environment_factory
from trainer.settings import Settings


@dataclass(frozen=True, slots=True)
class RecordedGame:
    """Everything that is needed to play an episode again."""

    summary: EpisodeSummary
    beginning: Beginning
    decisions: tuple[StoredDecision, ...]
    milestones: Mapping[int, tuple[str, ...]]
    """By the step that reached them."""
    settings: Settings
    """Those with which the episode was played."""

    @property
    def name(self) -> str:
        """Run and number."""
        return f"{self.summary.run}/{self.summary.number}"

    def environment(self) -> EnhancedPyBoyPokemonCrystalEnv:
        """An environment without a window to play it in; close it. Raises EnvironmentError where one cannot be made."""
        return environment_factory(self.settings)(0)


def recorded_game(
    store: HistoryStore, episode: str, settings: Settings | None = None, rom: Path | None = None
) -> RecordedGame:
    """The episode `7`, `run/7` or `last` of the record, ready to be played again.

    `settings` take the place of those of its run, `rom` that of their ROM. Raises HistoryError where the episode cannot
    be played again, with the reason.
    """
    summary = find_episode(store, episode)
    name = f"episode {summary.run}/{summary.number}"
    if summary.pruned:
        raise HistoryError(f"{name} cannot be played again: its decisions were pruned, only its numbers are left")
    beginning = beginning_of(store.connection, summary.id)
    if beginning is None:
        raise HistoryError(
            f"{name} cannot be played again: its seed was not recorded. That is so for episodes of an older "
            "program, and for decisions that a program recorded itself"
        )
    chosen = settings or _recorded_settings(store, summary, name)
    chosen = chosen.changed(headless=True, rom_path=rom, max_steps_per_episode=max(1, summary.steps))
    chosen = chosen.model_copy(update={"go_explore": None})  # a replay files no states
    sha1 = identify_rom(chosen.rom_path, chosen.allow_unknown_rom).sha1
    if sha1 != beginning.rom_sha1:
        raise HistoryError(
            f"{name} cannot be played again with {chosen.rom_path}: it was played with the ROM of SHA-1 "
            f"{beginning.rom_sha1}, this one has {sha1}; name that ROM with --rom"
        )
    if beginning.state is not None and beginning.emulator != EMULATOR:
        raise HistoryError(
            f"{name} cannot be played again here: it began in a save state of {beginning.emulator}, this is {EMULATOR}"
        )
    reached: dict[int, tuple[str, ...]] = {}
    for step, milestone in store.connection.execute(
        "select m.step, n.name from milestones m join names n on n.id = m.milestone_id where m.episode_id = ? "
        "order by m.step",
        (summary.id,),
    ):
        reached[step] = (*reached.get(step, ()), milestone)
    decisions = tuple(decisions_of_episode(store.connection, summary.id))
    return RecordedGame(summary, beginning, decisions, reached, chosen)


def _recorded_settings(store: HistoryStore, summary: EpisodeSummary, name: str) -> Settings:
    """The settings of the run, as they were when the episode was played."""
    run = store.find_run(summary.run)
    data: dict[str, Any] = json.loads(run.settings)
    for first_episode, change in store.changes_of(run.id):
        if first_episode <= summary.number:
            _put(data, change.key.split("."), json.loads(change.new))
    try:
        settings = parsed(Settings, data)
    except ConfigurationError as error:
        raise HistoryError(
            f"{name} cannot be played again by its run's settings, which are none of a training of this program "
            f"({error}); name a --config with the same rom_path, start_state, frame_cost and fast_options"
        ) from error
    named = [path for path in (settings.env_class, *settings.reward_events) if is_path(path)]
    if named:
        raise HistoryError(
            f"{name} was played with code of its user's own, {', '.join(named)}, and nothing that a record names is "
            "ever run: name the --config of its run"
        )
    return settings


def _put(data: dict[str, Any], keys: list[str], value: Any) -> None:
    """Sets the value at a dotted key; a section that was null is made."""
    *sections, last = keys
    for section in sections:
        inner = data.get(section)
        if not isinstance(inner, dict):
            inner = data[section] = {}
        data = inner
    data[last] = value
