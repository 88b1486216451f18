"""The documented door: decisions recorded one by one come back as documented, and their patterns are found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.decision_history_analyzer import DecisionHistoryAnalyzer
from core.exceptions import DecisionValidationError, HistoryError
from core.game_state_analyzer import GameStateAnalysis
from core.history.store import HistoryStore
from core.history.verify import verify
from tests.history_samples import walk

DOCUMENTED_TYPES = {
    "id": str,
    "timestamp": datetime,
    "state_hash": int,
    "action": int,
    "reasoning": str,
    "confidence": float,
    "outcome_reward": float,
    "episode_id": str,
    "step_number": int,
}


def state(map_number: int = 1, mode: str = "free") -> GameStateAnalysis:
    return GameStateAnalysis({"mode": mode, "map_number": map_number, "state_hash": 100 + map_number})


@pytest.fixture
def analyzer(tmp_path: Path):
    with DecisionHistoryAnalyzer(str(tmp_path / "decisions.db")) as opened:
        yield opened


def test_a_decision_comes_back_as_documented(analyzer: DecisionHistoryAnalyzer) -> None:
    analyzer.record_decision(state(3), 4, "go north", 0.75, 1.5)
    (record,) = analyzer.get_recent_decisions()
    assert {key: type(value) for key, value in record.items()} == DOCUMENTED_TYPES
    assert record["state_hash"] == 103
    assert (record["action"], record["reasoning"]) == (4, "go north")
    assert (record["confidence"], record["outcome_reward"], record["step_number"]) == (0.75, 1.5, 0)
    assert abs(record["timestamp"] - datetime.now(UTC)) < timedelta(minutes=1)


def test_patterns_appear_at_their_minimum_frequency(analyzer: DecisionHistoryAnalyzer) -> None:
    for _ in range(4):
        analyzer.record_decision(state(), 4, "go north", 0.9, 0.5)
        analyzer.record_decision(state(), 0, "talk", 0.9, 0.0)
    sequences = {
        pattern["actions"]: pattern for pattern in analyzer.analyze_patterns() if pattern["kind"] == "action_sequence"
    }
    assert sequences["UP A"]["frequency"] == 4
    assert sequences["UP A"]["mean_outcome"] == 0.5, "the outcome that was stated for its first decision"
    assert sequences["A UP"]["frequency"] == 3
    assert "UP A UP A" in sequences
    assert "A UP" not in {pattern.get("actions") for pattern in analyzer.analyze_patterns(min_frequency=4)}
    (habit,) = [pattern for pattern in analyzer.analyze_patterns(kinds=["context_action"]) if pattern["action"] == 4]
    assert (habit["share"], habit["mean_reward"]) == (0.5, 0.5)


def test_the_context_filter_keeps_only_its_contexts(analyzer: DecisionHistoryAnalyzer) -> None:
    for _ in range(5):
        analyzer.record_decision(state(mode="free"), 4, "go north", 0.9, 0.0)
        analyzer.record_decision(state(mode="battle"), 0, "attack", 0.9, 1.0)
    everything = analyzer.analyze_patterns()
    battle = analyzer.analyze_patterns(context_filter={"mode": "battle"})
    assert battle
    assert all(pattern["context"]["mode"] == "battle" for pattern in battle)
    assert len(battle) < len(everything)
    assert analyzer.analyze_patterns(context_filter={"mode": "dialog"}) == []
    with pytest.raises(DecisionValidationError, match=r"'moon'.*'hp'"):
        analyzer.analyze_patterns(context_filter={"moon": "full"})


def test_everything_is_there_after_closing_and_opening_again(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    for _ in range(2):
        with DecisionHistoryAnalyzer(path) as analyzer:
            for step in range(3):
                analyzer.record_decision(state(), step, "again", 0.5, 0.0)
    with DecisionHistoryAnalyzer(path) as analyzer:
        assert [record["action"] for record in analyzer.get_recent_decisions()] == [2, 1, 0, 2, 1, 0]
        (habit,) = [
            pattern
            for pattern in analyzer.analyze_patterns(min_frequency=2, kinds=["context_action"])
            if pattern["action"] == 0
        ]
        assert habit["frequency"] == 2, "patterns add up over programs"


def test_queries_in_between_do_not_disturb_the_counts(analyzer: DecisionHistoryAnalyzer) -> None:
    for step in range(60):
        analyzer.record_decision(state(step % 7), step % 9, f"reason {step % 5}", 0.5, 0.1 * step)
        if step % 10 == 0:
            assert len(analyzer.get_recent_decisions(1000)) == step + 1
    analyzer.end_episode()
    analyzer.record_decision(state(), 0, "new episode", 0.5, 0.0)
    newest = analyzer.get_recent_decisions(2)
    assert [(r["episode_id"].rpartition("/")[2], r["step_number"]) for r in newest] == [("2", 0), ("1", 59)]
    assert verify(analyzer.store).problems == ()


def test_long_recordings_are_cut_into_episodes_and_written_in_batches(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    with DecisionHistoryAnalyzer(path) as analyzer:
        for step in range(2300):
            analyzer.record_decision(state(), step % 9, "look around", 0.5, 0.0)
        with HistoryStore(path) as reader:
            assert reader.decision_count() == 2250, "all but the last 50 are on disk before anyone asks"
    with HistoryStore(path) as store:
        assert [row[0] for row in store.connection.execute("select steps from episodes")] == [1000, 1000, 300]
        assert verify(store).problems == ()


def test_an_analyzer_that_only_reads_leaves_no_run(tmp_path: Path) -> None:
    with DecisionHistoryAnalyzer(tmp_path / "decisions.db") as analyzer:
        assert analyzer.get_recent_decisions() == []
        assert analyzer.analyze_patterns() == []
        assert analyzer.analyze_patterns(context_filter={"mode": "battle"}) == []
        assert analyzer.store.runs() == []


def test_past_outcomes_compare_sources(analyzer: DecisionHistoryAnalyzer) -> None:
    run = analyzer.store.start_run()
    for number in range(1, 8):
        analyzer.store.commit_episode(run.id, walk(number))
    outcomes = analyzer.past_outcomes({"mode": "free", "map": "0,0", "hp": "good"}, "heal:centre")
    assert set(outcomes) <= {"llm", "rules", "policy"}
    assert outcomes
    for outcome in outcomes.values():
        assert outcome.count >= 1
        assert outcome.same_context
        assert outcome.standard_error > 0


@pytest.mark.parametrize(
    ("action", "confidence", "reward", "said"),
    [(9, 0.5, 0.0, "action_taken is 9"), (0, 1.5, 0.0, "confidence is 1.5"), (0, 0.5, float("nan"), "outcome_reward")],
)
def test_wrong_values_are_refused(
    analyzer: DecisionHistoryAnalyzer, action: int, confidence: float, reward: float, said: str
) -> None:
    with pytest.raises(DecisionValidationError, match=said):
        analyzer.record_decision(state(), action, "", confidence, reward)
    assert analyzer.get_recent_decisions() == []


def test_wrong_questions_are_refused(analyzer: DecisionHistoryAnalyzer) -> None:
    with pytest.raises(DecisionValidationError, match="min_frequency is 0"):
        analyzer.analyze_patterns(0)
    with pytest.raises(DecisionValidationError, match="known kinds"):
        analyzer.analyze_patterns(kinds=["horoscope"])
    with pytest.raises(DecisionValidationError, match="limit is -1"):
        analyzer.get_recent_decisions(-1)


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "decisions.db"
    path.write_bytes(b"x" * 200)
    with pytest.raises(HistoryError):
        DecisionHistoryAnalyzer(path)
    assert path.read_bytes() == b"x" * 200
