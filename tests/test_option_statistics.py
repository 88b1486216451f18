"""The decision record changes what the rules choose: only where they are nearly indifferent, and it says so."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest
import torch

from agents.heads.button_view import PLANES_SHAPE, SITUATION_PLANES, SITUATION_SIZE
from agents.heads.options.view import OPTION_SIZE, RECORD, option_view
from agents.heads.saved_heads import Heads, load_bundled, load_heads, save_heads
from core.adaptive_strategy_system import AdaptiveStrategySystem
from core.agent.option_statistics import FACTS_AGE, TRIALS, OptionStatistics, _Past
from core.agent.standings import Standings
from core.decision_history_analyzer import DecisionHistoryAnalyzer
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.analysis import GameStateAnalysis
from core.history.records import EpisodeRecorder
from core.hybrid_agent import AgentMode, HybridAgent
from core.rules import RulePlayer
from core.rules.values import MARGINS
from core.vocabulary import Decision, GameMode, Option, OptionKind, Source
from tests.game_states import first_state
from tests.history_samples import decision
from trainer.evaluation.frozen_agent import frozen_heads
from trainer.settings import load_settings

ROM = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
CONTEXT = {"mode": "free", "map": "1.4"}
LEFT, MIDDLE, FAR = (
    Option(OptionKind.TALK, label, f"talk:{label}", value=value)
    for label, value in (("left", 0.80), ("middle", 0.80 - MARGINS.record / 2), ("far", 0.80 - 2 * MARGINS.record))
)
MOST_STEPS = 120


@pytest.fixture
def record(tmp_path: Path) -> Iterator[DecisionHistoryAnalyzer]:
    with DecisionHistoryAnalyzer(tmp_path / "decisions.db") as analyzer:
        yield analyzer


def remember(
    record: DecisionHistoryAnalyzer,
    option_key: str,
    reward: float,
    episodes: int,
    context: dict[str, str] = CONTEXT,
    later_milestones: tuple[int, ...] = (),
) -> None:
    """Commits episodes in which the rules began this option and got `reward` at once.

    Game after game, the next of `later_milestones` says after how many more steps the story went on.
    """
    run = record.store.start_run()
    mode = GameMode(context["mode"])
    for number in range(1, episodes + 1):
        recorder = EpisodeRecorder(lane=0)
        recorder.record(decision(source=Source.RULES, option=option_key, mode=mode), reward, context)
        if later_milestones:
            for _ in range(later_milestones[number % len(later_milestones)]):
                recorder.record(decision(source=Source.RULES, mode=mode), 0.0, context)
            recorder.reach("on with the story")
        record.store.commit_episode(run.id, recorder.finish(number, truncated=True))


def test_without_a_record_the_rules_order_stands(record: DecisionHistoryAnalyzer) -> None:
    preference = OptionStatistics(record).prefer((LEFT, MIDDLE, FAR), CONTEXT)
    assert preference.option is LEFT
    assert preference.reason == ""


def test_a_bad_outcome_changes_the_choice_at_once_and_says_why(record: DecisionHistoryAnalyzer) -> None:
    statistics = OptionStatistics(record)
    assert statistics.prefer((LEFT, MIDDLE, FAR), CONTEXT).option is LEFT
    remember(record, LEFT.key, reward=-1.0, episodes=12)
    remember(record, MIDDLE.key, reward=1.0, episodes=12)
    preference = statistics.prefer((LEFT, MIDDLE, FAR), CONTEXT)
    assert preference.option is MIDDLE
    assert "left (-1.00 in 12" in preference.reason
    assert "middle (+1.00 in 12" in preference.reason


def test_what_leads_on_sooner_is_preferred_when_the_evidence_is_clear(record: DecisionHistoryAnalyzer) -> None:
    remember(record, LEFT.key, reward=0.0, episodes=2, later_milestones=(1500, 2500))
    remember(record, MIDDLE.key, reward=0.0, episodes=2, later_milestones=(1000, 2800))
    assert OptionStatistics(record).prefer((LEFT, MIDDLE), CONTEXT).option is LEFT, "two games apiece may be luck"
    remember(record, LEFT.key, reward=0.0, episodes=8, later_milestones=(1500, 2500))
    remember(record, MIDDLE.key, reward=0.0, episodes=8, later_milestones=(600, 800))
    preference = OptionStatistics(record).prefer((LEFT, MIDDLE), CONTEXT)
    assert preference.option is MIDDLE
    assert "then 0.3 milestones in a thousand steps" in preference.reason, "the slow option's: one in about 2,000 steps"


def test_the_record_never_overrides_a_clear_preference(record: DecisionHistoryAnalyzer) -> None:
    remember(record, LEFT.key, reward=-50.0, episodes=200)
    remember(record, FAR.key, reward=50.0, episodes=200)
    assert OptionStatistics(record).prefer((LEFT, FAR), CONTEXT).option is LEFT


def test_training_tries_what_is_about_as_good_before_the_record_decides(record: DecisionHistoryAnalyzer) -> None:
    playing, training = OptionStatistics(record), OptionStatistics(record, TRIALS)
    remember(record, LEFT.key, reward=1.0, episodes=TRIALS + 1)
    for tried in range(TRIALS):
        assert playing.prefer((LEFT, MIDDLE, FAR), CONTEXT).option is LEFT
        preference = training.prefer((LEFT, MIDDLE, FAR), CONTEXT)
        assert preference.option is MIDDLE, "FAR is clearly worse and not tried"
        assert preference.reason == f"tried {tried} times so far"
        remember(record, MIDDLE.key, reward=0.0, episodes=1)
    assert training.prefer((LEFT, MIDDLE, FAR), CONTEXT).option is LEFT


def test_another_mode_is_another_matter(record: DecisionHistoryAnalyzer) -> None:
    elsewhere = {"mode": "battle", "map": "1.4"}
    remember(record, LEFT.key, reward=-1.0, episodes=12, context=elsewhere)
    assert OptionStatistics(record).prefer((LEFT, MIDDLE), CONTEXT).option is LEFT


def chosen_starter(record: DecisionHistoryAnalyzer) -> Decision:
    """The first decision of a new game that leads to one of the three starters."""
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state")
    try:
        _, info = env.reset(seed=1)
        agent = HybridAgent(None, AdaptiveStrategySystem(record), mode=AgentMode.RULES_ONLY)
        agent.frozen = True  # it tries nothing
        agent.attach_lanes([RulePlayer(env.rom.game, seed=0)])
        for _ in range(MOST_STEPS):
            action = agent.get_action({}, info)
            taken = agent.last_decision(0)
            assert taken is not None
            if taken.option_key.startswith("talk:WORKSHOP:"):
                return taken
            *_, info = env.step(action)
    finally:
        env.close()
    raise AssertionError(f"no starter within {MOST_STEPS} steps")


def test_a_starter_that_turned_out_badly_is_not_taken_again(record: DecisionHistoryAnalyzer) -> None:
    """On the cartridge: the three starters are worth about the same to the rules, so the record decides."""
    first = chosen_starter(record)
    assert chosen_starter(record).option_key == first.option_key
    remember(record, first.option_key, reward=-3.0, episodes=40)
    second = chosen_starter(record)
    assert second.option_key != first.option_key
    assert "did better" in second.reasoning


def test_an_evaluation_asks_the_record_for_the_whole_agent_and_not_for_its_parents(
    record: DecisionHistoryAnalyzer,
) -> None:
    agent = HybridAgent(None, AdaptiveStrategySystem(record))
    for mode in AgentMode:
        twin = agent.for_evaluation([], mode=mode)
        assert (twin.adaptive_strategy.history_analyzer is record) == (mode is AgentMode.ADAPTIVE)


def test_an_advantage_weighs_what_came_at_once_and_what_came_later() -> None:
    """Outcomes are drawn to the mean of both, and a progress counts by its error, which is never nothing."""
    one = _Past(count=4, mean_outcome=1.0, mean_progress=2.0, progress_error=0.3)
    other = _Past(count=12, mean_outcome=0.2, mean_progress=1.5, progress_error=0.4)
    # together 16 outcomes of 0.4 on the mean: 4 such are added to each
    at_once = math.tanh((4 * 1.0 + 4 * 0.4) / 8 - (12 * 0.2 + 4 * 0.4) / 16)
    later = math.tanh(0.5 / math.sqrt(0.3**2 + 0.4**2 + 0.05**2) / 2)
    assert one.advantage_over(other) == pytest.approx(at_once + later)
    assert other.advantage_over(one) == pytest.approx(-at_once - later)


def test_what_was_never_tried_is_compared_with_nothing() -> None:
    tried = _Past(count=4, mean_outcome=1.0, mean_progress=2.0, progress_error=0.3)
    assert tried.advantage_over(_Past()) == pytest.approx(math.tanh(4 * 1.0 / 8))
    assert _Past().advantage_over(_Past()) == 0.0


def test_games_that_were_all_alike_are_not_trusted_without_end() -> None:
    one, other = (_Past(9, 0.0, progress, progress_error=0.0) for progress in (1.0, 1.05))
    assert other.advantage_over(one) == pytest.approx(math.tanh(0.05 / 0.05 / 2))


# -- as what a policy sees ---------------------------------------------------------------------------------------


def test_a_record_tells_of_an_option_in_three_numbers(record: DecisionHistoryAnalyzer) -> None:
    remember(record, LEFT.key, 4.0, 4, later_milestones=(9,))
    ((known, outcome, progress), nothing) = OptionStatistics(record).facts([LEFT.key, FAR.key], CONTEXT)
    assert known == pytest.approx(0.5) and outcome == pytest.approx(math.tanh(1.0), abs=0.01) and 0 < progress <= 1
    assert nothing == (0.0, 0.0, 0.0)


def test_facts_are_asked_anew_after_some_episodes_and_not_after_each(record: DecisionHistoryAnalyzer) -> None:
    statistics = OptionStatistics(record)
    assert statistics.facts([LEFT.key], CONTEXT)[0][0] == 0.0
    remember(record, LEFT.key, 1.0, 1)
    assert statistics.facts([LEFT.key], CONTEXT)[0][0] == 0.0, "some episodes old"
    last = (0.0, 0.0, 0.0)
    for _ in range(FACTS_AGE):
        remember(record, LEFT.key, 1.0, 1)
        (last,) = statistics.facts([LEFT.key], CONTEXT)
    assert last[0] > 0.5


def test_the_option_head_sees_the_record_where_there_is_one(record: DecisionHistoryAnalyzer) -> None:
    state = first_state()
    options = RulePlayer(state.game, 0).options(state)
    first = options[0]
    context = GameStateAnalysis.from_game_state(state).context
    remember(record, first.key, 3.0, 3, context=dict(context))
    without, with_it = option_view(state, options), option_view(state, options, OptionStatistics(record))
    assert not without[:, RECORD].any()
    assert with_it[0, RECORD][0] > 0.4 and with_it[0, RECORD][1] > 0.5
    assert not with_it[1:, RECORD].any(), "nobody has begun the others"
    hidden = with_it.copy()
    hidden[:, RECORD] = 0.0
    assert (hidden == without).all(), "nothing else has changed"


def test_heads_that_were_never_taught_what_the_record_tells_do_not_mind_it(tmp_path: Path) -> None:
    for heads in (Heads.fresh(1), load_bundled()):
        logits = [scores(heads, record_value) for record_value in (0.0, 1.0)]
        assert torch.equal(*logits)
    taught = Heads.fresh(1)
    loss = scores(taught, 1.0)[0, 0]
    loss.backward()
    weights = cast(torch.nn.Linear, taught.option.score[0]).weight
    assert weights.grad is not None and weights.grad[:, -3:].any(), "training can teach them"
    with torch.no_grad():
        weights[:, -3:] = 1.0
    save_heads(tmp_path / "heads.safetensors", taught)
    back = load_heads(tmp_path / "heads.safetensors")
    assert not torch.equal(scores(back, 0.0), scores(back, 1.0)), "what was taught is kept"


def scores(heads: Heads, record_value: float) -> torch.Tensor:
    """Of two options, of the first of which the record tells this."""
    facts = torch.zeros(1, 2, OPTION_SIZE)
    facts[0, 0, RECORD] = record_value
    vector, planes = torch.zeros(1, SITUATION_SIZE), torch.zeros(1, SITUATION_PLANES, *PLANES_SHAPE[1:])
    return heads.option(vector, planes, facts, torch.ones(1, 2, dtype=torch.bool))


@pytest.mark.parametrize("asks", [True, False])
def test_an_evaluation_can_do_without_the_record(tmp_path: Path, asks: bool) -> None:
    with DecisionHistoryAnalyzer(tmp_path / "decisions.db") as analyzer:
        remember(analyzer, LEFT.key, 1.0, 1)
    settings = load_settings(ROM.parent.parent / "config.json").changed(
        decision_db_path=tmp_path / "decisions.db", llm_model="none"
    )
    with ExitStack() as stack:
        agent, _ = frozen_heads(settings, load_bundled(), Standings(), "fernvale", stack, asks_record=asks)
        assert (agent.adaptive_strategy.history_analyzer is not None) is asks
