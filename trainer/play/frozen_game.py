"""One game of an agent that does not learn, in an env that is there for it alone."""

from __future__ import annotations

from collections import Counter

from core.agent.agent_state import AgentState
from core.agent.arbitration import TeacherCurriculum
from core.agent.hybrid_agent import HybridAgent
from core.agent.lane_transitions import LaneInputs
from core.agent.standings import Standings
from core.env.lanes.lane_history import StartPoint
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv, Outcome
from core.rules import RulePlayer
from core.vocabulary import Decision, GameMode, Source


def unschooled_state(standings: Standings | None = None) -> AgentState:
    """The frozen state of an agent that no training has told anything; it knows the `standings` if there are some.

    That it has no language model is not said: whoever plays such games knows.
    """
    known = Standings() if standings is None else standings
    return AgentState(TeacherCurriculum.of(None), told_rules_only=True, standings=known)


class FrozenGame:
    """Call `begin`, then `play` to the end or `step` by step. Env and agent are the caller's, who closes the env."""

    def __init__(
        self,
        env: EnhancedPyBoyPokemonCrystalEnv,
        agent: HybridAgent,
        player_seed: int,
        starter: int | None = None,
    ) -> None:
        """The agent gets one lane, with a fresh rule player of that seed, which takes this starter if one is named."""
        self.env = env
        self.agent = agent
        self.field_steps = Counter[Source]()
        """Steps on the field, outside fights, menus and texts: by whom they were decided."""
        agent.attach_lanes([RulePlayer(env.rom.game, player_seed, starter=starter)])

    def begin(self, seed: int, start: StartPoint | None = None) -> None:
        """A new game from its start, or from the `start`."""
        self.env.restart(seed=seed, options=None if start is None else start.reset_options)
        self.field_steps.clear()

    def decide(self) -> Decision:
        """What the agent does now."""
        seen = {part: array[None] for part, array in self.env.policy_observation().items()}
        (decision,) = self.agent.decide(LaneInputs(seen, self.env.action_masks()[None]), lambda _lane: self.env.state)
        return decision

    def press(self, decision: Decision) -> Outcome:
        """Presses what was decided, and tells the agent what came of it."""
        if decision.mode is GameMode.FREE:
            self.field_steps[decision.source] += 1
        outcome = self.env.advance(decision.action)
        self.agent.observe(0, decision, outcome.reward, done=False)
        return outcome

    def step(self) -> Outcome:
        """Decides and presses."""
        return self.press(self.decide())

    def play(self) -> Outcome:
        """Steps until the env says that the game is over, or that its steps are used up."""
        while True:
            outcome = self.step()
            if outcome.terminated or outcome.truncated:
                return outcome
