"""Our worlds as an environment of Prime Intellect's verifiers: a task is a problem, an episode is AT-GRPO's tree.

`vf-eval crystal-worlds` finds the classes through the top module of that name. The one agent of an episode plays all
roles. Each candidate of a group (problem, role, turn) is a run of its own, because a role reads one prompt and nothing
that others were told, so each has a trace. A trace has the candidate's reward (`at_grpo`), its group (`info`) and, with
more than one candidate, the advantage within the group at each sampled token, where verifiers keeps the credit that an
RL algorithm assigns.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import httpx2
from pydantic import Field

from core.exceptions import ConfigurationError, TrainingError
from core.worlds.base import FIRST_TEST_SEED
from trainer.at_grpo.asked_tree import AskedGroup, TreeProblem, ask_tree, row_of
from trainer.at_grpo.settings import settings_of

try:
    import verifiers.v1 as vf  # type: ignore[import-not-found]  # the package `verifiers`
except ModuleNotFoundError as error:  # no extra brings it: it wants an older SDK of OpenAI than the extra `llm`
    raise ConfigurationError(
        f"verifiers' environments: the package {error.name!r} is not installed; in an environment of its own, "
        "pip install crystal-hybrid 'verifiers>=0.4,<0.5'"
    ) from error

REWARD = "at_grpo"


class WorldTasksetConfig(vf.TasksetConfig):
    """Which problems: the flags `--env.taskset.*` of verifiers' commands."""

    world: str = "plan_path"
    """A text world of the project, or of an installed package."""
    world_options: dict[str, Any] = Field(default_factory=dict)
    """Arguments of the world's constructor."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """Further settings of an AT-GRPO run, such as `alpha` and `advantage_scaling`."""
    candidates: int = Field(1, ge=1)
    """Answers in a group; 1 plays each problem through once and compares nothing."""
    problems: int = Field(100, ge=1)
    first_seed: int = FIRST_TEST_SEED
    """Of the problems: by default those that no run of this project trains or validates on."""


class WorldData(vf.TaskData):
    """One problem."""

    row: dict[str, Any]
    """As `trainer.at_grpo.asked_tree.row_of` makes it."""


class WorldTask(vf.Task[WorldData]):
    """One problem; the environment gives the rewards, because the world has to be played for them."""


class WorldTaskset(vf.Taskset[WorldTask, WorldTasksetConfig]):
    """The problems of one world."""

    def load(self) -> Iterator[WorldTask]:
        """Raises ConfigurationError for settings that do not hold."""
        config = self.config
        settings = settings_of(
            {"model": "policy", **config.settings, "world": config.world, "world_options": config.world_options}
        )
        for seed in range(config.first_seed, config.first_seed + config.problems):
            row = row_of(settings, seed, config.candidates)
            yield WorldTask(WorldData(name=f"{config.world} {seed}", prompt=row["prompt"], row=row))


class OneQuestion(vf.Harness[vf.HarnessConfig]):
    """Puts the prompt to the model and takes the answer, in this process: a role has no tools and no second turn."""

    APPENDS_SYSTEM_PROMPT = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(
        self,
        ctx: vf.ModelContext,
        trace: vf.Trace,
        runtime: vf.Runtime,
        endpoint: str,
        secret: str,
        mcp_urls: dict[str, str],
        data: vf.TaskData,
    ) -> vf.ProgramResult:
        """One call of the model, through verifiers' own endpoint, which records it."""
        del trace, runtime, mcp_urls
        system, prompt = self.resolve_text_prompt(data)
        said = [{"role": "system", "content": system}] if system else []
        asked = {"model": ctx.model, "messages": [*said, {"role": "user", "content": prompt or ""}]}
        async with httpx2.AsyncClient(timeout=None) as client:  # an agent's time limits are verifiers' own
            reply = await client.post(
                f"{endpoint}/chat/completions", json=asked, headers={"Authorization": f"Bearer {secret}"}
            )
        reply.raise_for_status()
        return vf.ProgramResult(exit_code=0, stdout="", stderr="")


class WorldEnvConfig(vf.EnvConfig):
    """Who plays, and how many runs of an episode go on at once: all candidates of a group, unless told otherwise."""

    agent: vf.AgentConfig = vf.AgentConfig(runtime=vf.SubprocessConfig())
    max_concurrent_agents: int | None = None


class WorldEnv(vf.Env[WorldEnvConfig]):
    """Grows the tree of one problem."""

    async def run(self, task: WorldTask, agents: vf.Agents) -> None:
        """Raises TrainingError where the model gave no answer: silence is nothing to be rewarded for or punished."""
        problem = TreeProblem.of_row(task.data.row)

        async def ask(role: str, prompt: str, count: int) -> Sequence[vf.Trace]:
            question = vf.Task(
                vf.TaskData(
                    idx=task.data.idx,
                    name=f"{task.data.name}, {role}",
                    prompt=prompt,
                    system_prompt=task.data.system_prompt,
                )
            )
            async with asyncio.TaskGroup() as group:
                runs = [group.create_task(agents.agent.run(question)) for _ in range(count)]
            traces = [run.result() for run in runs]
            if failed := next((trace for trace in traces if not trace.ok), None):
                raise TrainingError(f"{task.data.name}: no answer of {role}: {failed.last_error}")
            return traces

        for group in await ask_tree(problem, ask, lambda trace: trace.last_reply):
            _credit(group)

    async def finalize(self, task: WorldTask, episode: vf.Episode) -> None:
        """Every trace says whether the best branch solved the problem."""
        del task
        solved = max(trace.metrics["solved_by_group"] for trace in episode.traces)
        for trace in episode.traces:
            trace.record_metric("solved", solved)


def _credit(group: AskedGroup[vf.Trace]) -> None:
    """Write down what came of a group's answers."""
    for trace, reward, advantage in zip(group.answers, group.rewards, group.advantages, strict=True):
        trace.record_reward(REWARD, reward)
        trace.record_metric("solved_by_group", float(group.success))
        trace.info["group"] = group.key
        if len(group.answers) > 1:
            for node in trace.nodes:
                if node.sampled:
                    node.advantages = [advantage] * max(1, sum(node.mask))
