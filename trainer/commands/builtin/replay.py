"""`crystal-agent replay`: a recorded episode plays again from its seed and its actions, exactly.

Each state is compared with the recorded one; where the replay is another game from some step on, that is said, and the
exit code is 1. Nothing is written but the film that is asked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.exceptions import ConfigurationError
from core.history.store import HistoryStore
from trainer.commands.exit_codes import EXIT_CHECK_FAILED
from trainer.commands.registry import COMMANDS
from trainer.run.stop_request import StopRequest
from trainer.settings import load_settings
from trainer.watching.audience import Audience
from trainer.watching.picture import Picture
from trainer.watching.recorded_game import recorded_game
from trainer.watching.replay import Replay
from trainer.watching.shown_where import Record, Scale, Show, ShownWhere, Speed, pace_of, viewers_for
from trainer.watching.stepping import step_through


@COMMANDS.register("replay")
def replay(
    episode: Annotated[str, typer.Argument(help="Number, run/number, or last.")] = "last",
    db: Annotated[Path, typer.Option("--db", help="The decision database.")] = Path("decisions.db"),
    config: Annotated[Path | None, typer.Option(help="Its settings, instead of the recorded ones.")] = None,
    rom: Annotated[Path | None, typer.Option(help="The ROM, where it has moved.")] = None,
    step: Annotated[bool, typer.Option("--step", help="Step by step, beside the decisions.")] = False,
    speed: Speed = 1.0,
    show: Show = ShownWhere.AUTO,
    record: Record = None,
    scale: Scale = 3,
) -> None:
    """Play a recorded episode again; --show none only checks that it is the same game."""
    if step and (record is not None or show is not ShownWhere.AUTO):
        raise ConfigurationError("--step goes with neither --show nor --record: it shows the game in the terminal")
    settings = None if config is None else load_settings(config)
    with HistoryStore(db, must_exist=True) as store:
        game = recorded_game(store, episode, settings, rom)
    is_only_check = step or (show is ShownWhere.NONE and record is None)
    viewers = [] if is_only_check else viewers_for(show, record, speed, scale)
    env = game.environment()
    try:
        again = Replay(env, game)
        again.begin()
        typer.echo(f"replaying {game.name}, {game.summary.steps} steps", err=True)
        if step:
            last: list[Picture] = []
            env.watch(lambda frame: last.__setitem__(slice(None), [frame]))
            step_through(again, lambda: last[0] if last else None, input)
        else:
            with StopRequest() as stop, Audience(viewers, pace_of(show, record, speed), again.caption) as audience:
                if viewers:
                    env.watch(audience, audience.every_frames)
                for _decision in again.play():
                    if stop.requested or audience.has_left:
                        break
    finally:
        env.close()
    typer.echo(again.verdict)
    if again.parting is not None:
        raise typer.Exit(EXIT_CHECK_FAILED)
