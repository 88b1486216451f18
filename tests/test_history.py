"""The decision record: what is written comes back, and counts are exact."""

from __future__ import annotations

import math
import sqlite3
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.exceptions import DecisionValidationError, HistoryError
from core.history.episode_story import tell_episode
from core.history.loops import Trail, find_loops
from core.history.outcome import discounted_outcomes
from core.history.past_outcomes import find_past_outcomes
from core.history.patterns import PatternKind, find_patterns
from core.history.recent import decisions_of_episode, recent_decisions, search_reasonings
from core.history.records import EpisodeRecorder
from core.history.retention import prune, vacuum
from core.history.store import HistoryStore
from core.history.summaries import find_episode, summarize_run
from core.history.verify import verify
from core.vocabulary import GameMode, Source
from tests.history_samples import counts, decision, filled_database, walk


@pytest.fixture
def store(tmp_path: Path):
    with HistoryStore(tmp_path / "decisions.db") as opened:
        yield opened


def test_what_is_recorded_comes_back(store: HistoryStore) -> None:
    run = store.start_run("walks", {"seed": 7})
    record = walk(1)
    episode_id = store.commit_episode(run.id, record)
    read = list(decisions_of_episode(store.connection, episode_id))
    columns = record.columns
    assert [d.step for d in read] == list(range(200))
    for name in ("action", "teacher_action", "source", "strategy", "option", "reasoning", "state_hash", "confidence"):
        assert [getattr(d, name) for d in read] == list(columns[name]), name
    assert [d.context for d in read] == list(columns["context"])
    assert [d.reward for d in read] == columns["reward"].tolist()
    assert [d.outcome for d in read] == columns["outcome"].tolist()
    episode = find_episode(store, "walks/1")
    assert (episode.steps, episode.reward, episode.ended) == (200, pytest.approx(columns["reward"].sum()), "truncated")
    assert sum(episode.source_steps.values()) == 200


def test_outcome_is_the_discounted_reward_of_the_next_64_steps() -> None:
    rewards = np.random.default_rng(0).normal(size=150)
    expected = [sum(0.97**i * r for i, r in enumerate(rewards[t : t + 64])) for t in range(150)]
    np.testing.assert_allclose(discounted_outcomes(rewards), expected)
    assert discounted_outcomes(np.zeros(0)).shape == (0,)


def test_verify_agrees_with_every_count(store: HistoryStore) -> None:
    run = store.start_run()
    for number in range(1, 6):
        store.commit_episode(run.id, walk(number))
    report = verify(store)
    assert report.problems == ()
    assert (report.episodes, report.decisions) == (5, 1000)


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("update context_actions set n = n + 1 where context_id = 1", "context_actions"),
        ("update decisions set reward = reward + 1 where step = 3", "reward"),
        ("update decisions set outcome = outcome + 1 where step = 3", "outcome"),
        ("delete from decisions where step = 5", "steps"),
        ("delete from option_outcomes", "option_outcomes"),
        ("delete from run_milestones", "run_milestones"),
        ("update reasonings set text = 'something else' where id = 1", "full-text"),
    ],
)
def test_verify_names_damage(store: HistoryStore, damage: str, named: str) -> None:
    store.commit_episode(store.start_run().id, walk(1))
    store.connection.execute(damage)
    store.connection.commit()
    problems = verify(store).problems
    assert any(named in problem for problem in problems), problems


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(kept=st.integers(0, 4), added=st.integers(0, 4), seed=st.integers(0, 1000))
def test_deleted_episodes_leave_no_trace_in_the_counts(tmp_path: Path, kept: int, added: int, seed: int) -> None:
    path = tmp_path / f"{seed}-{kept}-{added}-{time.time_ns()}.db"
    with HistoryStore(path) as store:
        run = store.start_run()
        other = store.start_run()
        store.commit_episode(other.id, walk(1, seed=seed + 1))
        for number in range(1, kept + 1):
            store.commit_episode(run.id, walk(number, seed=seed))
        before = counts(store)
        for number in range(kept + 1, kept + added + 1):
            store.commit_episode(run.id, walk(number, seed=seed))
        assert store.delete_episodes_after(run.id, kept) == added
        assert counts(store) == before
        assert store.last_episode_number(run.id) == kept
        assert verify(store).ok


def test_action_sequences_are_counted_as_by_hand(store: HistoryStore) -> None:
    record = walk(1)
    store.commit_episode(store.start_run().id, record)
    digits = "".join(map(str, record.columns["action"]))
    by_hand = Counter(
        (str(record.columns.mode[start]), digits[start : start + length])
        for length in (2, 3, 4, 5)
        for start in range(len(digits) - length + 1)
    )
    rows = store.connection.execute(
        "select m.name, a.actions, a.n from action_sequences a join names m on m.id = a.mode_id"
    )
    assert {(mode, actions): n for mode, actions, n in rows} == dict(by_hand)


def test_an_option_is_credited_to_the_guide_that_chose_it(store: HistoryStore) -> None:
    recorder = EpisodeRecorder()
    context = {"mode": "free", "map": "0,1"}
    for step in range(10):  # the policy plays the first buttons of an option that the language model chose
        source = Source.POLICY if step < 3 else Source.LLM
        recorder.record(decision(4, source=source, option="go_to:gym"), 1.0 if step == 9 else 0.0, context)
    for _ in range(5):
        recorder.record(decision(0, source=Source.POLICY, option="talk:nurse"), 0.0, context)
    store.commit_episode(store.start_run().id, recorder.finish(1))
    gym = find_past_outcomes(store.connection, context, "go_to:gym")
    assert set(gym) == {"llm"}
    assert gym["llm"].count == 1
    assert gym["llm"].mean_outcome == pytest.approx(0.97**9, abs=1e-6)
    assert gym["llm"].same_context
    assert set(find_past_outcomes(store.connection, context, "talk:nurse")) == {"policy"}
    elsewhere = find_past_outcomes(store.connection, {"mode": "free", "map": "9,9"}, "go_to:gym")
    assert not elsewhere["llm"].same_context
    assert find_past_outcomes(store.connection, {"mode": "battle"}, "go_to:gym") == {}


def test_loops_by_hand() -> None:
    def loops(states: list[int], rewards: dict[int, float] | None = None, free: bool = True):
        reward = np.zeros(len(states))
        for step, value in (rewards or {}).items():
            reward[step] = value
        found = find_loops(np.asarray(states), reward, np.full(len(states), free))
        return list(zip(found.closing_step.tolist(), found.period.tolist(), strict=True)), found.steps_inside

    assert loops([1, 2, 3, 4]) == ([], 0)
    assert loops([1, 2, 3, 1]) == ([(3, 3)], 3)
    assert loops([1, 2, 1, 2]) == ([(2, 2), (3, 2)], 3)
    assert loops([1, 2, 3, 1], {1: 0.5}) == ([], 0), "something was gained on the way"
    assert loops([1, 2, 3, 1], {3: 0.5}) == ([(3, 3)], 3), "the gain came after the loop had closed"
    assert loops([1, *range(2, 102), 1]) == ([], 0), "101 steps are too far apart"
    assert loops([1, 1, 1, 1]) == ([], 0)
    assert loops([1, 1, 1, 1, 1]) == ([(4, 1)], 1)
    assert loops([1, 1, 1, 1, 1], free=False) == ([], 0), "text that scrolls is no standstill"
    assert loops([0, 0, 0, 0, 0, 0]) == ([], 0), "hash 0 is unknown"
    trail = Trail()
    for state in (1, 2, 3, 1, 4):
        trail.add(state, 0.0, True)
    assert trail.loop_steps() == 3


def test_milestone_leads_look_back_50_decisions(store: HistoryStore) -> None:
    recorder = EpisodeRecorder()
    for step in range(100):
        option = "too:early" if step < 50 else "go_to:gym"
        recorder.record(decision(4, option=option), 0.0, {"mode": "free"})
    recorder.reach("first_badge")
    recorder.reach("first_badge")
    store.commit_episode(store.start_run().id, recorder.finish(1))
    (lead,) = find_patterns(store.connection, 1, kinds=[PatternKind.MILESTONE_LEAD])
    assert lead.details["option"] == "go_to:gym"
    assert (lead.frequency, lead.details["share"], lead.details["mean_step"]) == (1, 1.0, 99.0)


def test_patterns_are_answered_without_reading_decisions(store: HistoryStore) -> None:
    run = store.start_run()
    for number in range(1, 4):
        store.commit_episode(run.id, walk(number))
    denied: list[str] = []

    def deny_single_decisions(action: int, table: str | None, *_: object) -> int:
        if action == sqlite3.SQLITE_READ and table == "decisions":
            denied.append(table)
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    store.connection.set_authorizer(deny_single_decisions)
    assert {pattern.kind for pattern in find_patterns(store.connection, 1)} == set(PatternKind)
    assert find_past_outcomes(store.connection, {"mode": "free"}, "go_to:gym")
    assert search_reasonings(store.connection, "place")
    assert summarize_run(store.connection, run).episodes == 3
    with pytest.raises(sqlite3.DatabaseError):
        recent_decisions(store.connection, 1)
    assert denied


def test_recent_is_newest_first_across_runs(store: HistoryStore) -> None:
    first, second = store.start_run("first"), store.start_run("second")
    store.commit_episode(second.id, walk(1, steps=30))
    store.commit_episode(first.id, walk(1, steps=30))
    newest = recent_decisions(store.connection, 35)
    assert [(d.run, d.step) for d in newest[:2]] == [("first", 29), ("first", 28)]
    assert [(d.run, d.step) for d in newest[30:]] == [("second", step) for step in (29, 28, 27, 26, 25)]


def test_search_finds_reasonings_with_their_use(store: HistoryStore) -> None:
    run = store.start_run("walks")
    record = walk(1)
    store.commit_episode(run.id, record)
    text = record.columns["reasoning"][-1]
    uses = [step for step, other in enumerate(record.columns["reasoning"]) if other == text]
    (hit,) = search_reasonings(store.connection, f'"{text}"')
    assert (hit.text, hit.uses, hit.run, hit.episode) == (text, len(uses), "walks", 1)
    assert hit.mean_outcome == pytest.approx(record.columns["outcome"][uses].mean(), abs=1e-6)
    with pytest.raises(HistoryError, match="double quotes"):
        search_reasonings(store.connection, '"unclosed')


def test_an_episode_is_told_in_chapters(store: HistoryStore) -> None:
    recorder = EpisodeRecorder()
    for _ in range(4):
        recorder.record(decision(4, option="go_to:gym", reasoning="north"), 0.5, {"mode": "free", "map": "0,1"})
    recorder.reach("gym_found")
    for _ in range(2):
        recorder.record(
            decision(0, source=Source.LLM, option="fight:0", mode=GameMode.BATTLE, reasoning="strong move"),
            0.0,
            {"mode": "battle", "map": "0,1"},
        )
    store.commit_episode(store.start_run("walks").id, recorder.finish(1, terminated=True))
    walked, fought = tell_episode(store.connection, find_episode(store, "last"))
    assert (walked.first_step, walked.last_step, walked.reward, walked.milestones) == (0, 3, 2.0, ("gym_found",))
    assert (fought.battle, fought.sources, fought.reasoning) == (True, (("llm", 2),), "strong move")
    assert "in battle" in fought.sentence


def test_run_summary(store: HistoryStore) -> None:
    run = store.start_run("walks")
    records = [walk(number) for number in range(1, 5)]
    for record in records:
        store.commit_episode(run.id, record)
    rewards = np.asarray([record.reward for record in records])
    summary = summarize_run(store.connection, run)
    assert (summary.episodes, summary.decisions) == (4, 800)
    assert summary.mean_reward == pytest.approx(rewards.mean())
    assert summary.reward_standard_error == pytest.approx(rewards.std(ddof=1) / 2)
    assert sum(source.share for source in summary.sources.values()) == pytest.approx(1.0)
    assert summary.sources["llm"].mean_confidence == pytest.approx(0.5)


def test_a_number_is_committed_once(store: HistoryStore) -> None:
    run = store.start_run()
    store.commit_episode(run.id, walk(1))
    before = counts(store)
    with pytest.raises(HistoryError, match="already has an episode 1"):
        store.commit_episode(run.id, walk(1, seed=1))
    with pytest.raises(HistoryError, match="no run with id 99"):
        store.commit_episode(99, walk(1))
    assert counts(store) == before
    assert verify(store).ok


@pytest.mark.parametrize("reward", [float("nan"), float("inf")])
def test_a_reward_that_is_no_number_is_refused(store: HistoryStore, reward: float) -> None:
    recorder = EpisodeRecorder()
    recorder.record(decision(), reward, {})
    with pytest.raises(DecisionValidationError, match="step 0: reward"):
        recorder.finish(1)


def test_numpy_scalars_are_stored_as_numbers(store: HistoryStore) -> None:
    recorder = EpisodeRecorder()
    numpy_values = {"action": np.int64(3), "teacher_action": np.int64(3), "behaviour_probability": np.float32(0.25)}
    odd = replace(decision(3), **numpy_values)  # type: ignore[arg-type]
    recorder.record(odd, float(np.float32(1.0)), {"mode": "free"})
    store.commit_episode(store.start_run().id, recorder.finish(1))
    row = store.connection.execute(
        "select typeof(action), typeof(teacher_action), behaviour_probability from decisions"
    )
    assert row.fetchone() == ("integer", "integer", 0.25)


def test_a_failed_commit_leaves_nothing_and_the_next_one_works(store: HistoryStore) -> None:
    run = store.start_run()
    store.connection.execute(
        "create temp trigger disk_full before insert on decisions begin select raise(abort, 'disk full'); end"
    )
    with pytest.raises(HistoryError, match="disk full; nothing of this episode was kept"):
        store.commit_episode(run.id, walk(1))
    assert store.connection.execute("select count(*) from reasonings").fetchone() == (0,)
    store.connection.execute("drop trigger disk_full")
    store.commit_episode(run.id, walk(1))
    assert verify(store).problems == ()
    assert recent_decisions(store.connection, 1)[0].reasoning == walk(1).columns["reasoning"][-1]


def test_past_outcomes_have_a_mean_and_its_standard_error(store: HistoryStore) -> None:
    rewards = (1.0, 2.0, 4.0, 0.0)
    run = store.start_run()
    for number, reward in enumerate(rewards, start=1):
        recorder = EpisodeRecorder()
        recorder.record(decision(option="heal"), reward, {"mode": "free"})
        store.commit_episode(run.id, recorder.finish(number))
    outcome = find_past_outcomes(store.connection, {"mode": "free"}, "heal")["rules"]
    assert (outcome.count, outcome.mean_outcome) == (4, pytest.approx(1.75))
    assert outcome.standard_error == pytest.approx(np.std(rewards, ddof=1) / 2)


def test_past_progress_is_the_pace_of_the_rest_of_the_episode(store: HistoryStore) -> None:
    recorder = EpisodeRecorder()
    for step in range(4001):
        recorder.record(decision(option="heal" if step == 1000 else "go_to:gym"), 0.0, {"mode": "free"})
        if step in (500, 3000):
            recorder.reach(f"milestone-{step}")
    store.commit_episode(store.start_run().id, recorder.finish(1))
    heal = find_past_outcomes(store.connection, {"mode": "free"}, "heal")["rules"]
    assert heal.mean_progress == pytest.approx(1000 / 4001, abs=1e-6), "one milestone in 3,001 decisions and a thousand"
    assert heal.progress_error == math.inf, "one time is no evidence"
    gym = find_past_outcomes(store.connection, {"mode": "free"}, "go_to:gym")["rules"]
    begun = (2 * 1000 / 5001, 1000 / 4000)  # at steps 0 and 1001
    assert gym.mean_progress == pytest.approx(np.mean(begun), abs=1e-6)
    assert gym.progress_error == pytest.approx(np.std(begun, ddof=1) / math.sqrt(2), abs=1e-4)


def test_pruning_keeps_what_was_learnt(tmp_path: Path) -> None:
    with HistoryStore(filled_database(tmp_path / "decisions.db")) as store:
        before = counts(store)
        report = prune(store, keep_decisions=450)
        assert (report.episodes, report.decisions) == (4, 800)
        assert len(recent_decisions(store.connection, 1000)) == 400
        assert counts(store) == before
        assert search_reasonings(store.connection, "place")
        assert verify(store).problems == ()
        with pytest.raises(HistoryError, match="pruned"):
            tell_episode(store.connection, find_episode(store, "1"))
        with pytest.raises(HistoryError, match="was pruned"):
            store.delete_episodes_after(store.find_run().id, 0)
        assert store.delete_episodes_after(store.find_run().id, 4) == 2
        assert vacuum(store) >= 0
        store.connection.execute("update context_actions set n = 0")
        store.connection.commit()
        assert verify(store).ok, "nothing is left that could contradict the counts"
