"""The rows of the address list that show creatures: the party, and both sides of a battle."""

from __future__ import annotations

from cartridge.tools.content import read_content
from tests.cartridge.address_rows import (
    BUMP,
    CINDREL,
    CINDREL_NAME,
    GLARE,
    JUNIP,
    TONIC,
    Check,
    Rows,
    below,
    party,
    shows,
    starts,
)
from tests.cartridge.moments import Moment

CONTENT = read_content()
STIFF = 64


def foe_species(moment: Moment) -> list[int]:
    """Base stats of the creature that is fought."""
    return list(list(CONTENT.creatures.values())[moment["wEnemyMonSpecies"] - 1].stats)


def equal(name: str, other: str) -> Check:
    return lambda m: m.bytes(name) == m.bytes(other)


def foe_type(position: int, name: str) -> Check:
    def check(moment: Moment) -> bool:
        creature = list(CONTENT.creatures.values())[moment["wEnemyMonSpecies"] - 1]
        return moment[name] == CONTENT.types[creature.types[position]]

    return check


PARTY: Rows = {
    "wPartyCount": ("caught", shows("wPartyCount", 2)),
    "wPartySpecies": (
        "caught",
        lambda m: m.bytes("wPartySpecies")[0] == CINDREL and m.bytes("wPartySpecies")[2] == 255,
    ),
    "wPartyMon1": ("starter", lambda m: m.bytes("wPartyMon1")[0] == CINDREL and m.bytes("wPartyMon1")[31] == 5),
    "wPartyMons": ("caught", lambda m: party(m, 0, 1, 1) == m.bytes("wPartySpecies")[1]),
    "wPartyMon1Species": ("starter", shows("wPartyMon1Species", CINDREL)),
    "wPartyMon1Item": ("starter", shows("wPartyMon1Item", 0)),
    "wPartyMon1Moves": ("starter", starts("wPartyMon1Moves", bytes([BUMP, GLARE, 0, 0]))),
    "wPartyMon1ID": ("starter", equal("wPartyMon1ID", "wPlayerID")),
    "wPartyMon1Exp": ("wild_won", lambda m: m.number("wPartyMon1Exp") > 125),
    "wPartyMon1StatExp": ("wild_won", lambda m: m.number("wPartyMon1StatExp") == 0),
    "wPartyMon1DVs": ("starter", lambda m: m.number("wPartyMon1DVs") > 0),
    "wPartyMon1PP": ("starter", starts("wPartyMon1PP", bytes([35, 30, 0, 0]))),
    "wPartyMon1Happiness": ("starter", shows("wPartyMon1Happiness", 70)),
    "wPartyMon1Level": ("starter", shows("wPartyMon1Level", 5)),
    "wPartyMon1Status": ("stiff", shows("wPartyMon1Status", STIFF)),
    "wPartyMon1HP": ("starter", equal("wPartyMon1HP", "wPartyMon1MaxHP")),
    "wPartyMon1MaxHP": ("starter", lambda m: 19 <= m.number("wPartyMon1MaxHP") <= 21),
    "wPartyMon1Attack": ("starter", lambda m: 10 <= m.number("wPartyMon1Attack") <= 12),
    "wPartyMon1Defense": ("starter", lambda m: 9 <= m.number("wPartyMon1Defense") <= 11),
    "wPartyMon1Speed": ("starter", lambda m: 11 <= m.number("wPartyMon1Speed") <= 13),
    "wPartyMon1SpclAtk": ("starter", lambda m: 10 <= m.number("wPartyMon1SpclAtk") <= 12),
    "wPartyMon1SpclDef": ("starter", lambda m: 10 <= m.number("wPartyMon1SpclDef") <= 11),
    "wPartyMon2": ("caught", lambda m: m["wPartyMon2"] == m.bytes("wPartySpecies")[1]),
    "wPartyMon3": ("caught", shows("wPartyMon3", 0)),
    "wPartyMon4": ("caught", shows("wPartyMon4", 0)),
    "wPartyMon5": ("caught", shows("wPartyMon5", 0)),
    "wPartyMon6": ("caught", shows("wPartyMon6", 0)),
    "wPartyMonOTs": ("starter", starts("wPartyMonOTs", JUNIP)),
    "wPartyMonNicknames": ("starter", starts("wPartyMonNicknames", CINDREL_NAME)),
}

OWN: Rows = {
    "wBattleMon": ("wild_menu", starts("wBattleMon", bytes([CINDREL, 0, BUMP, GLARE]))),
    "wBattleMonSpecies": ("wild_menu", shows("wBattleMonSpecies", CINDREL)),
    "wBattleMonItem": ("wild_menu", shows("wBattleMonItem", 0)),
    "wBattleMonMoves": ("wild_menu", equal("wBattleMonMoves", "wPartyMon1Moves")),
    "wBattleMonPP": ("wild_turn", lambda m: m["wBattleMonPP"] == 34),
    "wBattleMonLevel": ("wild_menu", shows("wBattleMonLevel", 5)),
    "wBattleMonStatus": ("stiff", shows("wBattleMonStatus", STIFF)),
    "wBattleMonHP": ("wild_menu", equal("wBattleMonHP", "wPartyMon1HP")),
    "wBattleMonMaxHP": ("wild_menu", equal("wBattleMonMaxHP", "wPartyMon1MaxHP")),
    "wBattleMonStats": ("wild_menu", lambda m: m.bytes("wBattleMonStats") == m.bytes("wPartyMon1")[38:48]),
    "wBattleMonType1": ("wild_menu", shows("wBattleMonType1", 20)),
    "wBattleMonType2": ("wild_menu", shows("wBattleMonType2", 20)),
    "wBattleMonNickname": ("wild_menu", starts("wBattleMonNickname", CINDREL_NAME)),
    "wPlayerStatLevels": ("stiff", lambda m: m["wPlayerStatLevels"] == 7 < m.bytes("wPlayerStatLevels")[1]),
    "wCurBattleMon": ("switched", shows("wCurBattleMon", 1)),
    "wCurMoveNum": ("stiff", shows("wCurMoveNum", 1)),
    "wCurPlayerMove": ("wild_hit", shows("wCurPlayerMove", BUMP)),
    "wNumMoves": ("stiff", shows("wNumMoves", 1)),
    "wMoveSelectionMenuType": ("wild_moves", shows("wMoveSelectionMenuType", 0)),
    "wBattleMenuCursorPosition": ("wild_moves", shows("wBattleMenuCursorPosition", 1)),
    "wBattlePlayerAction": ("switched", shows("wBattlePlayerAction", 2)),
    "wNumFleeAttempts": ("fled", lambda m: m["wNumFleeAttempts"] >= 1),
    "wBattleParticipantsNotFainted": ("wild_menu", shows("wBattleParticipantsNotFainted", 1)),
}

FOE: Rows = {
    "wEnemyMon": ("wild_menu", equal("wEnemyMonSpecies", "wTempWildMonSpecies")),
    "wEnemyMonSpecies": ("wild_menu", equal("wEnemyMonSpecies", "wTempWildMonSpecies")),
    "wEnemyMonItem": ("wild_menu", shows("wEnemyMonItem", 0)),
    "wEnemyMonMoves": ("wild_menu", shows("wEnemyMonMoves", BUMP)),
    "wEnemyMonDVs": ("wild_menu", lambda m: m.bytes("wEnemyMonDVs") == m.bytes("wOTPartyMons")[21:23]),
    "wEnemyMonPP": ("wild_menu", shows("wEnemyMonPP", 35)),
    "wEnemyMonHappiness": ("wild_menu", shows("wEnemyMonHappiness", 70)),
    "wEnemyMonLevel": ("wild_menu", lambda m: 2 <= m["wEnemyMonLevel"] <= 4),
    "wEnemyMonStatus": ("stiff", shows("wEnemyMonStatus", STIFF)),
    "wEnemyMonHP": ("wild_turn", lambda m: m.number("wEnemyMonHP") < m.number("wEnemyMonMaxHP")),
    "wEnemyMonMaxHP": ("wild_menu", lambda m: 8 < m.number("wEnemyMonMaxHP") < 30),
    "wEnemyMonStats": ("wild_menu", lambda m: m.bytes("wEnemyMonStats") == m.bytes("wOTPartyMons")[38:48]),
    "wEnemyMonType1": ("wild_menu", foe_type(0, "wEnemyMonType1")),
    "wEnemyMonType2": ("wild_menu", foe_type(1, "wEnemyMonType2")),
    "wEnemyMonBaseStats": ("wild_menu", lambda m: list(m.bytes("wEnemyMonBaseStats")) == foe_species(m)[:5]),
    "wEnemyMonCatchRate": ("wild_menu", lambda m: m["wEnemyMonCatchRate"] >= 150),
    "wEnemyMonBaseExp": ("wild_menu", lambda m: m["wEnemyMonBaseExp"] >= 50),
    "wEnemyMonNickname": ("wild_menu", lambda m: 0x50 in m.bytes("wEnemyMonNickname")),
    "wEnemyStatLevels": ("wild_menu", starts("wEnemyStatLevels", bytes([7] * 7))),
    "wCurOTMon": ("wild_menu", shows("wCurOTMon", 0)),
    "wCurEnemyMove": ("wild_hit", lambda m: m["wCurEnemyMove"] in m.bytes("wEnemyMonMoves")),
    "wCurEnemyMoveNum": ("wild_hit", below(4, "wCurEnemyMoveNum")),
    "wOTPartyCount": ("trainer_menu", shows("wOTPartyCount", 2)),
    "wOTPartySpecies": ("trainer_menu", starts("wOTPartySpecies", bytes([4, 5]))),
    "wOTPartyMons": ("trainer_menu", lambda m: m.bytes("wOTPartyMons")[0] == 4 and m.bytes("wOTPartyMons")[48] == 5),
    "wOTPartyMon1Level": ("trainer_menu", shows("wOTPartyMon1Level", 3)),
    "wOTPartyMon1HP": ("trainer_menu", lambda m: m.bytes("wOTPartyMon1HP") == m.bytes("wEnemyMonHP")),
}

BATTLE: Rows = {
    "hBattleTurn": ("wild_hit", shows("hBattleTurn", 1)),
    "wEvolvableFlags": ("wild_menu", shows("wEvolvableFlags", 0)),
    "wBattleMode": ("trainer_menu", shows("wBattleMode", 2)),
    "wTempWildMonSpecies": (
        "wild_soon",
        lambda m: m["wTempWildMonSpecies"] and not m["wBattleMode"] and m["wScriptRunning"],
    ),
    "wOtherTrainerClass": ("trainer_seen", lambda m: m["wOtherTrainerClass"] == 1 and not m["wBattleMode"]),
    "wOtherTrainerID": ("trainer_seen", shows("wOtherTrainerID", 1)),
    "wTrainerClass": ("trainer_menu", shows("wTrainerClass", 1)),
    "wEnemyTrainerItem1": ("leader", shows("wEnemyTrainerItem1", TONIC)),
    "wEnemyTrainerItem2": ("trainer_menu", shows("wEnemyTrainerItem2", 0)),
    "wBattleType": ("wild_menu", shows("wBattleType", 0)),
    "wBattleResult": ("lost", lambda m: m["wBattleResult"] & 15 == 1),
    "wBattleEnded": ("wild_won", shows("wBattleEnded", 1)),
    "wCurDamage": ("wild_hit", lambda m: m.number("wCurDamage") < 50),
    "wCriticalHit": ("wild_hit", below(2, "wCriticalHit")),
    "wAttackMissed": ("wild_hit", below(2, "wAttackMissed")),
    "wTypeModifier": ("wild_hit", lambda m: m["wTypeModifier"] & 0x7F in (0, 5, 10, 20)),
}
