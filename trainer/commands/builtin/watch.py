"""`crystal-agent watch`: look at an agent while it plays, with the reason for each decision under the picture.

Nothing is written but the film that is asked for. The games are those that `evaluate` plays with the same seed.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from core.agent.hybrid_agent import HybridAgent
from core.exceptions import ConfigurationError
from core.vocabulary import AgentMode, EpisodeResult
from trainer.checkpoints.checkpoint import CheckpointStore
from trainer.commands.registry import COMMANDS
from trainer.evaluation.frozen_agent import frozen_agent, frozen_heads
from trainer.play.learned_half import heads_of, standings_of
from trainer.play.rule_players import rule_players
from trainer.run.environments import environment_factory
from trainer.run.stop_request import StopRequest
from trainer.settings import Settings, load_settings
from trainer.watching.film import Film
from trainer.watching.shown_where import Record, Scale, Show, ShownWhere, Speed, pace_of, viewers_for
from trainer.watching.watched_play import watch_games

NO_CHECKPOINT = "none"
NEEDS_NO_POLICY = (AgentMode.RULES_ONLY, AgentMode.LLM_ONLY)


@COMMANDS.register("watch")
def watch(
    config: Annotated[Path, typer.Option(help="The config of the run.")] = Path("config.json"),
    checkpoint: Annotated[
        str | None,
        typer.Option(help="latest, best_model, a name in save_dir, a path, bundled, or none; latest if there is one."),
    ] = None,
    mode: Annotated[AgentMode | None, typer.Option(help="Who may act; rules_only without a checkpoint.")] = None,
    games: Annotated[int, typer.Option(min=1, help="Games, one after the other.")] = 1,
    max_steps: Annotated[int | None, typer.Option(min=1, help="Steps of a game, instead of the config's.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Draws the games; the config's by default.")] = None,
    speed: Speed = 1.0,
    show: Show = ShownWhere.AUTO,
    record: Record = None,
    scale: Scale = 3,
) -> None:
    """Watch an agent play: in a window, in the terminal, or as a film (MP4, GIF)."""
    settings = load_settings(config).changed(seed=seed, max_steps_per_episode=max_steps)
    store = CheckpointStore(settings.save_dir)
    if checkpoint is None:
        checkpoint = "latest" if store.has_run() else NO_CHECKPOINT
    chosen = mode_for(settings, checkpoint, mode)
    heads = heads_of(checkpoint)
    if heads is None and checkpoint != NO_CHECKPOINT:
        store.load(checkpoint)  # before an emulator starts
    viewers = viewers_for(show, record, speed, scale)
    who = chosen.value if checkpoint == NO_CHECKPOINT else f"{chosen.value} of checkpoint {checkpoint}"
    typer.echo(f"watching {who}; Ctrl-C ends it", err=True)
    with ExitStack() as stack, StopRequest() as stop:
        env = environment_factory(settings.changed(headless=True))(0)
        stack.callback(env.close)
        agent: HybridAgent
        if heads is not None:
            agent, directive = frozen_heads(settings, heads, standings_of(checkpoint), env.rom.game.name, stack)
        else:
            snapshot = None
            if checkpoint != NO_CHECKPOINT:
                snapshot = store.load(checkpoint, rom_sha1=env.rom.profile.sha1)
            agent, directive = frozen_agent(settings, checkpoint, snapshot, env.policy_space, 1, stack)
        told: list[EpisodeResult] = []
        watch_games(
            env,
            agent,
            chosen,
            viewers,
            games=games,
            horizon_steps=settings.max_steps_per_episode,
            speed=pace_of(show, record, speed),
            seed=settings.seed,
            directive=directive,
            is_stopped=lambda: stop.requested,
            rule_players=lambda lanes: rule_players(settings, env.rom.game, range(lanes)),
            told=told.append,
        )
    for result in told:
        ended = "cut off" if result.truncated else "won"
        typer.echo(
            f"game {result.episode}: {ended} after {result.steps} steps, reward {result.reward:.2f}, "
            f"{len(result.milestones)} milestones: {', '.join(result.milestones) or 'none'}"
        )
    for viewer in viewers:
        if isinstance(viewer, Film):
            typer.echo(f"{viewer.path}: {viewer.pictures} pictures, {viewer.seconds:.1f} s")


def mode_for(settings: Settings, checkpoint: str, mode: AgentMode | None) -> AgentMode:
    """Who plays. Raises ConfigurationError where somebody should that is not there."""
    if mode is None:
        mode = AgentMode.RULES_ONLY if checkpoint == NO_CHECKPOINT else settings.agent_mode
    if checkpoint == NO_CHECKPOINT and mode not in NEEDS_NO_POLICY:
        raise ConfigurationError(
            f"mode {mode.value} needs a policy, and there is no checkpoint in {settings.save_dir}: train first, name "
            "a --checkpoint, or watch --mode rules_only"
        )
    if mode is AgentMode.LLM_ONLY and settings.llm_model == "none" and settings.llm_manager == "options":
        raise ConfigurationError('mode llm_only needs a language model: llm_model is "none" in the config; name one')
    return mode
