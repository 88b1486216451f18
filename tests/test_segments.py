"""Segments of play: what an option and a choice come to, and that the heads' agent goes by what is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.heads.agent import HeadsAgent
from agents.heads.saved_heads import STANDINGS_FILE, Heads, load_bundled, load_standings
from core.agent.agent_state import AgentState
from core.agent.arbitration import TeacherCurriculum
from core.agent.lane_transitions import LaneInputs
from core.agent.segments import MOST_PRESSED_STEPS, SPAN_STEPS, LaneSegments
from core.agent.standings import Deed, SegmentOutcome, Situation, Standings
from core.agent.strategy_system import AdaptiveStrategySystem
from core.enhanced_pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.exceptions import CheckpointError
from core.rules import RulePlayer
from core.vocabulary import AgentMode, Option, OptionKind, Source
from trainer.bundle.situations import write_standings
from trainer.play.learned_half import BUNDLED, standings_of

ROM = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
WALK = Option(OptionKind.GO_TO, "Go to the shop", "go_to:SHOP")
TALK = Option(OptionKind.TALK, "Talk to the clerk", "talk:SHOP:1")
HIT = Option(OptionKind.FIGHT, "Hit it", "fight:BUMP")
ON_THE_WAY = Situation(Deed.CHOOSE, "overworld", "talk", "1")
IN_A_FIGHT = Situation(Deed.CHOOSE, "battle", "fight", "1")


@pytest.fixture
def told() -> list[SegmentOutcome]:
    return []


@pytest.fixture
def segments(told: list[SegmentOutcome]) -> LaneSegments:
    return LaneSegments(told.append)


def test_an_option_is_a_segment_of_who_pressed(segments: LaneSegments, told: list[SegmentOutcome]) -> None:
    for step in range(5):
        segments.pressed(WALK, "overworld", "1", Source.POLICY, ended=step == 4)
    situation = Situation(Deed.PRESS, "overworld", "go_to", "1")
    assert told == [SegmentOutcome(situation, Source.POLICY, True, 5)]


def test_a_fight_on_the_way_counts_for_neither(segments: LaneSegments, told: list[SegmentOutcome]) -> None:
    segments.pressed(WALK, "overworld", "1", Source.POLICY, ended=False)
    for step in range(3):
        segments.pressed(HIT, "battle", "1", Source.RULES, ended=step == 2)
    segments.pressed(WALK, "overworld", "1", Source.POLICY, ended=True)
    assert [(one.situation.mode, one.player, one.steps) for one in told] == [
        ("battle", Source.RULES, 3),
        ("overworld", Source.POLICY, 2),
    ]


def test_what_is_taken_away_given_up_or_never_ends_has_failed(
    segments: LaneSegments, told: list[SegmentOutcome]
) -> None:
    segments.pressed(WALK, "overworld", "1", Source.POLICY, ended=False)
    segments.pressed(WALK, "overworld", "1", Source.RULES, ended=False)
    segments.pressed(TALK, "overworld", "1", Source.RULES, ended=False)
    assert [(one.player, one.success) for one in told] == [(Source.POLICY, False), (Source.RULES, False)]
    for _ in range(MOST_PRESSED_STEPS):
        segments.pressed(TALK, "overworld", "1", Source.RULES, ended=False)
    assert len(told) == 3 and not told[-1].success


@pytest.mark.parametrize(("mode", "outcomes"), [("dialog", [True]), ("menu", [True]), ("battle", [])])
def test_a_talk_ends_with_its_text_and_a_fight_says_nothing_of_the_way(
    segments: LaneSegments, told: list[SegmentOutcome], mode: str, outcomes: list[bool]
) -> None:
    segments.pressed(TALK, "overworld", "1", Source.POLICY, ended=False)
    segments.pressed(HIT, mode, "1", Source.POLICY, ended=True)
    told.clear()
    segments.pressed(WALK, "overworld", "1", Source.POLICY, ended=False)
    assert [one.success for one in told] == outcomes


def test_a_choice_on_the_way_is_judged_by_the_next_milestone(
    segments: LaneSegments, told: list[SegmentOutcome]
) -> None:
    segments.look(milestones=3, in_fight=False, lost=False)
    told.clear()
    segments.chose(ON_THE_WAY, Source.POLICY)
    for _ in range(40):
        segments.look(milestones=3, in_fight=False, lost=False)
    segments.chose(ON_THE_WAY, Source.POLICY)
    segments.look(milestones=4, in_fight=False, lost=False)
    assert told == [SegmentOutcome(ON_THE_WAY, Source.POLICY, True, 41)]
    told.clear()
    segments.chose(ON_THE_WAY, Source.LLM, calls=1)
    for _ in range(SPAN_STEPS + 1):
        segments.look(milestones=4, in_fight=False, lost=False)
    assert [(one.player, one.success, one.calls) for one in told] == [(Source.LLM, False, 1)]


@pytest.mark.parametrize("lost", [True, False])
def test_a_choice_in_a_fight_is_judged_by_its_end(
    segments: LaneSegments, told: list[SegmentOutcome], lost: bool
) -> None:
    segments.look(milestones=0, in_fight=True, lost=False)
    segments.chose(IN_A_FIGHT, Source.RULES)
    segments.look(milestones=0, in_fight=True, lost=False)
    segments.look(milestones=0, in_fight=False, lost=lost)
    assert told == [SegmentOutcome(IN_A_FIGHT, Source.RULES, not lost, 2)]


def test_another_episode_judges_nothing_of_the_last_one(segments: LaneSegments, told: list[SegmentOutcome]) -> None:
    segments.chose(ON_THE_WAY, Source.POLICY)
    segments.pressed(WALK, "overworld", "1", Source.POLICY, ended=False)
    segments.begin()
    segments.look(milestones=1, in_fight=False, lost=False)
    segments.pressed(TALK, "overworld", "1", Source.RULES, ended=True)
    assert [one.situation.kind for one in told] == ["talk"]


# ---------------------------------------------------------------- in play


@pytest.fixture(scope="module")
def env() -> Iterator[EnhancedPyBoyPokemonCrystalEnv]:
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state", max_steps=400)
    yield env
    env.close()


@pytest.fixture(scope="module")
def heads() -> Heads:
    return load_bundled()


def judged(better: Source, worse: Source, deeds: tuple[Deed, ...] = tuple(Deed)) -> Standings:
    """A table in which one does everything twice as fast, and more surely."""
    standings = Standings()
    for turn in range(60):
        for deed in deeds:
            for mode in ("overworld", "battle", "dialog", "menu"):
                situation = Situation(deed, mode, "talk", "1")
                standings.learn(SegmentOutcome(situation, better, turn % 20 > 0, 20))
                standings.learn(SegmentOutcome(situation, worse, turn % 3 > 0, 40))
    return standings


def played(
    env: EnhancedPyBoyPokemonCrystalEnv, heads: Heads, standings: Standings, steps: int, explores: bool = False
) -> tuple[HeadsAgent, dict[Source, float]]:
    """A frozen agent after so many steps of a game, and the share of them that each has pressed."""
    frozen = AgentState(TeacherCurriculum.of(None), told_rules_only=True, standings=standings)
    strategy = AdaptiveStrategySystem(seed=0)
    agent = HeadsAgent(heads, None, strategy, mode=AgentMode.ADAPTIVE, seed=0, frozen_state=frozen)
    agent.explores = explores
    agent.attach_lanes([RulePlayer(env.rom.game, 0)])
    env.restart(seed=0)
    sources: list[Source] = []
    for _ in range(steps):
        seen = {part: array[None] for part, array in env.policy_observation().items()}
        (decision,) = agent.decide(LaneInputs(seen, env.action_masks()[None]), lambda _lane: env.state)
        env.advance(decision.action)
        sources.append(decision.source)
    return agent, {one: sources.count(one) / steps for one in Source}


def test_who_is_better_here_chooses_and_presses(env: EnhancedPyBoyPokemonCrystalEnv, heads: Heads) -> None:
    learned, shares = played(env, heads, judged(Source.POLICY, Source.RULES), 250)
    assert learned.choices[Source.POLICY] > 0 and not learned.choices[Source.RULES]
    assert shares[Source.POLICY] > 0.95
    by_rules, shares = played(env, heads, judged(Source.RULES, Source.POLICY), 250)
    assert by_rules.choices[Source.RULES] > 0 and not by_rules.choices[Source.POLICY]
    assert shares[Source.RULES] > 0.95
    told = by_rules.statistics()
    assert told["choices"] == {"rules": 1.0}
    assert told["believed_shares"]["press"]["rules"] == 1.0


def test_what_was_not_judged_is_as_it_was(env: EnhancedPyBoyPokemonCrystalEnv, heads: Heads) -> None:
    agent, shares = played(env, heads, Standings(), 250)
    assert agent.choices[Source.RULES] > 0 and not agent.choices[Source.POLICY]
    assert shares[Source.POLICY] > 0.95, "the button head is trusted"


def test_a_frozen_agent_learns_nothing_and_an_exploring_one_does(
    env: EnhancedPyBoyPokemonCrystalEnv, heads: Heads
) -> None:
    table = judged(Source.POLICY, Source.RULES, (Deed.CHOOSE,))
    before = table.state_dict()
    assert played(env, heads, table, 150)[0].standings.state_dict() == before
    agent, _ = played(env, heads, Standings(), 390, explores=True)
    assert all(agent.standings.segments(Deed.PRESS, source) > 3 for source in (Source.RULES, Source.POLICY))
    assert len(agent.standings.state_dict()["rows"]) > 4


def test_standings_lie_beside_the_heads(tmp_path: Path) -> None:
    table = judged(Source.POLICY, Source.RULES)
    write_standings(tmp_path / STANDINGS_FILE, table)
    assert standings_of(str(tmp_path)).state_dict() == table.state_dict()
    assert not len(load_standings(tmp_path / "elsewhere"))
    (tmp_path / STANDINGS_FILE).write_text('{"version": 1, "rows": [["press"]], "usual": []}')
    with pytest.raises(CheckpointError, match="delete the file"):
        standings_of(str(tmp_path))


def test_the_bundled_heads_were_judged() -> None:
    shares = {deed: standings_of(BUNDLED).shares(deed) for deed in Deed}
    assert all(share[Source.RULES] <= 0.2 for share in shares.values()), "the rules keep at most a fifth of each"


def test_a_checkpoint_keeps_them_and_an_older_one_has_none(heads: Heads) -> None:
    agent = HeadsAgent(heads, None, AdaptiveStrategySystem(seed=0))
    agent.standings.learn(SegmentOutcome(ON_THE_WAY, Source.RULES, True, 9))
    state = agent.state_dict()
    twin = HeadsAgent(heads, None, AdaptiveStrategySystem(seed=0))
    twin.load_state_dict(state)
    assert twin.standings.state_dict() == agent.standings.state_dict()
    del state["standings"]
    twin.load_state_dict(state)
    assert not len(twin.standings)
