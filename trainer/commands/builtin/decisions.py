"""`crystal-agent decisions ...`: query the decision record: what was decided, by which source, why, and the result."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.progress import track

from core.exceptions import ConfigurationError, DecisionValidationError, HistoryError
from core.history.episode_story import tell_episode
from core.history.export import ExportChoice, ExportFormat, export_decisions, format_of
from core.history.patterns import PatternKind, find_patterns
from core.history.recent import recent_decisions, search_reasonings
from core.history.retention import prune, vacuum
from core.history.saved_queries import SAVED_QUERIES, datasette_metadata, find_query, run_query
from core.history.store import HistoryStore
from core.history.summaries import RunSummary, episode_numbers, find_episode, summarize_run
from core.history.verify import verify
from core.vocabulary import Button
from trainer.commands.printing import print_json, print_table
from trainer.commands.registry import COMMANDS
from trainer.settings import load_settings

app = typer.Typer(help="Query and maintain the decision database.", no_args_is_help=True)
COMMANDS.register("decisions")(app)

Database = Annotated[Path, typer.Option("--db", help="The decision database.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="Rows at most.")]
DEFAULT_DATABASE = Path("decisions.db")


def _open(path: Path) -> HistoryStore:
    return HistoryStore(path, must_exist=True)


@app.command()
def recent(db: Database = DEFAULT_DATABASE, limit: Limit = 20, json: Json = False) -> None:
    """Show the newest decisions, newest first."""
    with _open(db) as store:
        decisions = recent_decisions(store.connection, limit)
    if json:
        print_json([{"id": decision.id, **asdict(decision)} for decision in decisions])
        return
    print_table(
        f"Newest decisions of {db}",
        ("episode", "step", "source", "action", "confidence", "reward", "outcome", "option", "reasoning"),
        (
            (
                d.episode,
                d.step,
                d.source,
                Button(d.action).name,
                d.confidence,
                d.reward,
                d.outcome,
                d.option,
                d.reasoning,
            )
            for d in decisions
        ),
    )


@app.command()
def patterns(
    db: Database = DEFAULT_DATABASE,
    min_frequency: Annotated[int, typer.Option(min=1, help="Leave out what was seen less often.")] = 3,
    where: Annotated[list[str] | None, typer.Option(help="Only contexts with key=value, e.g. mode=battle.")] = None,
    kind: Annotated[list[PatternKind] | None, typer.Option(help="Only this kind; may be repeated.")] = None,
    limit: Limit = 10,
    json: Json = False,
) -> None:
    """Show what repeats: action sequences, habits in a context, loops, ways to milestones, outcomes of options."""
    context_filter = dict(_key_and_value(condition) for condition in where or [])
    with _open(db) as store:
        try:
            found = find_patterns(store.connection, min_frequency, context_filter, kind or tuple(PatternKind), limit)
        except DecisionValidationError as error:
            raise ConfigurationError(str(error)) from error
    if json:
        print_json([asdict(pattern) for pattern in found])
        return
    print_table(
        f"Patterns in {db}",
        ("kind", "times", "mean outcome", "pattern"),
        ((pattern.kind.value, pattern.frequency, pattern.mean_outcome, pattern.description) for pattern in found),
    )


def _key_and_value(condition: str) -> tuple[str, str]:
    key, equals, value = condition.partition("=")
    if not equals:
        raise ConfigurationError(f"--where {condition!r} has no '='; write key=value, for example mode=battle")
    return key, value


@app.command()
def search(
    words: Annotated[str, typer.Argument(help='Words, "a phrase", or word OR word.')],
    db: Database = DEFAULT_DATABASE,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Find reasonings by their words, best match first."""
    with _open(db) as store:
        found = search_reasonings(store.connection, words, limit)
    if json:
        print_json([asdict(reasoning) for reasoning in found])
        return
    print_table(
        f"Reasonings with {words}",
        ("uses", "mean outcome", "last in", "reasoning"),
        ((hit.uses, hit.mean_outcome, f"{hit.run}/{hit.episode}", hit.text) for hit in found),
    )


@app.command()
def explain(
    episode: Annotated[str, typer.Argument(help="Number, run/number, or last.")] = "last",
    db: Database = DEFAULT_DATABASE,
    json: Json = False,
) -> None:
    """Tell an episode as a story: one chapter for each thing that was pursued."""
    with _open(db) as store:
        summary = find_episode(store, episode)
        chapters = tell_episode(store.connection, summary)
    if json:
        print_json({"episode": asdict(summary), "chapters": [asdict(chapter) for chapter in chapters]})
        return
    shares = ", ".join(f"{source} {steps}" for source, steps in summary.source_steps.items())
    print(
        f"Episode {summary.number} of run {summary.run}, {summary.started_at:%Y-%m-%d %H:%M} UTC, lane {summary.lane}"
    )
    print(f"{summary.steps} decisions ({shares}) in {summary.seconds:.1f} s; {summary.ended}.")
    print(f"Reward {summary.reward:+.2f}; {summary.loop_steps} decisions in loops.\n")
    for chapter in chapters:
        print(chapter.sentence)


@app.command()
def compare(
    first: Annotated[str | None, typer.Argument(help="A run; without one, the two newest are compared.")] = None,
    second: Annotated[str | None, typer.Argument(help="Another run.")] = None,
    db: Database = DEFAULT_DATABASE,
    json: Json = False,
) -> None:
    """Set two runs side by side."""
    with _open(db) as store:
        names = [first, second] if first and second else [run.name for run in store.runs()[-2:]]
        if first and not second:
            raise ConfigurationError("compare takes two runs or none; name the second one as well")
        if len(names) < 2:
            raise HistoryError(f"{db} holds {len(names)} run(s), so there is nothing to compare; train another")
        runs = [summarize_run(store.connection, store.find_run(name)) for name in names]
    if json:
        print_json([asdict(run) for run in runs])
        return
    print_table("Two runs", ("", *(run.name for run in runs)), _comparison_rows(runs))


def _comparison_rows(runs: list[RunSummary]) -> list[tuple[str, ...]]:
    def row(label: str, *cells: str) -> tuple[str, ...]:
        return (label, *cells)

    rows = [
        row("episodes", *(str(run.episodes) for run in runs)),
        row("decisions", *(str(run.decisions) for run in runs)),
        row("mean reward", *(f"{run.mean_reward:.3f} ± {run.reward_standard_error:.3f}" for run in runs)),
        row("best reward", *(f"{run.best_reward:.3f}" for run in runs)),
        row("mean steps", *(f"{run.mean_steps:.1f}" for run in runs)),
        row("in loops", *(f"{run.loop_share:.1%}" for run in runs)),
    ]
    for source in dict.fromkeys(source for run in runs for source in run.sources):
        cells = (run.sources.get(source) for run in runs)
        spelt = (f"{cell.share:.1%}, outcome {cell.mean_outcome:.3f}" if cell else "-" for cell in cells)
        rows.append(row(f"by {source or 'unstated'}", *spelt))
    for milestone in dict.fromkeys(milestone for run in runs for milestone in run.milestones):
        cells = (run.milestones.get(milestone) for run in runs)
        rows.append(
            row(milestone, *(f"{cell.share:.1%}, step {cell.mean_step:.0f}" if cell else "-" for cell in cells))
        )
    return rows


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="File to write; must not exist.")],
    db: Database = DEFAULT_DATABASE,
    file_format: Annotated[ExportFormat | None, typer.Option("--format", help="Default: by the file's suffix.")] = None,
    run: Annotated[str | None, typer.Option(help="Only this run.")] = None,
    episode: Annotated[int | None, typer.Option(help="Only episodes of this number.")] = None,
) -> None:
    """Write decisions to a CSV, JSON lines or Parquet file."""
    file_format = file_format or format_of(target)
    with _open(db) as store:
        if run is not None:
            store.find_run(run)
        count = export_decisions(store.connection, target, file_format, ExportChoice(run, episode))
    print(f"wrote {count} decisions to {target}")


class DatasetForm(StrEnum):
    """Forms of data sets."""

    HUGGING_FACE = "hugging_face"
    MINARI = "minari"


@app.command()
def dataset(
    folder: Annotated[Path, typer.Argument(help="The folder to write; must not exist.")],
    db: Database = DEFAULT_DATABASE,
    form: Annotated[
        DatasetForm, typer.Option(help="For datasets.load_dataset, or for minari.")
    ] = DatasetForm.HUGGING_FACE,
    episode: Annotated[list[str] | None, typer.Option(help="7, run/7 or last; give it again for several.")] = None,
    run: Annotated[str | None, typer.Option(help="All episodes of this run; the newest by default.")] = None,
    name: Annotated[str, typer.Option(help="Minari's name of the data set.")] = "crystal/decisions-v0",
    config: Annotated[Path | None, typer.Option(help="Its settings, instead of the recorded ones.")] = None,
    rom: Annotated[Path | None, typer.Option(help="The ROM, where it has moved.")] = None,
) -> None:
    """Write episodes with their observations, which come back by playing each again, for offline learning."""
    from trainer.trajectories.hugging_face import write_hugging_face
    from trainer.trajectories.minari import write_minari
    from trainer.trajectories.trajectory import trajectories

    if folder.exists():
        raise ConfigurationError(f"{folder} exists already; name a folder that does not")
    settings = None if config is None else load_settings(config)
    with _open(db) as store, TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.absolute().parent) as unfinished:
        of_run = store.find_run(run)
        names = episode or [f"{of_run.name}/{number}" for number in episode_numbers(store, of_run)]
        if not names:
            raise HistoryError(f"run {of_run.name!r} has no episode, so there is nothing to write")
        played = track(trajectories(store, names, settings, rom), "playing again", len(names), transient=True)
        whole = Path(unfinished) / "whole"
        if form is DatasetForm.MINARI:
            whole.mkdir()
            count, steps = write_minari(whole, name, played)
        else:
            count, steps = write_hugging_face(whole, played)
        whole.rename(folder)
    print(f"wrote {count} episodes, {steps} steps to {folder}")


@app.command("verify")
def verify_database(db: Database = DEFAULT_DATABASE, json: Json = False) -> None:
    """Compute everything derived again and compare; exit code 1 if something disagrees."""
    with _open(db) as store:
        report = verify(store)
    if json:
        print_json(asdict(report))
    else:
        for problem in report.problems:
            print(problem)
        verdict = "all counts agree" if report.ok else f"{len(report.problems)} problems"
        print(f"{report.episodes} episodes ({report.pruned_episodes} pruned), {report.decisions} decisions: {verdict}")
    if not report.ok:
        raise typer.Exit(1)


@app.command("prune")
def prune_database(
    keep: Annotated[int, typer.Option(min=0, help="Single decisions to keep, the newest.")],
    db: Database = DEFAULT_DATABASE,
    give_back_space: Annotated[bool, typer.Option("--vacuum", help="Also shrink the file.")] = False,
) -> None:
    """Delete the single decisions of the oldest episodes; what was counted from them stays."""
    with _open(db) as store:
        report = prune(store, keep)
        print(f"deleted {report.decisions} decisions of {report.episodes} episodes")
        if give_back_space:
            print(f"gave back {vacuum(store) / 1e6:.1f} MB")


@app.command()
def query(
    name: Annotated[str | None, typer.Argument(help="A saved query; without one they are listed.")] = None,
    db: Database = DEFAULT_DATABASE,
    json: Json = False,
) -> None:
    """Run a saved query."""
    if name is None:
        print_table("Saved queries", ("name", "title"), ((saved.name, saved.title) for saved in SAVED_QUERIES))
        return
    saved = find_query(name)
    with _open(db) as store:
        columns, rows = run_query(store.connection, saved)
    if json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
        return
    print_table(saved.title, columns, rows)


@app.command()
def datasette(db: Database = DEFAULT_DATABASE) -> None:
    """Print metadata with the saved queries, for `datasette decisions.db --metadata metadata.json`."""
    print_json(datasette_metadata(db.stem))
