"""`evaluate(model_path=..., config_name=..., num_episodes=...)`: how many unseen problems a saved team solves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict

from agents.llm.registry import POCKET_FOLDER
from agents.text.team import TEAM_FILE, Specialisation, build_team, load_team
from agents.text.text_policy import load_policy
from core.exceptions import ConfigurationError
from core.worlds.base import FIRST_TEST_SEED
from trainer.at_grpo.algorithm import success_rate
from trainer.at_grpo.presets import settings_named
from trainer.at_grpo.settings import settings_of, settings_saved
from trainer.at_grpo.trainer import answer_lengths
from trainer.evaluation.intervals import wilson_interval

HUB = "huggingface/"
"""Before the name of a model on the Hugging Face hub, as in `llm_model` of a config."""


class TeamScores(TypedDict):
    """The documented dict."""

    success_rate: float
    """Share of the problems solved, 0 to 1; every role gives its likeliest answer."""
    success_low: float
    """Lower end of the 95 % interval (Wilson 1927)."""
    success_high: float
    num_episodes: int
    world: str
    iterations: int
    """Of AT-GRPO behind the team; 0: it is untrained."""


def evaluate(
    model_path: str | Path,
    config_name: str | None = None,
    num_episodes: int = 200,
    *,
    config: Mapping[str, object] | None = None,
    player_of: Mapping[str, str] | None = None,
) -> TeamScores:
    """Play `num_episodes` unseen problems with a team that `train` saved, or with a model that nobody has trained.

    The world is that of `config_name` or `config`; with neither, the one the team was trained on. A `model_path`
    without a team may be a model's folder (such as `base` of a checkpoint directory), "pocket", or
    "huggingface/<hub name>": it plays all roles as it is, and the world must be named. `player_of` (role to policy)
    lets policies play other roles than their own. Raises `CheckpointError` when `model_path` holds neither, and
    `ConfigurationError` when the world has roles that no policy plays.
    """
    if num_episodes < 1:
        raise ConfigurationError(f"num_episodes is {num_episodes}; it must be at least 1")
    named = settings_of(config) if config else settings_named(config_name) if config_name else None
    untrained = _untrained_model(str(model_path))
    if untrained is None:
        team, notes = load_team(Path(model_path))
        settings = named or settings_saved(notes, model_path)
        world = settings.make_world()
        iterations = int(notes.get("iteration", 0))
    else:
        if named is None:
            raise ConfigurationError(
                f"{model_path} is a model and no team that was trained on a world: name the world by config_name or "
                "config"
            )
        is_strange = untrained != str(POCKET_FOLDER) and named.instructions is None
        settings = named.model_copy(update={"instructions": True}) if is_strange else named
        world = settings.make_world()
        team = build_team(load_policy(untrained), world.roles, Specialisation.SHARED)
        iterations = 0
    if player_of is not None:
        team = team.with_players(player_of)
    missing = [role for role in world.roles if role not in team.player_of]
    if missing:
        raise ConfigurationError(
            f"{world.name} has the role {missing[0]!r}, the team of {model_path} plays {', '.join(team.player_of)}; "
            "evaluate it with the config_name it was trained with"
        )
    seeds = range(FIRST_TEST_SEED, FIRST_TEST_SEED + num_episodes)
    rate = success_rate(world, seeds, team.by_role, answer_lengths(settings, world))
    low, high = wilson_interval(round(rate * num_episodes), num_episodes)
    return TeamScores(
        success_rate=rate,
        success_low=low,
        success_high=high,
        num_episodes=num_episodes,
        world=world.name,
        iterations=iterations,
    )


def _untrained_model(name: str) -> str | None:
    """What to load where `name` is a model by itself; None where it should be a team."""
    if name == "pocket":
        return str(POCKET_FOLDER)
    if name.startswith(HUB):
        return name.removeprefix(HUB)
    folder = Path(name)
    return name if (folder / "config.json").is_file() and not (folder / TEAM_FILE).exists() else None
