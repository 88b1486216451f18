"""A text world in the form of the `verifiers` library: dataset rows, the hooks of its MultiTurnEnv, reward functions.

The library is not imported (it brings its own training stack). These are the call shapes of its versions 0.1, tried
with 0.1.14; its later `v1` interface has others. With the library installed, an environment is

    class WorldEnv(VerifiersHooks, vf.MultiTurnEnv): ...

    hooks = VerifiersHooks(world)
    WorldEnv(world, dataset=Dataset.from_list(hooks.rows(range(100))),
             rubric=vf.Rubric(funcs=[hooks.reward, hooks.success], weights=[1.0, 0.0]))

All roles are played by the one model of a rollout: each role's prompt comes as the next user message.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from typing import Any, cast

from core.exceptions import ConfigurationError
from core.worlds.base import TextWorld
from core.worlds.text_env import TextEnv

Message = dict[str, str]
_ENV, _REWARD, _SUCCESS = "text_env", "text_env_reward", "text_env_success"


class VerifiersHooks:
    """The hooks that `verifiers` calls, for one world. The library's state dict carries the problem in play."""

    def __init__(self, world: TextWorld[Any], **environment: Any) -> None:
        """`environment` is passed on to the library's class when this is one of two bases."""
        if environment:
            super().__init__(**environment)
        self.world = world

    def rows(self, seeds: Iterable[int]) -> list[dict[str, Any]]:
        """Dataset rows: `prompt` (the first role's, as messages), `answer` (its gold answer) and `info`."""
        rows: list[dict[str, Any]] = []
        for seed in seeds:
            state, role = self.world.initial(seed), self.world.roles[0]
            prompt = [{"role": "user", "content": self.world.question(state, role)}]
            info = json.dumps({"world": self.world.name, "seed": seed, "role": role})
            rows.append({"prompt": prompt, "answer": self.world.gold(state, role), "info": info})
        return rows

    async def setup_state(self, state: MutableMapping[str, Any]) -> None:
        """Begin the row's problem."""
        info = state["info"]
        env = TextEnv(self.world)
        env.reset(int((json.loads(info) if isinstance(info, str) else info)["seed"]))
        state[_ENV], state[_REWARD], state[_SUCCESS] = env, 0.0, False

    async def env_response(
        self, messages: Sequence[Any], state: MutableMapping[str, Any], **kwargs: Any
    ) -> list[Message]:
        """Play the model's last message; return the next role's prompt, or a last message that ends the rollout."""
        observation, reward, over, info = state[_ENV].step(_text_of(messages[-1]))
        state[_REWARD] += reward
        state[_SUCCESS] = info["success"]
        if not over:
            return [{"role": "user", "content": observation}]
        last_word: list[Message] = [{"role": "user", "content": "Solved." if info["success"] else "Not solved."}]
        state["final_env_response"] = last_word
        return last_word

    async def reward(self, state: Mapping[str, Any], **kwargs: Any) -> float:
        """Reward function: the team's and the roles' rewards of the whole rollout."""
        return float(state.get(_REWARD, 0.0))

    async def success(self, state: Mapping[str, Any], **kwargs: Any) -> float:
        """Reward function: 1 when the problem was solved; give it weight 0 to have it as a metric."""
        return float(state.get(_SUCCESS, False))


def _text_of(message: Any) -> str:
    """Messages are dicts, or objects with a `content`."""
    is_dict = isinstance(message, Mapping)
    content: object = cast(Mapping[str, object], message)["content"] if is_dict else message.content
    if not isinstance(content, str):
        raise ConfigurationError(f"a message's content is {type(content).__name__}; these worlds understand text only")
    return content
