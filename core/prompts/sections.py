"""The parts of a prompt, each a few lines about one thing. Every function is pure: state and journal in, text out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.game.battle import Fighter
from core.game.menu import MenuKind
from core.game.party import BagSlot, PartyMember
from core.prompts.frame import plain_text, quoted
from core.prompts.journal import LaneJournal
from core.prompts.map_view import LEGEND, draw_map
from core.prompts.next_step import NextSteps
from core.vocabulary import Button, GameMode

if TYPE_CHECKING:
    from core.game.game_data import GameData
    from core.game.state import GameState

_STATUS: Final = ((7, "asleep"), (8, "poisoned"), (16, "burned"), (32, "frozen"), (64, "paralysed"))
_SIDES: Final = {Button.UP: "up", Button.DOWN: "down", Button.LEFT: "left", Button.RIGHT: "right"}
_MENU_LINE: Final = 24
_TEXT_BOX_ROW: Final = 12
"""First of the six screen rows of the text box."""
_NO_WORDS: Final = dict.fromkeys(map(ord, "■□▲▼▶▷☎"), " ")
"""Bars, arrows and icons of the game's font."""


def goal(state: GameState, journal: LaneJournal) -> str:
    """The next milestone, and the progress of the story."""
    aim = journal.goal or "the story is finished; go on training"
    return f"Goal: {aim}\nBadges: {state.badge_count}, milestones reached: {len(journal.milestones_reached)}"


def instruction(journal: LaneJournal, steps: NextSteps) -> str:
    """The next milestone as an instruction."""
    return f"Next: {steps.instruction(journal.next_milestone, tuple(journal.visited))}."


def next_step(state: GameState, journal: LaneJournal, steps: NextSteps) -> str:
    """The next milestone as an instruction, and the progress of the story."""
    progress = f"Badges: {state.badge_count}, milestones reached: {len(journal.milestones_reached)}"
    return f"{instruction(journal, steps)}\n{progress}"


def party(state: GameState) -> str:
    """One line a creature."""
    if not state.party:
        return "Party: nobody yet"
    lines = [_member(member, state.game) for member in state.party]
    return "Party:\n" + "\n".join(lines)


def lead(state: GameState) -> str:
    """The first creature of the party alone."""
    return f"Lead: {_member(state.party[0], state.game) if state.party else 'nobody yet'}"


def party_in_short(state: GameState) -> str:
    """The lead in full, the others as a count of those who can fight."""
    if not state.party:
        return "Party: nobody yet"
    able = sum(member.can_fight for member in state.party)
    return f"Party: {able} of {len(state.party)} can fight\n{_member(state.party[0], state.game)}"


def _member(member: PartyMember, game: GameData) -> str:
    if member.is_egg:
        return "an egg"
    status = _status(member.status)
    name = game.species_name(member.species)
    nickname = f" called {quoted(member.nickname)}" if member.nickname and member.nickname != name else ""
    return f"{name}{nickname} level {member.level} HP {member.hp}/{member.max_hp}{status}"


def _status(status: int) -> str:
    return next((f" {word}" for mask, word in _STATUS if status & mask), "")


def bag(state: GameState) -> str:
    """Money and what the pockets hold."""
    pockets = [slot for pocket in (state.items, state.balls, state.key_items) for slot in pocket]
    held = ", ".join(_slot(slot, state.game) for slot in pockets) or "empty"
    return f"Money: {state.money}\nBag: {held}"


def _slot(slot: BagSlot, game: GameData) -> str:
    known = game.items.get(slot.item)
    name = known.name if known is not None else f"item {slot.item}"
    return f"{slot.quantity} {name}" if slot.quantity > 1 else name


def place(state: GameState, journal: LaneJournal) -> str:
    """The map, the player's cell, and the ways out that were seen. A place never visited is not named."""
    game, position = state.game, state.position
    here = game.maps.get(position.map)
    lines = [f"Place: {game.map_name(position.map)}, you at ({position.x}, {position.y}) facing {_SIDES[state.facing]}"]
    if here is None:
        return lines[0]
    seen = journal.seen(position.map)
    ways = [f"{one.direction} edge to {_place_name(one.target, state, journal)}" for one in here.connections]
    for warp in here.warps:
        inside = seen is not None and 0 <= warp.y < seen.shape[0] and 0 <= warp.x < seen.shape[1]
        if inside and seen is not None and seen[warp.y, warp.x]:
            ways.append(f"door ({warp.x}, {warp.y}) to {_place_name(warp.target, state, journal)}")
    if ways:
        lines.append("Ways out: " + "; ".join(dict.fromkeys(ways)))
    return "\n".join(lines)


def _place_name(target: tuple[int, int], state: GameState, journal: LaneJournal) -> str:
    known = next((map_id for map_id in journal.visited if map_id == target), None)
    return state.game.map_name(known) if known is not None else "a place not visited yet"


def people(state: GameState) -> str:
    """Who is on screen, and where."""
    here = state.game.maps.get(state.position.map)
    things = {thing.id: thing for thing in here.objects} if here is not None else {}
    found: list[str] = []
    for person in state.people:
        if not person.visible:
            continue
        thing = things.get(person.object_id)
        if person.kind == "item_ball":
            what = "a thing to pick up"
        else:
            what = thing.name.removeprefix("the ") if thing is not None else "somebody"
            what += ", a trainer" if person.kind == "trainer" else ""
        found.append(f"{what} at ({person.x}, {person.y})")
    return "People: " + "; ".join(found) if found else ""


def tried(journal: LaneJournal) -> str:
    """Choices without a result since the last milestone."""
    lines = [f"{plain_text(label)} ({times} times)" for label, times in journal.vain]
    return "Tried in vain: " + "; ".join(lines) if lines else ""


REFLECTION: Final = "write as your note what went wrong and what to try instead"
"""Stands in a prompt that asks for a reflection, and in no other."""


def reflection(journal: LaneJournal) -> str:
    """What was tried in the present stall, and the question what to make of it."""
    lines = [f"{quoted(label)} ({times} times)" for label, times in journal.vain]
    return (
        f"Nothing has come of your latest choices: {'; '.join(lines)}. Before you choose, think about why: "
        f"{REFLECTION}, and choose accordingly."
    )


def recent(journal: LaneJournal) -> str:
    """The latest choices and their results."""
    lines = [f"{plain_text(result.choice)}: {result.outcome or 'nothing'}" for result in journal.results]
    return "Lately:\n" + "\n".join(lines) if lines else ""


def map_drawing(state: GameState, journal: LaneJournal, reach: int | None = None) -> str:
    """The map in letters with its legend; `reach` as in `draw_map`."""
    lines = draw_map(state, journal.seen(state.position.map), reach)
    return "\n".join([f"Map ({LEGEND}):", *lines]) if lines else ""


def screen(state: GameState) -> str:
    """The words on screen, as a quotation, and the menu's lines."""
    menu = state.menu
    if menu is not None and menu.kind in (MenuKind.BATTLE_MAIN, MenuKind.BATTLE_MOVES):
        return ""  # what it shows stands in the section about the battle
    lines_read = state.screen_lines
    if menu is not None and menu.kind is MenuKind.YES_NO:
        lines_read = lines_read[_TEXT_BOX_ROW:]  # the box of answers covers part of the text
    words = " ".join(" ".join(line.translate(_NO_WORDS).split()) for line in lines_read)
    lines = [f"On screen: {quoted(words)}"] if words.strip() else []
    if menu is not None:
        lines.append("Menu: " + ", ".join(quoted(item, _MENU_LINE) for item in menu.items if item))
    return "\n".join(lines)


def battle(state: GameState) -> str:
    """Both fighters, the player's moves with their effect on the enemy, and the circumstances."""
    fight = state.battle
    if fight is None:
        return ""
    against = f"a trainer with {fight.enemy_party_count} creatures" if fight.is_trainer else "a wild creature"
    lines = [
        f"Battle against {against}",
        f"Enemy: {_fighter(fight.enemy, state.game)}",
        f"You: {_fighter(fight.own, state.game)}",
    ]
    enemy_types = tuple(state.game.types.get(number, "") for number in fight.enemy.types)
    for number, pp in zip(fight.own.moves, fight.own.pp, strict=True):
        move = state.game.moves.get(number)
        if move is None:
            continue
        factor = state.game.effectiveness(move.type, enemy_types)
        strength = f"power {move.power}, x{factor:g}" if move.power else "no damage"
        lines.append(f"Move {move.name}: {move.type.lower()}, {strength}, {pp} PP left")
    return "\n".join(lines)


def _fighter(fighter: Fighter, game: GameData) -> str:
    types = "/".join(dict.fromkeys(game.types.get(number, "?").lower() for number in fighter.types))
    status = _status(fighter.status)
    return (
        f"{game.species_name(fighter.species)} level {fighter.level} {types} HP {fighter.hp}/{fighter.max_hp}{status}"
    )


def mode(state: GameState) -> str:
    """What the game is doing, in words."""
    return "Now: " + {
        GameMode.BATTLE: "a battle",
        GameMode.MENU: "a menu is open",
        GameMode.DIALOG: "somebody speaks, or a sign is read",
        GameMode.CUTSCENE: "a scene plays",
        GameMode.MAP_LOADING: "a map is loading",
        GameMode.BOOT: "the game starts",
    }.get(state.mode, "you can walk")
