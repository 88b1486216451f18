"""How far does a language model get by itself? Milestones of its first steps, beside the rules and chance.

    python -m benchmarks.llm_games games.jsonl --player rules --games 4
    python -m benchmarks.llm_games games.jsonl --player chance --games 4
    python -m benchmarks.llm_games games.jsonl --player pocket --games 2
    python -m benchmarks.llm_games games.jsonl --player llamacpp/smollm2@http://127.0.0.1:8077/v1 --notebook
    python -m benchmarks.llm_games games.jsonl --table

Games of Fernvale from power-on, on seeds from 810,000, each `--steps` long. The hybrid agent plays them in mode
`llm_only`, with a patient setting: every choice among options is the model's, and its answer is waited for, however
long it takes. `chance` takes any option. Options are carried out by the rules' path-finding, whoever chooses. Each
game is written at once with the notes, and a game that stands in the file is not played again; answers are kept beside
it, so a run that was stopped goes on. The table counts tokens per answer.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from agents.llm.settings import DTYPES, LanguageModelSettings, LocalModelSettings
from core.agent.hybrid_agent import HybridAgent
from core.agent.lane_transitions import LaneInputs
from core.agent.strategy_system import AdaptiveStrategySystem
from core.env.pyboy_env import EnhancedPyBoyPokemonCrystalEnv
from core.prompts.brief import Brief
from core.prompts.sections import REFLECTION
from core.protocols import Choice
from core.rules.player import RulePlayer
from core.vocabulary import AgentMode
from trainer.evaluation.intervals import wilson_interval
from trainer.llm_manager import LLMManager

ROM = Path(__file__).resolve().parent.parent / "cartridge" / "fernvale.gbc"
FIRST_SEED = 810_000
"""Neither training nor evaluation nor the recording of questions begins there."""
STEPS = 1500
RULES, CHANCE = "rules", "chance"
LONGEST_TRY_S = 600.0
"""A loaded machine answers late; what is measured is what the model chooses."""


@dataclass(frozen=True, slots=True)
class Game:
    """What one game came to."""

    player: str
    memory: str
    """`notebook`, `notebook, reflection`, or empty for neither."""
    seed: int
    steps: int
    milestones: int
    """Reached within the steps, of the story's."""
    asked: int
    """Questions put to the model; like situations of a game are asked about once."""
    answered: int
    as_rules: int
    """Answers that are the rules' choice, too."""
    as_rules_by_chance: float
    """What guessing would come to on the answered questions."""
    notes: int
    """Answers with a note."""
    reflections: int
    """Prompts that asked what went wrong."""
    median_s: float
    """Of the answers that no cache knew, wall time; 0 without any."""
    cpu_s: float
    """Processor time of this process for the whole game: nothing of a server's."""
    prompt_tokens: int = 0
    """Read by the model over all answers, those that a cache knew included."""
    completion_tokens: int = 0
    said: Sequence[str] = ()
    """The notes, in order."""

    @property
    def row(self) -> tuple[str, str, int]:
        """Which games stand together in the table."""
        return self.player, self.memory, self.steps


class Chance:
    """A manager that takes any option."""

    available = True

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)

    def begin_episode(self) -> int:
        return 0

    def choose_option(self, prompt: str, options: Sequence[str], episode: int = 0, *, waits: bool = False) -> Choice:
        del prompt, episode, waits
        return Choice(int(self._random.integers(len(options))), 1 / len(options))

    def close(self) -> None: ...


class Heard:
    """Stands before a manager and notes what it is asked and answers."""

    available = True
    can_wait = True

    def __init__(self, manager: LLMManager | Chance) -> None:
        self._manager = manager
        self.brief: Brief = getattr(manager, "brief", Brief())
        self.max_context_length: int = getattr(manager, "max_context_length", 2048)
        self.asked = 0
        self.reflections = 0
        self.answers: list[tuple[Choice, int]] = []
        """Each with the number of its options; the rules like option 0 best."""

    def begin_episode(self) -> int:
        return self._manager.begin_episode()

    def choose_option(
        self, prompt: str, options: Sequence[str], episode: int = 0, *, waits: bool = False
    ) -> Choice | None:
        self.asked += 1
        self.reflections += REFLECTION in prompt
        choice = self._manager.choose_option(prompt, options, episode, waits=waits)
        if choice is not None:
            self.answers.append((choice, len(options)))
        return choice


def play(player: str, settings: LanguageModelSettings, memory: str, seed: int, steps: int) -> Game:
    """One game; `player` is `rules`, `chance` or a model as `llm_model` of a config names it."""
    manager = None if player == RULES else Chance(seed) if player == CHANCE else LLMManager(player, 2048, settings)
    heard = None if manager is None else Heard(manager)
    env = EnhancedPyBoyPokemonCrystalEnv(ROM, observation_type="state", max_steps=steps, final_milestone=None)
    try:
        env.reset(seed=seed)
        mode = AgentMode.RULES_ONLY if heard is None else AgentMode.LLM_ONLY
        agent = HybridAgent(heard, AdaptiveStrategySystem(seed=seed), mode=mode, seed=seed)
        agent.attach_lanes([RulePlayer(env.rom.game, seed)])
        began_cpu_s = time.process_time()
        played, over = 0, False
        while not over and played < steps:
            decision = agent.decide(LaneInputs({}, env.action_masks()[None]), lambda _lane: env.state)[0]
            outcome = env.advance(decision.action)
            played, over = played + 1, outcome.terminated or outcome.truncated
        cpu_s = time.process_time() - began_cpu_s
        milestones = len(env.milestones)
    finally:
        env.close()
        if manager is not None:
            manager.close()
    answers = [] if heard is None else heard.answers
    asked = [choice.latency_s for choice, _ in answers if not choice.cached]
    return Game(
        player=player,
        memory=memory,
        seed=seed,
        steps=steps,
        milestones=milestones,
        asked=0 if heard is None else heard.asked,
        answered=len(answers),
        as_rules=sum(choice.index == 0 for choice, _ in answers),
        as_rules_by_chance=round(sum(1 / options for _, options in answers), 2),
        notes=sum(bool(choice.note) for choice, _ in answers),
        reflections=0 if heard is None else heard.reflections,
        median_s=round(statistics.median(asked), 3) if asked else 0.0,
        cpu_s=round(cpu_s, 1),
        prompt_tokens=sum(choice.prompt_tokens for choice, _ in answers),
        completion_tokens=sum(choice.completion_tokens for choice, _ in answers),
        said=tuple(choice.note for choice, _ in answers if choice.note),
    )


def read_games(file: Path) -> list[Game]:
    """Those in the file; none where there is none."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [Game(**json.loads(line)) for line in lines]


def table(games: Iterable[Game]) -> list[str]:
    """Lines of Markdown, a row for each player and what it may remember."""
    rows: dict[tuple[str, str, int], list[Game]] = {}
    for game in games:
        rows.setdefault(game.row, []).append(game)
    lines = [
        "| player | remembers | games | steps | milestones | accepted | median s | as the rules | by chance "
        "| notes | different | reflections | tokens read | written |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for (player, memory, steps), found in sorted(rows.items()):
        reached = ", ".join(str(one.milestones) for one in sorted(found, key=lambda one: one.seed))
        answered = sum(one.answered for one in found)
        agreement = chance = "-"
        if answered:
            as_rules = sum(one.as_rules for one in found)
            low, high = wilson_interval(as_rules, answered)
            agreement = f"{as_rules / answered:.0%} ({low:.0%} to {high:.0%})"
            chance = f"{sum(one.as_rules_by_chance for one in found) / answered:.0%}"
        median_s = statistics.median(one.median_s for one in found)
        lines.append(
            f"| `{player}` | {memory or '-'} | {len(found)} | {steps:,} | {reached} "
            f"| {answered} of {sum(one.asked for one in found)} | {median_s:.2f} | {agreement} | {chance} "
            f"| {sum(one.notes for one in found)} | {len({note for one in found for note in one.said})} "
            f"| {sum(one.reflections for one in found)} "
            f"| {_each(sum(one.prompt_tokens for one in found), answered)} "
            f"| {_each(sum(one.completion_tokens for one in found), answered)} |"
        )
    return lines


def _each(tokens: int, answers: int) -> str:
    """Tokens per answer; nothing where nobody counted them."""
    return f"{tokens / answers:.0f}" if tokens else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="where games are kept, one a line")
    parser.add_argument("--player", help="rules, chance, or a model as llm_model of a config")
    parser.add_argument("--games", type=int, default=2)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--dtype", choices=DTYPES, default="auto")
    parser.add_argument("--notebook", action="store_true", help="the model may write notes")
    parser.add_argument("--reflection", action="store_true", help="and is asked once a stall what went wrong")
    parser.add_argument("--table", action="store_true", help="print what is in the file")
    arguments = parser.parse_args()
    if arguments.table:
        print("\n".join(table(read_games(arguments.file))))
        return
    if arguments.player is None:
        parser.error("name a --player, or ask for the --table")
    memory = ", ".join(name for name in ("notebook", "reflection") if getattr(arguments, name))
    # An answer that was kept without a note has none, so each kind of memory has a file of its own.
    kept = f".{memory.replace(', ', '.')}.answers.db" if memory else ".answers.db"
    settings = LanguageModelSettings(
        timeout_s=LONGEST_TRY_S,
        notebook=arguments.notebook,
        reflection=arguments.reflection,
        cache_path=str(arguments.file.with_suffix(kept)),
        local=LocalModelSettings(dtype=arguments.dtype),
    )
    for seed in range(FIRST_SEED, FIRST_SEED + arguments.games):
        done = {(*one.row, one.seed) for one in read_games(arguments.file)}
        if (arguments.player, memory, arguments.steps, seed) in done:
            continue
        game = play(arguments.player, settings, memory, seed, arguments.steps)
        with arguments.file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(asdict(game)) + "\n")
        print(f"{arguments.player}, seed {seed}: {game.milestones} milestones, {game.answered} answers", flush=True)


if __name__ == "__main__":
    main()
