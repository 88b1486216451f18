"""How long a local model takes for a choice: by size, batch, way of answering, and with or without the kept prefix.

    python benchmarks/llm_latency.py [--repeats 20] [--threads 1]

The models have random weights, which takes as long as trained ones; `pocket` is the bundled one where it is there.
Questions are prompts of Fernvale's kind, of about 300 tokens, with six options. "Generating" is what a server does
without structured output: eight new tokens, greedily. Times are medians of CPU milliseconds for the whole
batch: with one thread that is the waiting time on a machine with nothing else to do.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from agents.llm.huggingface import HuggingFaceModel
from agents.llm.question import question_text
from agents.llm.registry import POCKET_FOLDER
from agents.llm.settings import LocalModelSettings
from agents.llm.small_model import ModelShape, create_model, save_folder, train_tokenizer

PLACES = ("Hazel Hollow", "Fern Path", "Rest House", "Gatehouse", "Quill's Workshop", "Home")
STABLE = " ".join(f"Rule {number}: look at {place} before you leave it." for number, place in enumerate(PLACES * 4))
SHAPES = {
    "1 M": ModelShape(context_length=1024),
    "5 M": ModelShape(width=256, layers=6, heads=4, feed_forward=704, context_length=1024),
}
NEW_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Question:
    prompt: str
    options: tuple[str, ...]


def questions(count: int, prompt_tokens: int, count_tokens: Callable[[str], int]) -> list[Question]:
    """Questions that begin alike and end differently, cut to about `prompt_tokens`."""
    made = []
    for number in range(count):
        tail = f"\nYou stand at ({number % 17}, {number % 13}) in {PLACES[number % len(PLACES)]}, HP {number % 20}/20."
        stable = ""
        for word in (STABLE * 4).split(" "):
            longer = f"{stable} {word}" if stable else word
            if count_tokens(longer + tail) > prompt_tokens:
                break
            stable = longer
        made.append(Question(stable + tail, tuple(f"Go to {place}" for place in PLACES)))
    return made


def median_ms(action: Callable[[int], object], repeats: int) -> float:
    """`action` gets the number of the repeat; the first two are not counted."""
    times = []
    for number in range(repeats + 2):
        started = time.process_time()
        action(number)
        times.append(1000 * (time.process_time() - started))
    return statistics.median(times[2:])


def generate(model: HuggingFaceModel, batch: list[Question]) -> None:
    """What free answers would cost: a forward pass over the prompt, then token by token."""
    prompts = [model.tokenize(question.prompt, question.options).prompt for question in batch]
    length = min(map(len, prompts))
    tokens = torch.tensor([prompt[-length:] for prompt in prompts])
    with torch.inference_mode():
        model.model.generate(  # type: ignore[operator]
            tokens,
            attention_mask=torch.ones_like(tokens),
            do_sample=False,
            min_new_tokens=NEW_TOKENS,
            max_new_tokens=NEW_TOKENS,
        )


def measure(name: str, folder: Path, repeats: int, table: Table) -> None:
    kept = HuggingFaceModel(str(folder), settings=LocalModelSettings(device="cpu"))
    plain = HuggingFaceModel(str(folder), settings=LocalModelSettings(device="cpu", keep_prefix=False))
    length = min(300, kept.context_length - 100)
    asked = questions(repeats + 20, length, lambda text: len(kept.tokenize(text, PLACES).prompt))
    prompt_tokens = len(kept.tokenize(asked[0].prompt, asked[0].options).prompt)
    ways: dict[str, Callable[[int], object]] = {
        "score, prefix kept": lambda n: kept.choose(asked[n].prompt, asked[n].options),
        "score": lambda n: plain.choose(asked[n].prompt, asked[n].options),
        "score 16 at once": lambda n: plain.choose_many([(q.prompt, q.options) for q in asked[n : n + 16]]),
        "generate": lambda n: generate(plain, asked[n : n + 1]),
        "generate 16 at once": lambda n: generate(plain, asked[n : n + 16]),
    }
    parameters = kept.model.num_parameters()
    times = [f"{median_ms(way, repeats):.1f}" for way in ways.values()]
    table.add_row(name, f"{parameters / 1e6:.2f} M", str(prompt_tokens), *times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20, help="measured questions per cell (default 20)")
    parser.add_argument("--threads", type=int, default=1, help="torch threads (default 1: one core)")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    table = Table(title=f"One choice among {len(PLACES)} options, CPU milliseconds, {arguments.threads} thread(s)")
    for column in ("model", "size", "prompt", "score,\nprefix kept", "score", "score\n16", "generate", "generate\n16"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as workplace:
        for name, shape in SHAPES.items():
            folder = Path(workplace) / name
            tokenizer = train_tokenizer([question_text(STABLE, [f"Go to {p}" for p in PLACES])] * 2, shape.vocabulary)
            save_folder(folder, tokenizer, create_model(tokenizer, shape, seed=0))
            measure(name, folder, arguments.repeats, table)
        if (POCKET_FOLDER / "model.safetensors").is_file():
            measure("pocket", POCKET_FOLDER, arguments.repeats, table)
    Console().print(table)


if __name__ == "__main__":
    main()
