"""The base class of text worlds: pure functions over a frozen state.

A world never changes a state; `play` returns the next one. So branching is free: several candidate answers are played
from the same state, and the best one goes on (the tree sampling of AT-GRPO). Roles speak in the order of
`TextWorld.roles`, round after round, until the world is done or `max_rounds` is reached.

Rewards come in two parts: `local` belongs to the role that spoke, `team` to all. Both are differences of scores that
are functions of the state, so they telescope: a policy that walks back and forth ends with exactly the score of its
last state.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from core.exceptions import TrainingError

State = TypeVar("State")

FIRST_TRAINING_SEED = 1_000
"""Training takes problems from this seed on, one after the other; a world may make the first ones easier."""
FIRST_VALIDATION_SEED = 1_000_000_000
"""The evaluations during a run take problems from this seed on."""
FIRST_TEST_SEED = 2_000_000_000
"""The final judgement takes problems from this seed on: neither training nor validation has seen them."""


@dataclass(frozen=True, slots=True)
class Practice:
    """A well-formed answer to a prompt, good or bad by chance."""

    prompt: str
    answer: str


@dataclass(frozen=True, slots=True)
class Turn(Generic[State]):
    """The result of one answer of one role."""

    state: State
    local_reward: float
    """For the role that spoke: whether the answer was well-formed and useful."""
    team_reward: float
    """Change of the team's score, which lies between 0 (start) and 1 (solved)."""
    done: bool
    success: bool
    feedback: str = ""
    """One line about the error or the result; for the record, without effect on the reward."""


@dataclass(frozen=True, slots=True)
class WorldPreset:
    """How a team is trained in a world unless told otherwise: what its ready configurations are made from."""

    options: Mapping[str, object] = field(default_factory=dict[str, object])
    """Arguments of the world's constructor."""
    training: Mapping[str, object] = field(default_factory=dict[str, object])
    """Keys of `ATGRPOSettings` that differ from what all configurations share."""
    alone: Mapping[str, object] | None = None
    """Further arguments that leave one role, so that a single agent can be trained; None where there is no such form.
    """


@dataclass(frozen=True, slots=True)
class WorldTrial:
    """A form of a world that the shared tests play through, and what they may ask of it (`tests/test_worlds.py`)."""

    options: Mapping[str, object] = field(default_factory=dict[str, object])
    """Arguments of the world's constructor."""
    problems_of_30: int = 26
    """Different problems that 30 seeds give, at least."""
    answers_of_40: Mapping[str, int] = field(default_factory=dict[str, int])
    """By role: different answers that 40 examples of the format have, at least; 31 where nothing is said."""
    repeats_tool: bool = False
    """Whether the last role repeats the tool's output in about half of its examples."""


class TextWorld(ABC, Generic[State]):
    """A seeded family of problems with roles that take turns.

    A new world is one file: a class derived from this one, registered in `TEXT_WORLDS` (`core/worlds/registry.py`)
    under the name of the file, which is also its `name`.
    """

    name: str
    preset: ClassVar[WorldPreset | None] = None
    """None: there are no ready configurations of it."""
    file_options: ClassVar[tuple[str, ...]] = ()
    """Arguments of the constructor that name files, which travel along where the world is played on other machines."""
    trials: ClassVar[tuple[WorldTrial, ...]] = (WorldTrial(),)
    """Empty where the world needs something that a test has to bring (a file, a sandbox, an emulator)."""
    roles: tuple[str, ...]
    """Order of speaking within a round."""
    max_rounds: int = 1
    instructions: ClassVar[Mapping[str, str]] = {}
    """By role: the task and the form of its answer in a few sentences, for models that nobody has taught them."""
    spells_out: bool = True
    """Whether `question` begins with the instructions. A model that has learned the form from examples alone (the one
    that AT-GRPO makes itself) reads shorter prompts without them."""

    # --- what a new world overrides ---

    @abstractmethod
    def initial(self, seed: int) -> State:
        """The problem of that seed; the same seed gives the same problem on every machine."""

    @abstractmethod
    def prompt(self, state: State, role: str) -> str:
        """What that role reads before it speaks."""

    @abstractmethod
    def play(self, state: State, role: str, answer: str) -> Turn[State]:
        """Play `answer` for that role. A malformed answer is a turn with a penalty, never an error."""

    @abstractmethod
    def gold(self, state: State, role: str) -> str:
        """The role's right answer: when every role gives its own in turn, the problem is solved."""

    @abstractmethod
    def practice(self, seed: int, role: str, rng: random.Random, repeat_share: float = 0.5) -> Practice:
        """An example of the format for that role, for the supervised stage before reinforcement learning.

        It must not teach the skill: answers are drawn at random among the well-formed ones. A role that reads a tool's
        output repeats it in `repeat_share` of its examples, good or bad.
        """

    # --- what no world overrides ---

    def question(self, state: State, role: str) -> str:
        """What a model is asked: the prompt, behind the role's instructions where they are spelled out."""
        return self.spelled_out(role, self.prompt(state, role))

    def spelled_out(self, role: str, prompt: str) -> str:
        """A prompt of that role behind its instructions; the prompt alone where there are none, or none are wanted."""
        told = self.instructions.get(role, "") if self.spells_out else ""
        return f"{told}\n\n{prompt}" if told else prompt

    def validate(self, seed: int) -> None:
        """Check that the gold answers solve the problem of `seed` with a full team score; `TrainingError` if not."""
        state, team = self.initial(seed), 0.0
        for _ in range(self.max_rounds):
            for role in self.roles:
                answer = self.gold(state, role)
                turn = self.play(state, role, answer)
                state, team = turn.state, team + turn.team_reward
                if turn.done:
                    if turn.success and abs(team - 1.0) < 1e-6:
                        return
                    raise TrainingError(
                        f"{self.name}, seed {seed}: the gold answer {answer!r} of role {role} ended with success="
                        f"{turn.success} and team score {team:.3f}; a correct world gives True and 1.000"
                    )
        raise TrainingError(f"{self.name}, seed {seed}: not done after {self.max_rounds} rounds of gold answers")
