"""An agent plays, and people watch: an evaluation of one lane, with its decisions under the picture."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from core.agent.hybrid_agent import HybridAgent
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.rules import RulePlayer
from core.vocabulary import AgentMode, EpisodeResult
from trainer.curriculum import Directive
from trainer.evaluation.evaluator import EvaluationResult, Evaluator
from trainer.play.loop import EndedEpisode, Stage
from trainer.play.player import PlayedStep
from trainer.play.single_lane import SingleLane
from trainer.watching.audience import Audience, Viewer
from trainer.watching.picture import Caption


class WatchedGame(Stage):
    """Knows what to write under the picture while the agent plays in `env`."""

    def __init__(self, env: EnhancedPyBoyPokemonCrystalEnv) -> None:
        self.agent: HybridAgent | None = None
        """Who plays; set when that is known."""
        self._env = env
        self._reward = 0.0

    def caption(self) -> Caption:
        """What is true now: a decision is made before its frames pass."""
        decision = None if self.agent is None else self.agent.last_decision(0)
        if decision is None:
            return Caption()
        return Caption(
            source=decision.source.value,
            action=decision.action,
            reasoning=decision.reasoning,
            option=decision.option_key,
            confidence=decision.confidence,
            step=self._env.episode_steps,
            reward=self._reward,
            milestones=self._env.milestones,
        )

    def after_step(self, played: PlayedStep) -> None:
        """Adds up the reward."""
        self._reward += float(played.rewards[0])

    def after_episode(self, ended: EndedEpisode) -> None:
        """Another game begins."""
        del ended
        self._reward = 0.0


def watch_games(
    env: EnhancedPyBoyPokemonCrystalEnv,
    agent: HybridAgent,
    mode: AgentMode,
    viewers: Sequence[Viewer],
    *,
    games: int,
    horizon_steps: int,
    speed: float,
    seed: int,
    directive: Directive,
    is_stopped: Callable[[], bool],
    rule_players: Callable[[int], Sequence[RulePlayer]],
    told: Callable[[EpisodeResult], object] = lambda result: None,
) -> EvaluationResult | None:
    """Plays `games` new games of at most `horizon_steps` with a frozen twin of the agent, and shows them to the viewers
    at `speed` times the normal one (0: as fast as they can be drawn).

    The games are those of an evaluation with that seed, and `rule_players` gives those of so many lanes. `told(result)`
    hears of each that has ended. None when the viewers left, or `is_stopped` said so, before all were played.
    """
    game = WatchedGame(env)

    class Telling(Stage):
        """Tells of games that have ended."""

        def after_episode(self, ended: EndedEpisode) -> None:
            told(ended.result)

    def watching(twin: HybridAgent) -> Sequence[Stage]:
        game.agent = twin
        return [game, Telling()]

    with Audience(viewers, speed, game.caption) as audience:
        env.watch(audience, audience.every_frames)
        evaluator = Evaluator(SingleLane(env), rule_players, seed)

        def goes_on(_finished: int, _steps: int) -> bool:
            return not (audience.has_left or is_stopped())

        return evaluator.evaluate(agent, mode, games, horizon_steps, directive, goes_on, watching)
