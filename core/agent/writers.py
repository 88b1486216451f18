"""Who writes the prompts of a lane."""

from __future__ import annotations

from collections.abc import Callable

from core.agent.advice import Advisor
from core.agent.teacher import PlainWriter, RulePlayerLike, StateWriter
from core.game.state import GameState
from core.prompts.writer import DEFAULT_MAX_TOKENS, PromptWriter


def writer_for(
    advisor: Advisor, manager: object, player: RulePlayerLike, describe: Callable[[GameState], str] | None
) -> StateWriter:
    """A new writer: `describe` where it is given, else prompts of the player's game, as long as the `manager` reads, in
    the form that it wants (`max_context_length`, `brief`). Where nobody can be asked it writes nothing worth keeping in
    mind."""
    if describe is not None or advisor.asks_nobody:
        return PlainWriter(describe or str)
    length = getattr(manager, "max_context_length", DEFAULT_MAX_TOKENS)
    return PromptWriter(player.game, length, getattr(manager, "brief", None))
