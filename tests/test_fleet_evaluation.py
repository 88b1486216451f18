"""An evaluation in a fleet: the games of one that is played in this process, shared among workers."""

from __future__ import annotations

import json
import os
import signal
from contextlib import ExitStack

import pytest

from agents.heads.saved_heads import load_bundled
from core.agent.standings import Standings
from core.env.lanes.vector_env import VectorEnv
from core.vocabulary import AgentMode
from tests.utils import create_test_trainer
from trainer.evaluation.evaluator import EvaluationResult, Evaluator
from trainer.evaluation.fleet_evaluator import FleetEvaluator
from trainer.evaluation.frozen_agent import frozen_heads
from trainer.hybrid_llm_rl_trainer import HybridLLMRLTrainer
from trainer.run.environments import environment_factory, open_evaluation_fleet

GAMES, HORIZON = 5, 30


@pytest.fixture(scope="module")
def trainer(tmp_path_factory: pytest.TempPathFactory) -> HybridLLMRLTrainer:
    """One that has learned from two games."""
    made = create_test_trainer(temp_dir=tmp_path_factory.mktemp("run"), eval_episodes=0, lanes=4, workers=2)
    made.train(total_episodes=2)
    return made


def played(trainer: HybridLLMRLTrainer, evaluator: Evaluator | FleetEvaluator, mode: AgentMode) -> EvaluationResult:
    directive = trainer.run.curriculum.directive()
    result = evaluator.evaluate(trainer.agent, mode, GAMES, HORIZON, directive)
    assert result is not None
    return result


def numbers(result: EvaluationResult) -> list[tuple[int, float, int, tuple[str, ...]]]:
    return [(one.episode, one.reward, one.steps, one.milestones) for one in result.episodes]


def test_one_worker_plays_the_games_of_this_process(trainer: HybridLLMRLTrainer) -> None:
    settings = trainer.settings.model_copy(update={"workers": 1})
    with (
        open_evaluation_fleet(settings, GAMES) as fleet,
        VectorEnv(environment_factory(settings), fleet.lanes, 1) as env,
    ):
        inside = Evaluator(env, trainer._rule_players, settings.seed)
        for mode in (AgentMode.ADAPTIVE, AgentMode.RL_ONLY, AgentMode.RULES_ONLY):
            expected = numbers(played(trainer, inside, mode))
            assert numbers(played(trainer, FleetEvaluator(fleet, settings.seed), mode)) == expected, mode


def test_workers_share_the_games_and_change_nothing_of_the_agent(trainer: HybridLLMRLTrainer) -> None:
    before = json.dumps(trainer.agent.state_dict(), default=str), trainer.strategy_system.state_dict()
    told: list[tuple[int, int]] = []
    with open_evaluation_fleet(trainer.settings, GAMES) as fleet:
        assert fleet.blueprint.workers == 2
        evaluator = FleetEvaluator(fleet, trainer.settings.seed)
        first = numbers(played(trainer, evaluator, AgentMode.RL_ONLY))
        os.kill(fleet.worker_processes()[1], signal.SIGKILL)
        assert numbers(played(trainer, evaluator, AgentMode.RL_ONLY)) == first, "a worker that died is replaced"
        assert [number for number, *_ in first] == [1, 2, 3, 4, 5]
        directive = trainer.run.curriculum.directive()

        def until_told(finished: int, steps: int) -> bool:
            told.append((finished, steps))
            return steps == 0

        assert evaluator.evaluate(trainer.agent, AgentMode.RL_ONLY, GAMES, 5000, directive, until_told) is None
    assert any(steps for _, steps in told)
    assert (json.dumps(trainer.agent.state_dict(), default=str), trainer.strategy_system.state_dict()) == before
    trainer.close()


def test_the_bundled_heads_play_in_a_fleet_as_in_this_process(trainer: HybridLLMRLTrainer) -> None:
    with ExitStack() as stack:
        settings = trainer.settings.model_copy(update={"workers": 1})
        fleet = stack.enter_context(open_evaluation_fleet(settings, GAMES))
        env = stack.enter_context(VectorEnv(environment_factory(settings), fleet.lanes, 1))
        agent, directive = frozen_heads(settings, load_bundled(), Standings(), fleet.rom.game.name, stack)
        inside = Evaluator(env, trainer._rule_players, settings.seed)
        several = FleetEvaluator(stack.enter_context(open_evaluation_fleet(trainer.settings, GAMES)), settings.seed)
        for mode in (AgentMode.ADAPTIVE, AgentMode.RL_ONLY, AgentMode.RULES_ONLY):
            results = [
                one.evaluate(agent, mode, GAMES, HORIZON, directive)
                for one in (inside, FleetEvaluator(fleet, settings.seed), several)
            ]
            expected, alone, shared = ([] if one is None else numbers(one) for one in results)
            assert alone == expected and len(expected) == GAMES, mode
            assert [number for number, *_ in shared] == [number for number, *_ in expected], mode
