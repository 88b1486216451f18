"""An episode on the cartridge: all agents play side by side, one emulator each, for the same number of steps.

Where the mode lets them cooperate, they have one knowledge between them (`trainer/multi_model/knowledge.py`): decision
record, maps, archive of states, curriculum, what was reached. Rivals have one each. The leader of a hierarchy plans by
its rules or model; its followers' rules put its plan first.
Every full rollout brings an update, and the length of a rollout is chosen so that an episode ends with one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from agents.learning.policy_stack import PolicyStack
from agents.learning.sb3_policy import MaskablePPOLearner
from core.agent.arbiter import POLICY_MODES
from core.env.lanes.vector_env import VectorEnv
from core.env.lanes.vector_step import VectorStep
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.analysis import GameStateAnalysis
from core.game.profile import identify_rom
from core.vocabulary import Decision
from trainer.multi_model.config import MultiModelConfig, TrainingMode
from trainer.multi_model.knowledge import TeamState
from trainer.multi_model.lane_agent import LaneAgent, PolicyWeights
from trainer.multi_model.model_sources import RULES, ModelSource, load_players
from trainer.multi_model.players import Player
from trainer.multi_model.session import Deadline, ModelEpisode, PlayedEpisode, Standing
from trainer.multi_model.weights import WeightOwner, WeightUpdate
from trainer.play.episode_seeds import training_seed
from trainer.run.assembly import check_stage_milestones, check_writable, environment_factory
from trainer.settings import Settings

SEEDS_PER_EPISODE = 1000
"""Games that an episode can begin at most: one for each agent, and one more wherever a game ends early."""


class CartridgeSession:
    """The agents of a training, each in its emulator."""

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
            check_writable("go_explore.folder", self.settings.go_explore.folder)
            check_stage_milestones(self.settings, profile)
        self.knowledge = self._open_knowledge(Path(config.checkpoint_dir), count, profile.sha1)
        """The team's, or one of every rival."""
        self.env = VectorEnv(self._environment_factory(profile.sha1), count, self.settings.workers)
        self._episodes = 0
        self.agents = [
            LaneAgent(
                index,
                source.model_id,
                self.settings,
                self._new_policy(),
                players.get(source.model_id),
                self.knowledge[self._circle(index)],
                self.env.rom.game,
            )
            for index, source in enumerate(sources)
        ]
        self._stack: PolicyStack | None = None
        self._weights = [PolicyWeights(agent.model_id, agent.learner) for agent in self.agents]

    @property
    def learners(self) -> list[WeightOwner]:
        words = [player.learner for player in self.players if player.learner is not None]
        return [*self._weights, *words]

    def use_settings(self, config: MultiModelConfig) -> None:
        """The batch size; the rate of the button policies is that of the beginning."""
        for agent in self.agents:
            agent.learner.settings = replace(agent.learner.settings, minibatch_size=config.batch_size)
        for player in self.players:
            if player.learner is not None:
                player.learner.use_settings(config.learning_rate, config.batch_size)

    def play_episode(
        self, number: int, standing: Standing, deadline: Deadline, update: Callable[[], WeightUpdate]
    ) -> PlayedEpisode:
        self._appoint(standing.leader)
        self._stack_policies()
        episode = PlayedEpisode({agent.model_id: ModelEpisode() for agent in self.agents})
        seeds = iter(range((number - 1) * SEEDS_PER_EPISODE, number * SEEDS_PER_EPISODE))
        try:
            first = [training_seed(self._config.seed, next(seeds)) for _ in self.agents]
            current = self.env.reset(first)
            for agent in self.agents:
                current = self._begin_game(agent, first[agent.index], current)
            had = current.milestones.copy()
            reached = np.zeros_like(had)
            for step in range(1, self.episode_steps + 1):
                deadline.check(f"episode {number}")
                before = current
                decisions = self._decide(before, episode)
                after = self.env.step(np.array([decision.action for decision in decisions]))
                self._call_time(after)
                is_last = step == self.episode_steps
                self._live(standing, before, decisions, after, is_last, episode)
                reached |= after.milestones & ~had
                current = after
                for lane in np.flatnonzero(after.done).tolist():
                    if not is_last:
                        current = self._begin_game(self.agents[lane], training_seed(self._config.seed, next(seeds)))
                        had[lane] = current.milestones[lane]
                if self.agents[0].learner.ready:
                    episode.updates.append(update())
                    self._stack_policies()
        except BaseException:
            for agent in self.agents:
                agent.recorder.discard()
                agent.learner.discard_rollout()
            raise
        self._finish(number, reached, episode)
        return episode

    def tensors(self) -> dict[str, Mapping[str, Any]]:
        tables: dict[str, dict[str, Any]] = {
            agent.model_id: {f"policy/{key}": value for key, value in agent.learner.tensors().items()}
            for agent in self.agents
        }
        for player in self.players:
            if player.learner is not None:
                words = player.learner.tensors()
                tables[player.model_id] |= {f"words/{key}": value for key, value in words.items()}
        return dict(tables)

    def load_tensors(self, tensors: Mapping[str, Mapping[str, Any]]) -> None:
        for agent in self.agents:
            agent.learner.load_tensors(_part(tensors[agent.model_id], "policy/"))
        for player in self.players:
            if player.learner is not None:
                player.learner.load_tensors(_part(tensors[player.model_id], "words/"))

    def state_dict(self) -> dict[str, Any]:
        return {
            "agents": {agent.model_id: agent.state_dict() for agent in self.agents},
            "knowledge": [knowledge.state_dict() for knowledge in self.knowledge],
            "episodes": self._episodes,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores; what the decision records have beyond the checkpoint is played again."""
        self._episodes = int(state["episodes"])
        for knowledge, saved in zip(self.knowledge, state["knowledge"], strict=True):
            knowledge.load_state_dict(saved, self._episodes * len(self.agents))
        for agent in self.agents:
            agent.load_state_dict(state["agents"][agent.model_id])

    def save_adapters(self, folder: Path) -> None:
        for player in self.players:
            if player.learner is not None:
                player.learner.policy.text.save_adapter(folder)

    def close(self) -> None:
        self.env.close()
        for knowledge in self.knowledge:
            knowledge.close()
        for player in self.players:
            player.close()

    # -- one step ----------------------------------------------------------------------------------------------

    def _decide(self, before: VectorStep, episode: PlayedEpisode) -> list[Decision]:
        decisions = []
        chances = None if self._stack is None else self._stack.probabilities(before.observations, before.masks)
        for agent in self.agents:
            begun_s = time.perf_counter()
            own = None if chances is None else chances[agent.index : agent.index + 1]
            decisions.append(agent.decide(before, before.game_state, own))
            episode.models[agent.model_id].decision_s += time.perf_counter() - begun_s
        return decisions

    def _live(
        self,
        standing: Standing,
        before: VectorStep,
        decisions: Sequence[Decision],
        after: VectorStep,
        is_last: bool,
        episode: PlayedEpisode,
    ) -> None:
        rewards = after.rewards.astype(np.float64)
        paid = standing.pay(rewards, self._followed(decisions, standing.leader)) if rewards.any() else rewards
        for agent, decision, reward, pay in zip(self.agents, decisions, rewards.tolist(), paid.tolist(), strict=True):
            if not after.lost_steps[agent.index]:  # a lost step was decided and never played
                context = GameStateAnalysis.from_game_state(before.game_state(agent.index)).context
                agent.recorder.record(decision, reward, context)
            agent.live(before, decision, reward, pay, is_last, after)
            one = episode.models[agent.model_id]
            one.reward += reward
            one.paid += pay
            one.steps += 1
        if after.done.any():
            for agent in self.agents:
                agent.direct()

    def _call_time(self, after: VectorStep) -> None:
        """A game that has had all the steps of its stage is over."""
        horizons = np.array([agent.horizon_steps for agent in self.agents])
        after.truncated[:] |= (after.episode_steps >= horizons) & ~after.terminated

    def _followed(self, decisions: Sequence[Decision], leader: int | None) -> np.ndarray | None:
        if leader is None:
            return None
        plan = decisions[leader].option_key
        return np.array([float(bool(plan) and decision.option_key == plan) for decision in decisions])

    # -- one episode -------------------------------------------------------------------------------------------

    def _appoint(self, leader: int | None) -> None:
        for agent in self.agents:
            follows = leader is not None and agent.index != leader
            agent.plans.leader = self.agents[leader].plans if leader is not None and follows else None
            reached = agent.knowledge.milestones
            if agent.manager is not None and self._shares and reached:
                agent.manager.news = f"Your team has reached: {', '.join(sorted(reached))}.\n"

    def _begin_game(self, agent: LaneAgent, seed: int, at_its_start: VectorStep | None = None) -> VectorStep:
        """Lets an agent's next game begin where its knowledge says; `at_its_start`: its lane was reset just now."""
        start = agent.knowledge.next_start()
        agent.begin_game(from_archive=start is not None)
        if at_its_start is not None and start is None:
            return at_its_start
        return self.env.reset_lane(agent.index, seed, start)

    def _finish(self, number: int, reached: np.ndarray, episode: PlayedEpisode) -> None:
        self._episodes = number
        for agent in self.agents:
            one = episode.models[agent.model_id]
            names = np.flatnonzero(reached[agent.index])
            one.milestones = tuple(self.env.milestone_names[index] for index in names)
            agent.finish_episode()
            if agent.player is not None:
                one.unanswered, agent.player.unanswered = agent.player.unanswered, 0
            place = (number - 1) * len(self.agents) + agent.index + 1
            record = agent.recorder.finish(place, terminated=False, truncated=True)
            agent.knowledge.commit(record, self._config.as_dict())
            agent.knowledge.milestones.update(one.milestones)
        episode.environment = {
            "env_type": "cartridge",
            "rom_sha1": self.env.rom.profile.sha1,
            "num_agents": len(self.agents),
            "step_count": self.episode_steps,
        }

    def _stack_policies(self) -> None:
        """After every change of weights: all policies side by side, to be asked at once; None where none is asked."""
        is_asked = self.settings.agent_mode in POLICY_MODES
        self._stack = PolicyStack([agent.learner.policy for agent in self.agents]) if is_asked else None

    # -- parts -------------------------------------------------------------------------------------------------

    def _new_policy(self) -> MaskablePPOLearner:
        """All start alike, so that averages of weights mean something from the start."""
        return MaskablePPOLearner(self.env.policy_space, 1, self.settings.learner, self._config.seed)

    def _open_knowledge(self, folder: Path, count: int, rom_sha1: str) -> list[TeamState]:
        folder.mkdir(parents=True, exist_ok=True)
        if self._shares:
            return [TeamState(folder / "decisions.db", self.settings, rom_sha1)]
        return [
            TeamState(folder / f"decisions_{index}.db", self._settings_of(index), rom_sha1) for index in range(count)
        ]

    def _circle(self, index: int) -> int:
        """Whose knowledge an agent has: the team's, or its own."""
        return 0 if self._shares else index

    def _settings_of(self, index: int) -> Settings:
        """The settings, with an archive of states that belongs to the agent's team or, of rivals, to it alone."""
        go_explore = self.settings.go_explore
        if self._shares or go_explore is None:
            return self.settings
        own = go_explore.model_copy(update={"folder": go_explore.folder / f"agent_{index}"})
        return self.settings.model_copy(update={"go_explore": own})

    def _environment_factory(self, rom_sha1: str) -> Callable[[int], EnhancedPyBoyPokemonCrystalEnv]:
        return lambda lane: environment_factory(self._settings_of(lane), rom_sha1)(lane)


def _part(table: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in table.items() if key.startswith(prefix)}


def rollout_steps(episode_length: int, wished: int) -> int:
    """Steps between two updates of the policies, so that an episode ends with one: at most `wished`."""
    updates = -(-episode_length // wished)
    return episode_length // updates
