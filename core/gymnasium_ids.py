"""Ids for `gymnasium.make`; to import this module registers them: `gymnasium.register_envs(core.gymnasium_ids)`.

| id | what it is |
|---|---|
| CrystalHybrid/Fernvale-v0 | the bundled cartridge, the whole game |
| CrystalHybrid/FernvaleFirstRegion-v0 | its first region, 1,500 steps: what the default run trains on |
| CrystalHybrid/FernvaleState-v0 | the same, observed as 25 scaled numbers |
| CrystalHybrid/Crystal-v0 | your own cartridge: `make(id, rom_path=...)` |

Observations are the policy view (float32 `features`, uint8 `map`), or one float32 vector in the third. `make` takes the
keywords of `EnhancedPyBoyPokemonCrystalEnv` on top, for example `max_steps`.
"""

from __future__ import annotations

from typing import Any, Final

import gymnasium as gym

_POLICY_VIEW: Final = "core.env.policy_env:make_policy_env"
_SCALED_STATE: Final = "core.env.policy_env:make_scaled_state_env"
_FIRST_REGION: Final = {"final_milestone": "first_region", "max_steps": 1500}
IDS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "CrystalHybrid/Fernvale-v0": (_POLICY_VIEW, {}),
    "CrystalHybrid/FernvaleFirstRegion-v0": (_POLICY_VIEW, _FIRST_REGION),
    "CrystalHybrid/FernvaleState-v0": (_SCALED_STATE, _FIRST_REGION),
    "CrystalHybrid/Crystal-v0": (_POLICY_VIEW, {"rom_path": "crystal.gbc"}),
}
"""By id: who makes it, and with which keywords."""

for _id, (_maker, _keywords) in IDS.items():
    if _id not in gym.registry:
        gym.register(_id, entry_point=_maker, kwargs=dict(_keywords))  # pyright: ignore[reportUnknownMemberType]
