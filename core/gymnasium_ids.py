"""Ids for `gymnasium.make`; to import this module registers them: `gymnasium.register_envs(core.gymnasium_ids)`.

| id | what it is |
|---|---|
| CrystalHybrid/Fernvale-v0 | the bundled cartridge, the whole game |
| CrystalHybrid/FernvaleFirstRegion-v0 | its first region, 1,500 steps: what the default run trains on |
| CrystalHybrid/FernvaleState-v0 | the same, observed as 25 scaled numbers |
| CrystalHybrid/Tasks-v0 | short tasks of Fernvale; `make(id, task="buy_tonic")`, or a task drawn at each reset |
| CrystalHybrid/TasksText-v0 | the same in words: a prompt with numbered options, answered with a number |
| CrystalHybrid/Crystal-v0 | your own cartridge: `make(id, rom_path=...)` |

Observations are the policy view (float32 `features`, uint8 `map`), or one float32 vector in the third. `make` takes the
keywords of `EnhancedPyBoyPokemonCrystalEnv` on top, for example `max_steps`.
"""

from __future__ import annotations

from typing import Any, Final

import gymnasium as gym

_POLICY_VIEW: Final = "core.env.policy_env:make_policy_env"
_SCALED_STATE: Final = "core.env.policy_env:make_scaled_state_env"
_TASKS: Final = "core.env.task_env:make_task_env"
_TASKS_IN_WORDS: Final = "core.worlds.task_text:TaskTextEnv"
_FIRST_REGION: Final = {"final_milestone": "first_region", "max_steps": 1500}
IDS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "CrystalHybrid/Fernvale-v0": (_POLICY_VIEW, {}),
    "CrystalHybrid/FernvaleFirstRegion-v0": (_POLICY_VIEW, _FIRST_REGION),
    "CrystalHybrid/FernvaleState-v0": (_SCALED_STATE, _FIRST_REGION),
    "CrystalHybrid/Tasks-v0": (_TASKS, {}),
    "CrystalHybrid/TasksText-v0": (_TASKS_IN_WORDS, {}),
    "CrystalHybrid/Crystal-v0": (_POLICY_VIEW, {"rom_path": "crystal.gbc"}),
}
"""By id: who makes it, and with which keywords."""

for _id, (_maker, _keywords) in IDS.items():
    if _id not in gym.registry:
        gym.register(_id, entry_point=_maker, kwargs=dict(_keywords))  # pyright: ignore[reportUnknownMemberType]
