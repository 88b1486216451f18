"""An episode on the cartridge: all models play side by side, one emulator each, for the same number of steps.

The agents sit where the emulators are, in the workers of a fleet (`trainer/multi_model/seats/`), and play through the
loop of every training (`trainer/play/loop.py`), a seat each; each game that ends is recorded and counted as there. What
is done here besides: the mode says what they are paid, a leader is appointed, and every full rollout brings an update
of the weights; the length of a rollout is chosen so that an episode ends with one.

Where the mode lets the models cooperate, they have one team between them (`trainer/multi_model/model_team.py`). Rivals
have one each.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from agents.learning.sb3_policy import MaskablePPOLearner
from core.exceptions import CheckpointError
from core.game.profile import identify_rom
from core.history.records import SettingChange
from trainer.multi_model.config import MultiModelConfig, TrainingMode
from trainer.multi_model.model_seat import ModelSeat, PolicyWeights
from trainer.multi_model.model_sources import RULES, ModelSource, load_players
from trainer.multi_model.model_team import ModelTeam
from trainer.multi_model.players import Player
from trainer.multi_model.seated_episode import SeatedEpisode
from trainer.multi_model.seats.broker import SeatsBroker
from trainer.multi_model.seats.episode import EpisodePlan, FleetEpisode
from trainer.multi_model.seats.update import WeightUpdates
from trainer.multi_model.session import Deadline, PlayedEpisode, Standing
from trainer.multi_model.weights import WeightOwner, WeightUpdate
from trainer.play.stages import CurriculumStage
from trainer.run.checks import check_curriculum_milestones, check_writable
from trainer.run.environments import open_training_fleet
from trainer.settings import Settings

log = logging.getLogger(__name__)

SEEDS_PER_EPISODE = 1000
"""Games that an episode can begin at most: one for each model, and one more wherever a game ends early."""


class SeatedSession:
    """The models of a training, each in its emulator."""

    def __init__(
        self, settings: Settings, sources: Sequence[ModelSource], config: MultiModelConfig, folder: Path
    ) -> None:
        self._config = config
        count = len(sources)
        steps = rollout_steps(config.episode_length, settings.learner.rollout_steps)
        self.episode_steps = config.episode_length // steps * steps
        """Steps of an episode: `episode_length`, less what is left over after whole rollouts."""
        self.settings = settings.model_copy(
            update={
                "lanes": count,
                "workers": min(settings.workers, count),
                "seed": config.seed,
                "max_steps_per_episode": self.episode_steps,
                "learner": replace(
                    settings.learner,
                    rollout_steps=steps,
                    minibatch_size=config.batch_size,
                    learning_rate=config.learning_rate,
                ),
            }
        )
        self._shares = config.training_mode is not TrainingMode.COMPETITIVE
        profile = identify_rom(self.settings.rom_path, self.settings.allow_unknown_rom)
        if self.settings.straggler_factor is not None:
            log.warning("straggler_factor counts for one agent: where several learn, all workers are waited for")
        if self.settings.go_explore is not None:
            check_writable("go_explore.folder", self.settings.go_explore.folder)
        check_curriculum_milestones(self.settings, profile)
        # what plays is always Stable-Baselines3's policy, and workers are forked before any model is loaded
        self.fleet = open_training_fleet(self.settings.model_copy(update={"policy": "sb3"}), profile.sha1)
        try:
            with_words = [source for source in sources if source.kind != RULES]
            players = {player.model_id: player for player in load_players(config, with_words, folder)}
            self.teams = self._open_teams(Path(config.checkpoint_dir), count, profile.sha1)
            """The one of all, or one of every rival."""
        except BaseException:
            self.fleet.close()
            raise
        self.players: list[Player] = list(players.values())
        self._episodes = 0
        self._sessions = 0
        self.seats = [
            ModelSeat(
                lane,
                source.model_id,
                self.settings,
                self._new_policy(),
                players.get(source.model_id),
                self._team_at(lane),
            )
            for lane, source in enumerate(sources)
        ]
        self._weights = [PolicyWeights(seat.model_id, seat.learner) for seat in self.seats]
        self._broker = SeatsBroker(self.seats, [self._team_at(seat.lane) for seat in self.seats], self.fleet.blueprint)
        self._updates = WeightUpdates(beside_play=all(player.learner is None for player in self.players))

    @property
    def learners(self) -> list[WeightOwner]:
        words = [player.learner for player in self.players if player.learner is not None]
        return [*self._weights, *words]

    def use_settings(self, config: MultiModelConfig) -> None:
        """The batch size; the rate of the button policies is that of the beginning."""
        for seat in self.seats:
            seat.learner.settings = replace(seat.learner.settings, minibatch_size=config.batch_size)
        for player in self.players:
            if player.learner is not None:
                player.learner.use_settings(config.learning_rate, config.batch_size)

    def play_episode(
        self, number: int, standing: Standing, deadline: Deadline, update: Callable[[], WeightUpdate]
    ) -> PlayedEpisode:
        self._tell_news()
        for team in self.teams:
            team.begin()
            team.start_clock()
        before = [team.state_dict() for team in self.teams]
        account = SeatedEpisode(self.seats, self.fleet.milestone_names)
        self._sessions += 1
        plan = EpisodePlan(
            session=self._sessions,
            first_seed=(number - 1) * SEEDS_PER_EPISODE,
            steps=self.episode_steps,
            standing=standing,
            deadline=deadline,
            name=f"episode {number}",
        )
        stages = [CurriculumStage(self.seats)]
        episode = FleetEpisode(self.fleet, self._broker, self.seats, self.teams, plan, account, stages)
        try:
            episode.play(update, self._updates)
        except BaseException:
            self._updates.wait()
            for seat in self.seats:
                seat.abandon()
            for team, state in zip(self.teams, before, strict=True):
                team.load_state_dict(state)
                team.drop_later_games()
            raise
        for team in self.teams:
            team.starts.drop_running()
        self._episodes = number
        return account.finished(self._environment_info())

    def tensors(self) -> dict[str, Mapping[str, Any]]:
        tables: dict[str, dict[str, Any]] = {
            seat.model_id: {f"policy/{key}": value for key, value in seat.learner.tensors().items()}
            for seat in self.seats
        }
        for player in self.players:
            if player.learner is not None:
                words = player.learner.tensors()
                tables[player.model_id] |= {f"words/{key}": value for key, value in words.items()}
        return dict(tables)

    def load_tensors(self, tensors: Mapping[str, Mapping[str, Any]]) -> None:
        for seat in self.seats:
            seat.learner.load_tensors(_part(tensors[seat.model_id], "policy/"))
        for player in self.players:
            if player.learner is not None:
                player.learner.load_tensors(_part(tensors[player.model_id], "words/"))

    def state_dict(self) -> dict[str, Any]:
        return {
            "seats": {seat.model_id: seat.state_dict() for seat in self.seats},
            "teams": [team.state_dict() for team in self.teams],
            "episodes": self._episodes,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores, and changes nothing on disk."""
        if len(state["teams"]) != len(self.teams):
            raise CheckpointError(
                f"the checkpoint is of {len(state['teams'])} teams, this training has {len(self.teams)}: models that "
                "compete have one each, others one between them; use the training_mode that it was made with"
            )
        for team, saved in zip(self.teams, state["teams"], strict=True):
            team.load_state_dict(saved)
        for seat in self.seats:
            seat.load_state_dict(state["seats"][seat.model_id])
        self._episodes = int(state["episodes"])

    def settings_dict(self) -> dict[str, Any]:
        """The config of the cartridge, with what the training's own settings put in its place."""
        return self.settings.model_dump(mode="json")

    def go_on(self, changes: Collection[SettingChange]) -> None:
        """What the decision records have beyond the restored state is played again; the changes are noted there."""
        for team in self.teams:
            team.go_on(changes)

    def save_adapters(self, folder: Path) -> None:
        for player in self.players:
            if player.learner is not None:
                player.learner.policy.text.save_adapter(folder)

    def close(self) -> None:
        self._broker.close()
        self.fleet.close()
        self._updates.close()
        for team in self.teams:
            team.close()
        for player in self.players:
            player.close()

    # -- one episode -------------------------------------------------------------------------------------------

    def _tell_news(self) -> None:
        """What the mates have achieved, to those who can read."""
        for seat in self.seats:
            reached = seat.team.tally.milestones
            if seat.manager is not None and self._shares and reached:
                seat.manager.news = f"Your team has reached: {', '.join(sorted(reached))}.\n"

    def _environment_info(self) -> dict[str, Any]:
        return {
            "env_type": "cartridge",
            "rom_sha1": self.fleet.rom.profile.sha1,
            "num_agents": len(self.seats),
            "step_count": self.episode_steps,
        }

    def _team_at(self, lane: int) -> ModelTeam:
        return self.teams[0 if self._shares else lane]

    # -- parts -------------------------------------------------------------------------------------------------

    def _new_policy(self) -> MaskablePPOLearner:
        """All start alike, so that averages of weights mean something from the start."""
        return MaskablePPOLearner(self.fleet.policy_space, 1, self.settings.learner, self._config.seed)

    def _open_teams(self, folder: Path, count: int, rom_sha1: str) -> list[ModelTeam]:
        folder.mkdir(parents=True, exist_ok=True)
        names = ["decisions.db"] if self._shares else [f"decisions_{lane}.db" for lane in range(count)]
        recorded = self._config.as_dict()
        return [
            ModelTeam(folder / name, self._settings_of(lane), rom_sha1, recorded) for lane, name in enumerate(names)
        ]

    def _settings_of(self, lane: int) -> Settings:
        """The settings, with an archive of states that belongs to the model's team or, of rivals, to it alone."""
        go_explore = self.settings.go_explore
        if self._shares or go_explore is None:
            return self.settings
        own = go_explore.model_copy(update={"folder": go_explore.folder / f"agent_{lane}"})
        return self.settings.model_copy(update={"go_explore": own})


def _part(table: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in table.items() if key.startswith(prefix)}


def rollout_steps(episode_length: int, wished: int) -> int:
    """Steps between two updates of the policies, so that an episode ends with one: at most `wished`."""
    updates = -(-episode_length // wished)
    return episode_length // updates
