"""What one episode adds to the counting tables: a pure function of its columns, in one pass with numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from core.history.coded_episode import CodedEpisode
from core.history.loops import Loops, find_loops
from core.history.outcome import MICRO, pace, to_micro
from core.history.rollups import (
    ACTION_SEQUENCES,
    CONTEXT_ACTIONS,
    LOOPS,
    MILESTONE_LEADS,
    OPTION_OUTCOMES,
    OPTION_PROGRESS,
    REASONING_USES,
    RUN_MILESTONES,
    RUN_SOURCES,
    Contributions,
    Row,
    tally,
)

SEQUENCE_LENGTHS = (2, 3, 4, 5)
SPELT_LOOP_STEPS = 8
"""Loops up to this period are told apart by their actions."""
LEAD_STEPS = 50
"""How many decisions before a milestone count as having led to it, the one that reached it included."""


def loops_of(episode: CodedEpisode) -> Loops:
    """The loops of an episode."""
    return find_loops(episode.state_hash, episode.reward, episode.mode == episode.free_id)


def contributions_of(episode: CodedEpisode, loops: Loops) -> Contributions:
    """Rows for every counting table. `loops` is `loops_of(episode)`, which the caller needs as well."""
    reward_micro = to_micro(episode.reward)
    outcome_micro = to_micro(episode.outcome)
    run = np.full_like(episode.action, episode.run_id)
    this_episode = np.full_like(episode.action, episode.episode_id)
    return {
        ACTION_SEQUENCES: _action_sequences(episode, outcome_micro),
        CONTEXT_ACTIONS: tally([episode.context, episode.action, episode.source], [reward_micro, outcome_micro]),
        OPTION_OUTCOMES: _option_tally(episode, lambda starts: episode.outcome[starts]),
        OPTION_PROGRESS: option_progress_of(episode),
        LOOPS: _loops(episode, loops),
        MILESTONE_LEADS: _milestone_leads(episode),
        RUN_MILESTONES: [(episode.run_id, milestone, 1, step) for step, milestone in episode.milestones],
        RUN_SOURCES: tally(
            [run, episode.mode, episode.source], [reward_micro, outcome_micro, to_micro(episode.confidence)]
        ),
        REASONING_USES: tally([episode.reasoning, this_episode], [outcome_micro]),
    }


def _action_sequences(episode: CodedEpisode, outcome_micro: NDArray[np.int64]) -> list[Row]:
    """Runs of 2 to 5 actions, in the mode and with the outcome of their first action."""
    rows: list[Row] = []
    for length in SEQUENCE_LENGTHS:
        windows = episode.action.size - length + 1
        if windows <= 0:
            break
        code = np.zeros(windows, dtype=np.int64)
        for offset in range(length):
            code = code * 10 + episode.action[offset : offset + windows]
        for mode, digits, count, outcome in tally([episode.mode[:windows], code], [outcome_micro[:windows]]):
            rows.append((mode, f"{digits:0{length}d}", count, outcome))
    return rows


def option_progress_of(episode: CodedEpisode) -> list[Row]:
    """Rows of `OPTION_PROGRESS`."""
    reached = [step for step, _ in episode.milestones]
    return _option_tally(episode, lambda starts: pace(starts, reached, episode.option.size))


def _option_tally(episode: CodedEpisode, worth: Callable[[NDArray[np.int64]], NDArray[np.float64]]) -> list[Row]:
    """One count each time an option is begun, with sum and squares of `worth(steps)` of the steps that began it.

    It is credited to the first teacher's decision within it: while an option is carried out the policy may play single
    buttons; the option was still the teacher's choice. An option that only the policy ever played is the policy's.
    """
    option = episode.option
    if option.size == 0:
        return []
    starts = np.flatnonzero(np.concatenate(([True], option[1:] != option[:-1])))
    ends = np.append(starts[1:], option.size)
    guided = np.append(np.flatnonzero(episode.source != episode.policy_id), option.size)
    first_taught = guided[np.searchsorted(guided, starts)]
    credited = np.where(first_taught < ends, first_taught, starts)
    named = option[starts] != 0
    starts, credited = starts[named], credited[named]
    micro = to_micro(worth(starts))
    square = np.rint((micro / MICRO) ** 2 * MICRO).astype(np.int64)
    rows: list[Row] = []
    rows.extend(tally([option[starts], episode.context[starts], episode.source[credited]], [micro, square]))
    return rows


def _loops(episode: CodedEpisode, loops: Loops) -> list[Row]:
    """Loops by where they close, their period and, if short, their actions."""
    digits = "".join(map(str, episode.action.tolist()))
    counts: dict[tuple[int, int, str], int] = {}
    for step, period in zip(loops.closing_step.tolist(), loops.period.tolist(), strict=True):
        actions = digits[step - period : step] if period <= SPELT_LOOP_STEPS else ""
        key = (int(episode.context[step]), period, actions)
        counts[key] = counts.get(key, 0) + 1
    return [(*key, count) for key, count in counts.items()]


def _milestone_leads(episode: CodedEpisode) -> list[Row]:
    """Which options, by which source, were pursued shortly before each milestone; each pair once per reach."""
    rows: list[Row] = []
    for step, milestone in episode.milestones:
        window = slice(max(0, step - LEAD_STEPS + 1), step + 1)
        pairs = tally([episode.option[window], episode.source[window]])
        rows.extend((milestone, option, source, 1) for option, source, _ in pairs)
    return rows
