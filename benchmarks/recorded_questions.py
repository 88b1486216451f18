"""Questions of real games, kept in a file, each with what came of every option.

    python -m benchmarks.recorded_questions questions.jsonl --count 200

The rules play games. At moments spread over each, the question is written in all forms of prompts, and every option is
tried on a branch of its own: the game is loaded from that moment, the option is carried out, and the rules go on for
`BRANCH_STEPS` steps. What a branch earns (rewards, discounted) says what its option was worth.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from core.agent.teacher import LaneTeacher
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.game.state import GameState
from core.prompts.brief import Brief
from core.prompts.frame import PromptForm
from core.prompts.writer import PromptWriter
from core.protocols import Choice
from core.rules.player import RulePlayer
from core.vocabulary import Option

ROM = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
FIRST_SEED = 700_000
"""Neither training nor evaluation nor the examination of models begins there."""
STEPS_A_GAME = 4000
QUESTIONS_A_GAME = 25
BRANCH_STEPS = 150
DISCOUNT = 0.99
CONTEXT_TOKENS = {PromptForm.INSTRUCTED: 1024, PromptForm.BRIEF: 1024, PromptForm.SHORT: 512}
"""By form; the pocket model reads 512."""


@dataclass(frozen=True, slots=True)
class RecordedQuestion:
    """A question; the rules like the first option best."""

    prompts: dict[str, str]
    """By form."""
    options: tuple[str, ...]
    worth: tuple[float, ...]
    """What each option's branch earned."""

    def best(self, margin: float = 0.05) -> list[int]:
        """The options whose branches earned the most, within `margin` of it."""
        most = max(self.worth)
        return [place for place, worth in enumerate(self.worth) if worth >= most - margin]


class _AllForms:
    """Writes all forms of a prompt and notes the options; leaves the choice to the rules."""

    available = True

    def __init__(self, state: GameState) -> None:
        self.writers = {form: PromptWriter(state.game, CONTEXT_TOKENS[form], Brief(form)) for form in PromptForm}
        self.prompts: dict[str, str] = {}
        self.options: tuple[Option, ...] = ()

    def begin_episode(self) -> int:
        return 0

    def choose_option(self, prompt: str, options: Sequence[str], episode: int = 0) -> Choice | None:
        del prompt, options, episode
        return None

    def reset(self) -> None:
        for writer in self.writers.values():
            writer.reset()

    def see(self, state: GameState) -> None:
        for writer in self.writers.values():
            writer.see(state)

    def chose(self, label: str, state: GameState) -> None:
        for writer in self.writers.values():
            writer.chose(label, state)

    def stale(self) -> frozenset[str]:
        return frozenset()

    def note(self, note: str) -> None: ...

    def describe(self, state: GameState, options: Sequence[Option] = ()) -> str:
        self.prompts = {form.value: writer.describe(state, options) for form, writer in self.writers.items()}
        self.options = tuple(options)
        return self.prompts[PromptForm.SHORT]


def questions_of_game(seed: int, most: int) -> Iterator[RecordedQuestion]:
    """Different questions of one game, at least `STEPS_A_GAME / most` steps apart."""
    env, branch = (EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state", max_steps=10**6) for _ in range(2))
    try:
        state = env.restart(seed=seed)
        forms = _AllForms(state)
        teacher = LaneTeacher(RulePlayer(state.game, seed), forms, forms)
        teacher.reset()
        asked: set[tuple[str, ...]] = set()
        due = 0
        for step in range(STEPS_A_GAME):
            forms.options = ()
            action = teacher.act(env.state, ask_model=lambda _matters: True, stuck=False).action
            labels = tuple(option.label for option in forms.options)
            if len(labels) > 1 and step >= due and labels not in asked:
                asked.add(labels)
                due = step + STEPS_A_GAME // most
                start = {"start_state": env.save_state(), "reached": env.milestones}
                worth = [_worth(branch, start, option, seed) for option in forms.options]
                yield RecordedQuestion(dict(forms.prompts), labels, tuple(round(one, 4) for one in worth))
            if env.advance(action).terminated:
                return
    finally:
        env.close()
        branch.close()


def _worth(env: EnhancedPyBoyPokemonCrystalEnv, start: dict[str, object], option: Option, seed: int) -> float:
    """What the branch earns on which the option is carried out first."""
    state = env.restart(seed=seed, options=start)
    player = RulePlayer(state.game, seed)
    teacher = LaneTeacher(player, None, PromptWriter(state.game))
    teacher.reset()
    under_way, earned = True, 0.0
    for step in range(BRANCH_STEPS):
        if under_way and not any(one.key == option.key for one in player.options(state)):
            under_way = False
        if under_way:
            press = player.act(state, option)
            action, under_way = int(press.button), not press.done
        else:
            action = teacher.act(state, ask_model=lambda _matters: False, stuck=False).action
        outcome = env.advance(action)
        state = outcome.state
        earned += DISCOUNT**step * outcome.reward
        if outcome.terminated:
            break
    return earned


def read_questions(file: Path) -> list[RecordedQuestion]:
    """What `main` has written."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    return [RecordedQuestion(row["prompts"], tuple(row["options"]), tuple(row["worth"])) for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="where the questions are written, one a line")
    parser.add_argument("--count", type=int, default=200)
    arguments = parser.parse_args()
    found = 0
    with arguments.file.open("w", encoding="utf-8") as file:
        for seed in range(FIRST_SEED, FIRST_SEED + arguments.count):
            for question in questions_of_game(seed, QUESTIONS_A_GAME):
                file.write(json.dumps(asdict(question), ensure_ascii=False) + "\n")
                file.flush()
                found += 1
                if found == arguments.count:
                    return
            print(f"{found} questions", flush=True)


if __name__ == "__main__":
    main()
