"""A model of the table as the language model of a hybrid agent."""

from __future__ import annotations

from collections.abc import Sequence

from agents.llm.question import neutral_order, question_text
from core.exceptions import ConfigurationError
from core.prompts.brief import Brief
from core.prompts.frame import PromptForm
from core.protocols import Choice
from trainer.multi_model.players import HostedPlayer, Player

DEFAULT_CONTEXT_TOKENS = 2048


class TableManager:
    """The player at the table, asked as an agent asks (`core.protocols.LLMManagerLike`)."""

    available = True

    def __init__(self, player: Player) -> None:
        self._player = player
        policy = getattr(player, "policy", None)
        self.max_context_length = DEFAULT_CONTEXT_TOKENS
        if policy is not None:
            self.max_context_length = min(DEFAULT_CONTEXT_TOKENS, policy.context_length)
        self.brief = Brief(PromptForm.INSTRUCTED if isinstance(player, HostedPlayer) else PromptForm.SHORT)
        self.news = ""
        """What the mates have achieved, put before every prompt; empty where nothing is shared."""
        self._last_option = ""
        self._reward_since = 0.0

    def begin_episode(self) -> int:
        return 0

    def choose_option(self, prompt: str, options: Sequence[str], episode: int = 0) -> Choice | None:
        """None when the question is longer than the model can read: the rules then decide, and it is counted."""
        del episode
        order = neutral_order(options)
        listed = [options[index] for index in order]
        hosted = isinstance(self._player, HostedPlayer)
        try:
            # A server's back-end lists the options itself.
            chosen = self._player.choose(self.news + (prompt if hosted else question_text(prompt, listed)), listed)
        except ConfigurationError:
            self._player.answers.unanswered += 1
            return None
        self._note(listed[chosen.index])
        return Choice(order[chosen.index], chosen.probability, f"chosen with {chosen.probability:.0%}")

    def earned(self, reward: float) -> None:
        """What the world paid in a step."""
        self._reward_since += reward

    def end_game(self) -> None:
        """The last option has brought what it will bring; the next game's rewards are not its."""
        self._note("")

    def _note(self, option: str) -> None:
        if self._last_option and isinstance(self._player, HostedPlayer):
            self._player.record.add(self._last_option, self._reward_since)
        self._last_option, self._reward_since = option, 0.0
