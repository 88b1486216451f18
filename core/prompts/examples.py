"""Questions with good answers, for models that follow examples rather than instructions.

They are of no game: no place, creature or move of them occurs in one, so that nothing can be copied from them but how
an answer follows from a situation. They have the form of a brief prompt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class AnsweredSituation:
    """A situation and what to do in it."""

    situation: str
    answer: str


EXAMPLES: Final = (
    AnsweredSituation(
        "Next: reach Pine Town, north of the harbour.\nLead: FINLET level 7 HP 22/24\nNow: you can walk",
        "Go to Pine Town",
    ),
    AnsweredSituation(
        "Next: reach Pine Town, north of the harbour.\n"
        "Lead: FINLET level 7 HP 20/24\n"
        "Now: a battle\n"
        "Battle against a wild creature\n"
        "Enemy: PEBBLIN level 5 stone HP 20/20\n"
        "You: FINLET level 7 water HP 20/24\n"
        "Move TAP: normal, power 30, x0.5, 30 PP left\n"
        "Move WAVE: water, power 40, x2, 20 PP left",
        "Use WAVE on PEBBLIN: about 18 of its 20 HP, 2 times effective",
    ),
    AnsweredSituation(
        "Next: beat the captain in Old Ship, for this: The captain's badge.\n"
        "Lead: FINLET level 9 HP 4/29\n"
        "Now: you can walk",
        "Rest at the healer in Pine Inn: 4/29 HP left",
    ),
    AnsweredSituation(
        "Next: train the first creature of the party to level 12.\nLead: FINLET level 10 HP 31/31\nNow: you can walk",
        "Train in the grass of South Meadow up to level 12",
    ),
    AnsweredSituation(
        "Next: beat the captain in Old Ship, for this: The captain's badge.\n"
        "Lead: FINLET level 12 HP 35/35\n"
        "Now: somebody speaks, or a sign is read\n"
        "On screen: «Shall I mend your boots?»\n"
        "Menu: «YES», «NO»",
        "Answer yes to: Shall I mend your boots?",
    ),
    AnsweredSituation(
        "Next: beat the captain in Old Ship, for this: The captain's badge.\n"
        "Lead: FINLET level 12 HP 35/35\n"
        "Now: you can walk",
        "Talk to the captain in Old Ship",
    ),
)
