"""The schema of decisions.db, as numbered steps that are never edited once released.

A new file runs through all of them, an old one through those it lacks, each in a transaction together with the note
that it was applied (sqlite-utils' `Migrations`). What a table or column means is said here, beside its definition;
`docs/decisions_db.md` is the reader's version.
"""

# pyright: reportUnknownMemberType=false
# (sqlite-utils leaves the type of a statement's parameters open)

from __future__ import annotations

from sqlite_utils import Database, Migrations

from core.history.coded_episode import read_episode
from core.history.contributions import option_progress_of
from core.history.rollups import OPTION_PROGRESS, add_contributions

MIGRATIONS = Migrations("crystal-hybrid decision history")


@MIGRATIONS(name="001_record")
def create_record(db: Database) -> None:
    """Runs, episodes, decisions, milestones, and the words they refer to by number."""
    db.execute("""
        create table names (
            id integer primary key,
            name text not null unique
        )""")  # sources, modes, strategies, option keys, milestones: few and short
    db.execute("insert into names (id, name) values (0, '')")  # id 0 means "not stated" everywhere
    db.execute("create table reasonings (id integer primary key, text text not null unique)")
    db.execute("""
        create table contexts (
            id integer primary key,
            json text not null unique,          -- object with sorted keys and string values; always has "mode"
            mode_id integer not null references names(id)
        )""")
    db.execute("""
        create table runs (
            id integer primary key,
            name text not null unique,
            started_at_s real not null,         -- seconds since the epoch
            settings text not null              -- JSON object, as the caller gave it
        )""")
    db.execute("""
        create table episodes (
            id integer primary key,             -- grows with time
            run_id integer not null references runs(id),
            number integer not null,            -- 1, 2, 3, ... in order of ending
            lane integer not null,
            started_at_s real not null,
            seconds real not null,
            steps integer not null,
            reward real not null,               -- sum over the episode
            llm_steps integer not null,         -- decisions by source
            rules_steps integer not null,
            policy_steps integer not null,
            loop_steps integer not null,        -- decisions inside a loop, see core/history/loops.py
            terminated integer not null,
            truncated integer not null,
            outcomes_given integer not null,    -- 1: outcomes stated by the caller, 0: discounted rewards
            pruned integer not null default 0,  -- 1: its decisions were deleted by retention, rollups kept
            unique (run_id, number)
        )""")
    db.execute("""
        create table decisions (
            episode_id integer not null references episodes(id),
            step integer not null,              -- 0, 1, 2, ...
            elapsed_ms integer not null,        -- since the start of the episode
            action integer not null,            -- 0 A, 1 B, 2 Start, 3 Select, 4 Up, 5 Down, 6 Left, 7 Right, 8 none
            guide_action integer,               -- what the guide wanted here, null if it was not asked
            source_id integer not null references names(id),
            strategy_id integer not null references names(id),
            option_id integer not null references names(id),
            context_id integer not null references contexts(id),
            reasoning_id integer not null references reasonings(id),
            state_hash integer not null,        -- 0: unknown
            confidence real not null,           -- 0 to 1
            behaviour_probability real,         -- of the whole agent playing this action; null if unknown
            reward real not null,
            outcome real not null,              -- discounted reward of the next 64 steps, see core/history/outcome.py
            primary key (episode_id, step)
        ) without rowid""")
    db.execute("""
        create table milestones (
            episode_id integer not null references episodes(id),
            milestone_id integer not null references names(id),
            step integer not null,
            primary key (episode_id, milestone_id)
        ) without rowid""")


@MIGRATIONS(name="002_rollups")
def create_rollups(db: Database) -> None:
    """Counts and integer sums, kept up in the transaction that adds or deletes an episode."""
    db.execute("""
        create table action_sequences (
            mode_id integer not null,           -- mode of the first action
            actions text not null,              -- one digit per action, "4440" = Up Up Up A; 2 to 5 of them
            n integer not null,
            outcome_micro integer not null,     -- sum, in millionths
            primary key (mode_id, actions)
        ) without rowid""")
    db.execute("""
        create table context_actions (
            context_id integer not null,
            action integer not null,
            source_id integer not null,
            n integer not null,
            reward_micro integer not null,
            outcome_micro integer not null,
            primary key (context_id, action, source_id)
        ) without rowid""")
    db.execute("""
        create table option_outcomes (
            option_id integer not null,
            context_id integer not null,        -- where the option was begun
            source_id integer not null,         -- who began it
            n integer not null,                 -- times begun
            outcome_micro integer not null,
            outcome_square_micro integer not null,
            primary key (option_id, context_id, source_id)
        ) without rowid""")
    db.execute("""
        create table loops (
            context_id integer not null,
            period integer not null,            -- decisions until the same state again; 1 = it did not change
            actions text not null,              -- the loop's actions if at most 8, else ''
            n integer not null,
            primary key (context_id, period, actions)
        ) without rowid""")
    db.execute("""
        create table milestone_leads (
            milestone_id integer not null,
            option_id integer not null,         -- pursued within the 50 decisions up to the milestone
            source_id integer not null,
            n integer not null,                 -- number of reaches that it preceded
            primary key (milestone_id, option_id, source_id)
        ) without rowid""")
    db.execute("""
        create table run_milestones (
            run_id integer not null,
            milestone_id integer not null,
            n integer not null,
            steps integer not null,             -- sum of the steps at which it was reached
            primary key (run_id, milestone_id)
        ) without rowid""")
    db.execute("""
        create table run_sources (
            run_id integer not null,
            mode_id integer not null,
            source_id integer not null,
            n integer not null,
            reward_micro integer not null,
            outcome_micro integer not null,
            confidence_micro integer not null,
            primary key (run_id, mode_id, source_id)
        ) without rowid""")
    db.execute("""
        create table reasoning_uses (
            reasoning_id integer not null,
            episode_id integer not null,
            n integer not null,
            outcome_micro integer not null,
            primary key (reasoning_id, episode_id)
        ) without rowid""")


@MIGRATIONS(name="003_search")
def create_search(db: Database) -> None:
    """Full-text search over the distinct reasonings, kept up by triggers; and a view for people to read."""
    db.execute("create virtual table reasonings_fts using fts5 (text, content='reasonings', content_rowid='id')")
    db.execute("""
        create trigger reasonings_inserted after insert on reasonings begin
            insert into reasonings_fts (rowid, text) values (new.id, new.text);
        end""")
    db.execute("""
        create trigger reasonings_deleted after delete on reasonings begin
            insert into reasonings_fts (reasonings_fts, rowid, text) values ('delete', old.id, old.text);
        end""")
    db.execute("""
        create view decision_list as
        select
            d.episode_id || '-' || d.step as id, d.episode_id,
            datetime(e.started_at_s + d.elapsed_ms / 1000.0, 'unixepoch') as time_utc,
            r.name as run, e.number as episode, d.step,
            json_extract(c.json, '$.mode') as mode, json_extract(c.json, '$.map') as map,
            d.action, d.guide_action,
            source.name as source, strategy.name as strategy, option.name as option,
            d.confidence, d.behaviour_probability, d.reward, d.outcome, t.text as reasoning, d.state_hash
        from decisions d
        join episodes e on e.id = d.episode_id
        join runs r on r.id = e.run_id
        join contexts c on c.id = d.context_id
        join reasonings t on t.id = d.reasoning_id
        join names source on source.id = d.source_id
        join names strategy on strategy.id = d.strategy_id
        join names option on option.id = d.option_id""")


@MIGRATIONS(name="004_option_progress")
def create_option_progress(db: Database) -> None:
    """How the story went on after an option was begun. The migration after this one counts it."""
    db.execute("""
        create table option_progress (
            option_id integer not null,
            context_id integer not null,        -- where the option was begun
            source_id integer not null,         -- who began it
            n integer not null,                 -- times begun
            progress_micro integer not null,    -- pace of the rest of the episode, see outcome.py
            progress_square_micro integer not null,
            primary key (option_id, context_id, source_id)
        ) without rowid""")


@MIGRATIONS(name="005_progress_is_pace")
def count_progress_as_pace(db: Database) -> None:
    """Progress was a discounted number of milestones; it is counted anew from the decisions that are there."""
    db.execute("delete from option_progress")
    for (episode_id,) in db.execute("select id from episodes where pruned = 0").fetchall():
        add_contributions(db.conn, {OPTION_PROGRESS: option_progress_of(read_episode(db.conn, episode_id))})


@MIGRATIONS(name="006_teacher_action")
def rename_guide_action(db: Database) -> None:
    """Who decides besides the policy is called the teacher everywhere; SQLite renames it in the view, too."""
    db.execute("alter table decisions rename column guide_action to teacher_action")


@MIGRATIONS(name="007_run_changes")
def create_run_changes(db: Database) -> None:
    """What a run went on with after a resume: other settings, or a new record."""
    # episodes before that number + 1 were played, and are in another record: it was lost, or left behind
    db.execute("alter table runs add column begins_after integer not null default 0")
    db.execute("""
        create table run_changes (
            run_id integer not null references runs(id),
            episode integer not null,           -- number of the first episode played with it
            key text not null,                  -- dotted, "learner.learning_rate"
            old text not null,                  -- JSON
            new text not null,                  -- JSON
            primary key (run_id, episode, key)
        ) without rowid""")


@MIGRATIONS(name="008_beginnings")
def create_beginnings(db: Database) -> None:
    """How episodes began, so that they can be played again. Of episodes recorded before, that is not known."""
    db.execute("""
        create table beginning_states (
            sha256 text primary key,            -- of the save state
            state blob not null                 -- compressed with zlib
        )""")
    db.execute("""
        create table beginnings (
            episode_id integer primary key references episodes(id),
            seed integer not null,              -- of the environment's reset
            rom_sha1 text not null,
            emulator text not null,             -- "pyboy-2.8.1"
            state_sha256 text references beginning_states(sha256),  -- null: where the run's settings begin a game
            reached text not null               -- JSON list: milestones reached before
        )""")
