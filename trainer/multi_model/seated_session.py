"""An episode on the cartridge: all models play side by side, one emulator each, for the same number of steps.

They play through the loop of every training (`trainer/play/loop.py`), a seat each, and each game that ends is recorded
and counted as there. What is done here besides: the mode says what they are paid, a leader is appointed, and every full
rollout brings an update of the weights; the length of a rollout is chosen so that an episode ends with one.

Where the mode lets the models cooperate, they have one team between them (`trainer/multi_model/model_team.py`). Rivals
have one each.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.learning.policy_stack import PolicyStack
from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.arbiter import POLICY_MODES
from core.env.lanes.lane_worker import MakeEnv
from core.exceptions import CheckpointError, ConfigurationError
from core.game.profile import identify_rom
from core.history.records import SettingChange
from trainer.multi_model.config import MultiModelConfig, TrainingMode
from trainer.multi_model.model_seat import ModelSeat, PolicyWeights
from trainer.multi_model.model_sources import RULES, ModelSource, load_players
from trainer.multi_model.model_team import ModelTeam
from trainer.multi_model.players import Player
from trainer.multi_model.seated_episode import SeatedEpisode
from trainer.multi_model.session import Deadline, PlayedEpisode, Standing
from trainer.multi_model.weights import WeightOwner, WeightUpdate
from trainer.play.episode_seeds import training_seed
from trainer.play.games import TrainingGames
from trainer.play.loop import Payment, PlayLoop, Stage
from trainer.play.player import LanePlayer, PlayedStep
from trainer.play.seats import Seating
from trainer.play.stages import CreditStage, CurriculumStage, LearnStage, RecordStage, TallyStage
from trainer.run.checks import check_curriculum_milestones, check_writable
from trainer.run.environments import environment_factory, open_lanes
from trainer.settings import Settings

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
        with_words = [source for source in sources if source.kind != RULES]
        players = {player.model_id: player for player in load_players(config, with_words, folder)}
        self.players: list[Player] = list(players.values())
        self._shares = config.training_mode is not TrainingMode.COMPETITIVE
        profile = identify_rom(self.settings.rom_path, self.settings.allow_unknown_rom)
        if self.settings.go_explore is not None:
            if self.settings.cluster is not None:
                raise ConfigurationError(
                    f"go_explore and cluster {self.settings.cluster!r} do not go together in a training of several "
                    "models: the archive is a folder of this machine; leave one of them out"
                )
            check_writable("go_explore.folder", self.settings.go_explore.folder)
        check_curriculum_milestones(self.settings, profile)
        self.teams = self._open_teams(Path(config.checkpoint_dir), count, profile.sha1)
        """The one of all, or one of every rival."""
        self.env = open_lanes(self.settings, self._environment_factory(profile.sha1))
        self._episodes = 0
        self.seats = [
            ModelSeat(
                lane,
                source.model_id,
                self.settings,
                self._new_policy(),
                players.get(source.model_id),
                self.teams[0 if self._shares else lane],
                self.env.rom.game,
            )
            for lane, source in enumerate(sources)
        ]
        self.seating = Seating(self.seats)
        self._player = LanePlayer(self.env, self.seating, with_contexts=True)
        self._weights = [PolicyWeights(seat.model_id, seat.learner) for seat in self.seats]

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
        self._appoint(standing.leader)
        self._stack_policies()
        for team in self.teams:
            team.begin()
            team.start_clock()
        before = [team.state_dict() for team in self.teams]
        episode = SeatedEpisode(self.seats, self.env.milestone_names)
        loop = PlayLoop(self._player, self._games(number), self._stages(episode), payment_of(standing))
        try:
            loop.begin()
            for step in range(1, self.episode_steps + 1):
                deadline.check(f"episode {number}")
                loop.step(cut=step == self.episode_steps)
                if self.seats[0].learner.ready:
                    episode.updates.append(update())
                    self._stack_policies()
        except BaseException:
            for seat in self.seats:
                seat.abandon()
            for team, state in zip(self.teams, before, strict=True):
                team.load_state_dict(state)
                team.drop_later_games()
            raise
        for team in self.teams:
            team.starts.drop_running()
        self._episodes = number
        return episode.finished(self._environment_info())

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
        self.env.close()
        for team in self.teams:
            team.close()
        for player in self.players:
            player.close()

    # -- one episode -------------------------------------------------------------------------------------------

    def _appoint(self, leader: int | None) -> None:
        for seat in self.seats:
            follows = leader is not None and seat.lane != leader
            seat.plans.leader = self.seats[leader].plans if leader is not None and follows else None
            reached = seat.team.tally.milestones
            if seat.manager is not None and self._shares and reached:
                seat.manager.news = f"Your team has reached: {', '.join(sorted(reached))}.\n"

    def _games(self, number: int) -> TrainingGames:
        """Games of as many steps as the episode has at most, on seeds of the episode's own."""
        seeds = itertools.count((number - 1) * SEEDS_PER_EPISODE)
        teams = [seat.team for seat in self.seats]
        return TrainingGames(teams, lambda _: training_seed(self._config.seed, next(seeds)), self.episode_steps)

    def _stages(self, episode: SeatedEpisode) -> list[Stage]:
        return [
            TallyStage(self.seating),
            CreditStage(self.seating),
            RecordStage.of_teams(self.seating),
            LearnStage(self.seating),
            CurriculumStage(self.seating),
            episode,
        ]

    def _environment_info(self) -> dict[str, Any]:
        return {
            "env_type": "cartridge",
            "rom_sha1": self.env.rom.profile.sha1,
            "num_agents": len(self.seats),
            "step_count": self.episode_steps,
        }

    def _stack_policies(self) -> None:
        """After every change of weights: all policies side by side, to be asked at once; None where none is asked."""
        is_asked = self.settings.agent_mode in POLICY_MODES
        self.seating.stack = PolicyStack([seat.learner.policy for seat in self.seats]) if is_asked else None

    # -- parts -------------------------------------------------------------------------------------------------

    def _new_policy(self) -> MaskablePPOLearner:
        """All start alike, so that averages of weights mean something from the start."""
        return MaskablePPOLearner(self.env.policy_space, 1, self.settings.learner, self._config.seed)

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

    def _environment_factory(self, rom_sha1: str) -> MakeEnv:
        """Of rivals each has an archive of its own."""
        if self._shares or self.settings.go_explore is None:
            return environment_factory(self.settings, rom_sha1)
        return lambda lane: environment_factory(self._settings_of(lane), rom_sha1)(lane)


def payment_of(standing: Standing) -> Payment:
    """What the mode pays for a step."""

    def paid(played: PlayedStep) -> NDArray[np.floating]:
        rewards = played.rewards.astype(np.float64)
        return standing.pay(rewards, followed(played, standing.leader)) if rewards.any() else rewards

    return paid


def followed(played: PlayedStep, leader: int | None) -> NDArray[np.float64] | None:
    """By lane: 1 where the leader's plan is carried out, else 0; None without a leader."""
    if leader is None:
        return None
    plan = played.decisions[leader].option_key
    return np.array([float(bool(plan) and decision.option_key == plan) for decision in played.decisions])


def _part(table: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in table.items() if key.startswith(prefix)}


def rollout_steps(episode_length: int, wished: int) -> int:
    """Steps between two updates of the policies, so that an episode ends with one: at most `wished`."""
    updates = -(-episode_length // wished)
    return episode_length // updates
