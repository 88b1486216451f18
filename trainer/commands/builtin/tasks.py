"""`crystal-agent tasks ...`: short tasks of a game, from save states: list them, play one, score a player, compare.

Without `--suite` the tasks are those of the ROM's game. Scores are JSON files that say what they were measured with.
"""

from __future__ import annotations

from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from core.exceptions import ConfigurationError
from trainer.commands.printing import print_json, print_progress, print_table
from trainer.commands.registry import COMMANDS

app = typer.Typer(help="Short tasks from save states: list, play, score, compare.", no_args_is_help=True)
COMMANDS.register("tasks")(app)

Rom = Annotated[Path, typer.Option(help="The ROM, Fernvale or your own.")]
Suite = Annotated[Path | None, typer.Option(help="A file of tasks of yours, its states beside it.")]
FERNVALE = Path("fernvale")
"""The bundled cartridge."""


class WhoPlays(StrEnum):
    """A person, or one of those whom `score` knows."""

    ME = "me"
    RANDOM = "random"
    RULES = "rules"
    POCKET = "pocket"
    BUTTON_HEAD = "button_head"
    POLICY = "policy"


class ScoredPlayer(StrEnum):
    """Whom `score` knows."""

    RANDOM = "random"
    RULES = "rules"
    POCKET = "pocket"
    BUTTON_HEAD = "button_head"
    POLICY = "policy"


@app.command("list")
def list_tasks(
    kind: Annotated[list[str] | None, typer.Option(help="Only this kind; may be repeated.")] = None,
    rom: Rom = FERNVALE,
    suite: Suite = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List the tasks, kind by kind, the easy ones first."""
    from core.game.game_data import load_game
    from core.game.profile import identify_rom
    from core.game.tasks.suite_file import read_suite, suite_of
    from core.game.tasks.task import Difficulty, TaskKind
    from core.nearest import nearest

    kinds = [one.value for one in TaskKind]
    for name in kind or ():
        if name not in kinds:
            raise ConfigurationError(f"no kind of task is called {name!r}; {nearest(name, kinds)}")
    profile = identify_rom(rom)
    tasks = read_suite(suite or suite_of(profile.game), load_game(profile.game)).chosen(kind or ())
    order = [one.value for one in Difficulty]
    ordered = sorted(tasks, key=lambda one: (kinds.index(one.kind.value), order.index(one.difficulty.value)))
    rows = [(one.id, one.kind.value, one.difficulty.value, one.rules_steps, one.horizon, one.words) for one in ordered]
    columns = ("id", "kind", "difficulty", "rules_steps", "horizon", "words")
    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    else:
        print_table(f"{len(rows)} tasks", columns, rows)


@app.command()
def score(
    player: Annotated[ScoredPlayer, typer.Option(help="Who plays.")],
    tasks: Annotated[list[str] | None, typer.Option(help="Ids and kinds; may be repeated. All by default.")] = None,
    maps: Annotated[
        list[str] | None, typer.Option(help="Only tasks that begin on this map, or fold:0 to fold:2; may be repeated.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Games of each task.")] = 3,
    checkpoint: Annotated[
        str, typer.Option(help="Whose heads play: bundled, or a folder of trainer.bundle.")
    ] = "bundled",
    out: Annotated[Path | None, typer.Option(help="Write the results to this new .json file.")] = None,
    rom: Rom = FERNVALE,
    suite: Suite = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that play.")] = 2,
    json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Let a player do the tasks and count what it does, with 95 % Wilson intervals by kind."""
    from trainer.tasks.players import TaskPlayer
    from trainer.tasks.scores import write_scores
    from trainer.tasks.scoring import score as play

    if out is not None and (out.exists() or out.suffix != ".json" or not out.parent.is_dir()):
        raise ConfigurationError(f"cannot write {out}: name a new file that ends with .json, in a folder that is there")
    with Progress(disable=json, transient=True) as progress:
        bar = progress.add_task(player.value, total=None)

        def begin(count: int) -> None:
            progress.update(bar, total=count)

        def told(task: Any, games: Any) -> None:
            progress.update(bar, advance=1, description=f"{player.value}: {task.id}")

        scores = play(
            rom, suite, TaskPlayer(player.value), checkpoint, tasks or (), seeds, workers, told, begin, maps or ()
        )
    if out is not None:
        write_scores(out, scores)
    if json:
        print_json(scores.model_dump())
        return
    for title, groups in (("kind", scores.by_kind), ("difficulty", scores.by_difficulty)):
        shares = {**groups, "all": scores.total}
        rows = [(name, one.games, one.successes, spelt(one)) for name, one in shares.items()]
        print_table(f"{player.value}: tasks done, by {title}", (title, "games", "done", "share (95 %)"), rows)
    if missed := [key for key, one in scores.tasks.items() if one.successes < len(one.steps)]:
        typer.echo(f"not done each time: {', '.join(missed)}")
    if out is not None:
        typer.echo(f"wrote {out}")


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="A file of `score --out`.")],
    second: Annotated[Path, typer.Argument(help="Another one, of the same suite and ROM.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Set two files of scores side by side, on the tasks that both have."""
    from trainer.tasks.scores import check_comparable, read_scores, share_of

    one, other = read_scores(first), read_scores(second)
    both = check_comparable(one, other)
    kinds = list(dict.fromkeys(one.tasks[task].kind for task in both))
    groups = {kind: [task for task in both if one.tasks[task].kind == kind] for kind in kinds} | {"all": both}
    shares = {
        name: [share_of([scores.tasks[task] for task in tasks]) for scores in (one, other)]
        for name, tasks in groups.items()
    }
    rows = [
        {
            "task": task,
            "first": f"{one.tasks[task].successes} of {len(one.tasks[task].steps)}",
            "second": f"{other.tasks[task].successes} of {len(other.tasks[task].steps)}",
            "first_median_steps": one.tasks[task].median_steps,
            "second_median_steps": other.tasks[task].median_steps,
        }
        for task in both
    ]
    if json:
        told = {name: [share.model_dump() for share in pair] for name, pair in shares.items()}
        print_json({"players": [one.player, other.player], "by_kind": told, "tasks": rows})
        return
    columns = ("kind", f"{first.stem} ({one.player})", f"{second.stem} ({other.player})")
    print_table(
        "Tasks done (95 % Wilson interval)", columns, [(name, *map(spelt, pair)) for name, pair in shares.items()]
    )
    differing = [
        (task, *(done_in(scores.tasks[task]) for scores in (one, other)))
        for task in both
        if one.tasks[task].successes != other.tasks[task].successes
    ]
    if differing:
        print_table("Tasks that differ: done, median steps", ("task", *columns[1:]), differing)


@app.command()
def play(
    task: Annotated[str, typer.Argument(help="An id that `crystal-agent tasks list` shows.")],
    player: Annotated[WhoPlays, typer.Option(help="me: you, with the keys.")] = WhoPlays.ME,
    seed: Annotated[int, typer.Option(min=0, help="Which of its games.")] = 0,
    checkpoint: Annotated[
        str, typer.Option(help="Whose heads play: bundled, or a folder of trainer.bundle.")
    ] = "bundled",
    speed: Annotated[float, typer.Option(min=0, help="1 is the normal speed; 0 as fast as it can be drawn.")] = 1.0,
    show: Annotated[str, typer.Option(help="auto, window, terminal, none, or options: in words, by numbers.")] = "auto",
    record: Annotated[Path | None, typer.Option(help="Write a film: a new file that ends with .mp4 or .gif.")] = None,
    scale: Annotated[int, typer.Option(min=1, max=8, help="How many times as large as 160 x 144.")] = 3,
    rom: Rom = FERNVALE,
    suite: Suite = None,
) -> None:
    """Play a task yourself, or watch somebody: arrows, A and S for the buttons, Return START, Backspace SELECT."""
    if show == "options":
        _play_in_words(task, seed, rom, suite)
        return
    from core.env.task_env import TaskEnv
    from core.nearest import nearest
    from trainer.run.stop_request import StopRequest
    from trainer.tasks.players import TaskPlayer
    from trainer.tasks.watched_task import watch_task
    from trainer.watching.keys import Keys, TerminalKeys, WindowKeys
    from trainer.watching.shown_where import ShownWhere, pace_of, viewers_for
    from trainer.watching.window import Window

    places = [one.value for one in ShownWhere]
    if show not in places:
        raise ConfigurationError(f"--show {show!r} is none of them; {nearest(show, [*places, 'options'])}")
    where = ShownWhere(show)
    viewers = viewers_for(where, record, speed, scale)
    with ExitStack() as stack, StopRequest() as stop:
        env = TaskEnv(rom, suite=suite, observation_type="state")
        stack.callback(env.close)
        typer.echo(
            f"{env.suite.task(task).words} ({env.suite.task(task).horizon} steps at most; Ctrl-C ends it)", err=True
        )
        if player is WhoPlays.ME:
            in_window = any(isinstance(one, Window) for one in viewers)
            keys: Keys = WindowKeys() if in_window else TerminalKeys()
            press = stack.enter_context(keys).button
            game = watch_task(env, task, seed, viewers, speed, press, checkpoint, lambda: stop.requested)
        else:
            who = TaskPlayer(player.value)
            pace = pace_of(where, record, speed)
            game = watch_task(env, task, seed, viewers, pace, who, checkpoint, lambda: stop.requested)
    if game is None:
        typer.echo("left before the end")
    else:
        typer.echo(f"{'done' if game.success else 'not done'} after {game.steps} steps")


@app.command()
def make(
    rom: Rom = FERNVALE,
    suite: Suite = None,
    work: Annotated[Path, typer.Option(help="Keeps what is done, to go on after a kill.")] = Path("runs/tasks"),
    workers: Annotated[int, typer.Option(min=1, help="Processes that play.")] = 2,
) -> None:
    """Make the save states of a suite by playing the rules, and measure the steps that the rules need."""
    from trainer.tasks.maker import make as make_states

    make_states(rom, suite, work, workers, print_progress)


def _play_in_words(task: str, seed: int, rom: Path, suite: Path | None) -> None:
    """What a text agent reads, and a number typed as its answer."""
    from core.worlds.task_text import TaskTextEnv

    env = TaskTextEnv(rom, task=task, suite=suite)
    try:
        prompt, info = env.reset(seed=seed)
        over = False
        while not over:
            typer.echo(prompt)
            prompt, _, terminated, truncated, info = env.step(typer.prompt("Which"))
            over = terminated or truncated
            if info["feedback"]:
                typer.echo(info["feedback"])
        typer.echo(f"{prompt} {info['steps']} steps")
    finally:
        env.close()


def spelt(share: Any) -> str:
    """ "80 % (49-94)": a share and its interval in per cent."""
    low, high = share.interval
    return f"{share.share:.0%} ({low * 100:.0f}-{high * 100:.0f})"


def done_in(score: Any) -> str:
    """ "2 of 3, 41": of a task, the games in which it was done, and the median of their steps."""
    median = score.median_steps
    return f"{score.successes} of {len(score.steps)}" + ("" if median is None else f", {median:.0f}")
