"""A model of the table as the language model of a hybrid agent."""

from __future__ import annotations

from collections.abc import Sequence

from agents.llm.question import neutral_order, question_text
from core.exceptions import ConfigurationError
from core.prompts.brief import Brief
from core.prompts.frame import PromptForm
from core.protocols import Choice
from trainer.multi_model.players import Chosen, HostedPlayer, Player

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
        self.step: int | None = None
        """Of a segment that a worker plays; what is chosen there counts when `settle` comes to that step. None: it
        counts at once."""
        self._unsettled: list[tuple[int, str, Chosen]] = []
        self._last_option = ""
        self._reward_since = 0.0

    @property
    def computes_here(self) -> bool:
        """Whether an answer takes this machine's processor, not another's."""
        return not isinstance(self._player, HostedPlayer)

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
            chosen = self._player.draw(self.news + (prompt if hosted else question_text(prompt, listed)), listed)
        except ConfigurationError:
            self._player.answers.unanswered += 1
            return None
        if self.step is None:
            self._take(listed[chosen.index], chosen)
        else:
            self._unsettled.append((self.step, listed[chosen.index], chosen))
        return Choice(order[chosen.index], chosen.probability, f"chosen with {chosen.probability:.0%}")

    def settle(self, step: int) -> None:
        """What was chosen in this step of the segment counts now."""
        while self._unsettled and self._unsettled[0][0] == step:
            _, option, chosen = self._unsettled.pop(0)
            self._take(option, chosen)

    def forget(self) -> None:
        """What does not count yet never will."""
        self._unsettled.clear()

    def earned(self, reward: float) -> None:
        """What the world paid in a step."""
        self._reward_since += reward

    def end_game(self) -> None:
        """The last option has brought what it will bring; the next game's rewards are not its."""
        self._note("")

    def _take(self, option: str, chosen: Chosen) -> None:
        self._player.note(chosen)
        self._note(option)

    def _note(self, option: str) -> None:
        if self._last_option and isinstance(self._player, HostedPlayer):
            self._player.record.add(self._last_option, self._reward_since)
        self._last_option, self._reward_since = option, 0.0
