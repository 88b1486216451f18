"""The four weight strategies and the four modes, on real gradients and tensors of a world with a known answer."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import pytest
import torch

from trainer.multi_model.config import TrainingMode, WeightUpdateStrategy
from trainer.multi_model.rewards import balance_of, gap_of, ranks, shaped_rewards
from trainer.multi_model.weights import best_half, disagreement, performance_shares, update_weights

RATE = 0.1


class Regressor:
    """Moves its weights towards a target of its own, one plain gradient step for every step that is due."""

    together = None

    def __init__(self, name: str, target: float, start: float = 0.0, family: str = "one", steps: int = 1) -> None:
        self.name, self.family, self.target, self.due = name, family, target, steps
        self.weight = torch.nn.Parameter(torch.full((3,), start))
        self.optimizer = torch.optim.SGD([self.weight], lr=RATE)
        self.told = False

    def parameters(self) -> dict[str, torch.nn.Parameter]:
        return {"weight": self.weight}

    def update_steps(self) -> Generator[None, None, None]:
        for _ in range(self.due):
            self.optimizer.zero_grad()
            (0.5 * (self.weight - self.target).square()).sum().backward()
            yield
            self.optimizer.step()
        self.due = 0

    def discard_experience(self) -> None:
        self.due = 0

    def weights_changed(self) -> None:
        self.told = True

    @property
    def value(self) -> float:
        return float(self.weight.detach().mean())


def test_synchronized_applies_the_mean_of_all_gradients_to_all() -> None:
    one, other = Regressor("one", 1.0), Regressor("other", 3.0)
    done = update_weights(WeightUpdateStrategy.SYNCHRONIZED, [one, other], {})
    assert one.value == other.value == pytest.approx(RATE * (1.0 + 3.0) / 2)
    assert done.updated == ("one", "other")
    assert done.disagreement == 0.0
    assert done.gradient_norms["one"] == pytest.approx(2.0 * 3**0.5)


def test_asynchronous_leaves_every_model_to_itself() -> None:
    one, other = Regressor("one", 1.0), Regressor("other", 3.0, steps=2)
    done = update_weights(WeightUpdateStrategy.ASYNCHRONOUS, [one, other], {})
    assert one.value == pytest.approx(RATE)
    assert other.value == pytest.approx(RATE * 3 + RATE * (3 - 3 * RATE))
    assert done.disagreement == pytest.approx((other.value - one.value) / 2)


def test_federated_averages_by_performance_also_where_rewards_are_negative() -> None:
    good, bad = Regressor("good", 1.0), Regressor("bad", -1.0)
    done = update_weights(WeightUpdateStrategy.FEDERATED, [good, bad], {"good": -1.0, "bad": -9.0})
    assert good.value == bad.value
    assert sum(done.shares.values()) == pytest.approx(1.0)
    assert done.shares["good"] == pytest.approx(np.e**2 / (np.e**2 + 1))
    assert good.value == pytest.approx(RATE * (done.shares["good"] - done.shares["bad"]))
    assert good.told and bad.told


@pytest.mark.parametrize("performances", [[0.0, 0.0, 0.0], [-5.0, -1.0, -3.0], [1e9, -1e9, 3.0], [2.0, 2.0, 2.0]])
def test_performance_shares_are_a_distribution_in_the_order_of_performance(performances: list[float]) -> None:
    shares = performance_shares(performances)
    assert shares.sum() == pytest.approx(1.0)
    assert (shares > 0).all()
    assert (np.argsort(shares, kind="stable") == np.argsort(performances, kind="stable")).all()
    assert performance_shares(np.array(performances) * 7 - 100) == pytest.approx(shares, abs=1e-6)


def test_selective_moves_only_the_better_half_and_drops_what_the_others_lived_through() -> None:
    learners = [Regressor(name, 1.0) for name in "abc"]
    done = update_weights(WeightUpdateStrategy.SELECTIVE, learners, {"a": 1.0, "b": 3.0, "c": 2.0})
    assert done.updated == ("b", "c")
    assert [learner.value for learner in learners] == pytest.approx([0.0, RATE, RATE])
    assert learners[0].due == 0
    assert best_half([Regressor("alone", 1.0)], {}) == ("alone",)


def test_models_of_different_bases_do_not_mix() -> None:
    learners = [Regressor("a", 1.0), Regressor("b", 3.0), Regressor("c", 9.0, family="two")]
    update_weights(WeightUpdateStrategy.SYNCHRONIZED, learners, {})
    assert learners[0].value == learners[1].value == pytest.approx(0.2)
    assert learners[2].value == pytest.approx(0.9)
    assert disagreement(learners) == 0.0


REWARDS = np.array([1.0, 2.0, 6.0])


def paid(mode: TrainingMode, performances: list[float], **more: object) -> np.ndarray:
    balance = balance_of(mode, 0.5, 0.4, np.array(performances))
    return shaped_rewards(mode, REWARDS, balance, **more)


def test_cooperation_pays_everybody_a_part_of_the_mean_and_nothing_is_lost() -> None:
    shaped = paid(TrainingMode.COOPERATIVE, [0, 0, 0])
    assert shaped.tolist() == pytest.approx([2.0, 2.5, 4.5])
    assert shaped.sum() == pytest.approx(REWARDS.sum())


def test_competition_pays_ranks_and_rivals_win_only_what_others_lose() -> None:
    shaped = paid(TrainingMode.COMPETITIVE, [0, 0, 0])
    assert shaped.tolist() == pytest.approx([0.6 * 1 - 0.4 * 3, 0.6 * 2, 0.6 * 6 + 0.4 * 3])
    assert (shaped - 0.6 * REWARDS).sum() == pytest.approx(0.0)
    assert ranks(np.array([5.0, 5.0, 1.0])).tolist() == [0.5, 0.5, -1.0]
    assert ranks(np.array([5.0])).tolist() == [0.0]


def test_mixed_moves_from_competition_to_cooperation_as_the_gap_grows() -> None:
    close = balance_of(TrainingMode.MIXED, 0.5, 0.4, np.array([4.0, 4.0, 4.0]))
    apart = balance_of(TrainingMode.MIXED, 0.5, 0.4, np.array([0.0, 2.0, 4.0]))
    between = balance_of(TrainingMode.MIXED, 0.5, 0.4, np.array([3.0, 4.0, 4.0]))
    assert (close.cooperation, close.competition) == (0.0, 0.4)
    assert (apart.cooperation, apart.competition) == (0.5, 0.0)
    assert 0 < between.cooperation < apart.cooperation and 0 < between.competition < close.competition
    assert gap_of(np.array([-1.0, -3.0])) == pytest.approx(2 / 3)


def test_a_leader_is_paid_for_the_team_and_followers_for_following() -> None:
    shaped = paid(TrainingMode.HIERARCHICAL, [0, 0, 0], leader=0, followed=np.array([1.0, 1.0, 0.0]))
    assert shaped[0] == pytest.approx(3.0)
    assert shaped[1:].tolist() == pytest.approx([0.5 * 2 + 0.5 * 3 * 0.5, 0.5 * 6 - 0.5 * 3 * 0.5])
    all_follow = paid(TrainingMode.HIERARCHICAL, [0, 0, 0], leader=0, followed=np.ones(3))
    assert all_follow[1:].tolist() == pytest.approx([1.0, 3.0])  # nothing is paid where all do the same
