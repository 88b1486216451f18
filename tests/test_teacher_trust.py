"""Trust in the guide follows what came of following it."""

from __future__ import annotations

import json

import numpy as np

from agents.learning.trust import TeacherTrust


def test_trust_follows_what_came_of_following() -> None:
    random = np.random.default_rng(0)
    advantages = random.normal(size=200).astype(np.float32)
    followed = random.random(200) < 0.5
    everywhere = np.ones(200, bool)
    good, bad, silent = TeacherTrust(), TeacherTrust(), TeacherTrust()
    for _ in range(5):
        good.judge(advantages + followed, everywhere, followed)
        bad.judge(advantages - followed, everywhere, followed)
        silent.judge(advantages, everywhere, everywhere)
    assert good.value > 0.99
    assert bad.value < 0.01
    assert silent.value == 0.5


def test_short_rollouts_are_judged_together() -> None:
    """Stretches of steps that are alike: each by itself says something else, and says it with certainty."""
    random = np.random.default_rng(0)
    everywhere = np.ones(128, bool)
    alone, together, half = TeacherTrust(), TeacherTrust(trial_steps=1024), TeacherTrust(trial_steps=1024)
    evidence = []
    for stretch in range(64):
        followed = random.random(128) < 0.5
        means = random.normal(size=2)  # of this stretch: nothing to do with following
        advantages = (np.where(followed, *means) + 0.1 * random.normal(size=128)).astype(np.float32)
        for trust in (alone, together, half):
            trust.judge(advantages, everywhere, followed)
        evidence.append((abs(alone.evidence), abs(together.evidence)))
        if stretch == 4:
            again = TeacherTrust(trial_steps=1024)
            again.load_state(json.loads(json.dumps(half.state())))
            half = again
    assert together.evidence == half.evidence != 0.0, "a trial under way goes on after a resume"
    by_alone, by_together = np.mean(evidence, axis=0)
    assert by_together < 0.75 * by_alone
