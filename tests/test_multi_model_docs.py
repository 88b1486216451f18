"""What docs/multi_model.md shows is run here as written, apart from the number and length of episodes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.utils import generate_test_config
from trainer.multi_model.model_sources import ONE_MODEL_VARIABLE

DOCUMENT = (Path(__file__).resolve().parent.parent / "docs" / "multi_model.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", DOCUMENT, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_python_blocks_run(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate_test_config(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(ONE_MODEL_VARIABLE, "small")
    code = re.sub(r"max_episodes=\d+", "max_episodes=2", BLOCKS[number])
    code = re.sub(r"episode_length=\d+", "episode_length=32", code)
    exec(compile(code, f"docs/multi_model.md, block {number + 1}", "exec"), {"__name__": "__main__"})
