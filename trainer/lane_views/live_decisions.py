"""Tells the live page what each lane decides, twice a second."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.vocabulary import AgentMode, Button
from trainer.lane_views.lane_slots import SlotWriter
from trainer.play.loop import Stage
from trainer.play.player import PlayedStep
from trainer.settings import Settings

INTERVAL_S: Final = 0.5
LONGEST_TEXT: Final = 500


def shows_lanes(settings: Settings) -> bool:
    """Whether lanes show themselves: there is a page, and they are played on its machine."""
    return settings.live_page is not None and settings.cluster is None


class LiveDecisionsStage(Stage):
    """Of the lanes that are played in this process."""

    def __init__(self, folder: Path, lanes: Sequence[int], evaluated: AgentMode | None = None) -> None:
        """`lanes` are the run's numbers of the lanes played here, in order; `evaluated` is the mode that is judged."""
        self._evaluated = "" if evaluated is None else evaluated.value
        self._slots = [SlotWriter(folder, lane) for lane in lanes]
        self._due_s = 0.0

    def after_step(self, played: PlayedStep) -> None:
        """Writes the decisions down when it is time."""
        now = time.monotonic()
        if now < self._due_s:
            return
        self._due_s = now + INTERVAL_S
        for slot, decision in zip(self._slots, played.decisions, strict=True):
            slot.tell(
                {
                    "source": decision.source.value,
                    "action": Button(decision.action).name,
                    "confidence": round(float(decision.confidence), 3),
                    "reasoning": decision.reasoning[:LONGEST_TEXT],
                    "option": decision.option_key[:LONGEST_TEXT],
                    "strategy": decision.strategy.value,
                    "mode": decision.mode.value,
                    "evaluated": self._evaluated,
                }
            )
