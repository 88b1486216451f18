"""One row for each variable that the cartridge marks in the address list: at which moment it shows what."""

from __future__ import annotations

from collections.abc import Callable

from cartridge.tools.art import people
from tests.cartridge.moments import Moment

Check = Callable[[Moment], object]
Rows = dict[str, tuple[str, Check]]

CINDREL, TONIC, CATCHER, PARCEL = 2, 1, 2, 5
BUMP, GLARE = 1, 2
JUNIP = bytes([0x89, 0x94, 0x8D, 0x88, 0x8F, 0x50])
CINDREL_NAME = bytes([0x82, 0x88, 0x8D, 0x83, 0x91, 0x84, 0x8B, 0x50])
PLAYER_SPRITE = people.NAMES.index("player") + 1
FERN_PATH, HAZEL_HOLLOW, UPSTAIRS = (1, 6), (1, 3), (1, 1)
FALLS_PLACE = 4
"""The number of the Falls among the places to fly to."""
HIGHSTEAD, BEACON_TRAIL = (3, 4), (4, 1)


def party(moment: Moment, offset: int, size: int = 1, index: int = 0) -> int:
    """A field of a party record."""
    record = moment.bytes("wPartyMons")[index * 48 : index * 48 + 48]
    return int.from_bytes(record[offset : offset + size], "big")


def is_rom(moment: Moment, bank: str, pointer: str) -> bool:
    """A pointer into a switchable bank that holds something."""
    return 5 <= moment[bank] < 16 and 0x4000 <= moment.pointer(pointer) < 0x8000


def collision(moment: Moment, x: int, y: int) -> int:
    block = moment.bytes("wOverworldMapBlocks")[(y // 2 + 3) * (moment["wMapWidth"] + 6) + x // 2 + 3]
    address = moment.pointer("wTilesetCollisionAddress") + 4 * block + 2 * (y % 2) + x % 2
    return moment.rom(moment["wTilesetCollisionBank"], address)


def event_row(moment: Moment, pointer: str, size: int) -> list[int]:
    return [moment.rom(moment["wMapScriptsBank"], moment.pointer(pointer) + i) for i in range(size)]


def below(limit: int, name: str) -> Check:
    return lambda m: m[name] < limit


def shows(name: str, value: int) -> Check:
    return lambda m: m[name] == value


def starts(name: str, value: bytes) -> Check:
    return lambda m: m.bytes(name).startswith(value)


MAP: Rows = {
    "wMapGroup": ("route", shows("wMapGroup", FERN_PATH[0])),
    "wMapNumber": ("route", shows("wMapNumber", FERN_PATH[1])),
    "wXCoord": ("stepped", shows("wXCoord", 4)),
    "wYCoord": ("stepped", shows("wYCoord", 3)),
    "wWarpNumber": ("downstairs", shows("wWarpNumber", 3)),
    "wNextWarp": ("downstairs", shows("wNextWarp", 3)),
    "wNextMapGroup": ("downstairs", shows("wNextMapGroup", 1)),
    "wNextMapNumber": ("downstairs", shows("wNextMapNumber", 2)),
    "wPrevWarp": ("downstairs", shows("wPrevWarp", 1)),
    "wPrevMapGroup": ("downstairs", shows("wPrevMapGroup", UPSTAIRS[0])),
    "wPrevMapNumber": ("downstairs", shows("wPrevMapNumber", UPSTAIRS[1])),
    "wLastSpawnMapGroup": ("rest_house", shows("wLastSpawnMapGroup", HAZEL_HOLLOW[0])),
    "wLastSpawnMapNumber": ("rest_house", shows("wLastSpawnMapNumber", HAZEL_HOLLOW[1])),
    "wMapTileset": ("town", lambda m: m["wMapTileset"] == 1),
    "wEnvironment": ("route", shows("wEnvironment", 2)),
    "wCurLandmark": ("route", shows("wCurLandmark", 6)),
    "wPrevLandmark": ("route", shows("wPrevLandmark", 3)),
    "wMapWidth": ("home", shows("wMapWidth", 5)),
    "wMapHeight": ("home", shows("wMapHeight", 4)),
    "wMapBorderBlock": ("town", lambda m: m["wMapBorderBlock"] == m["wOverworldMapBlocks"]),
    "wMapBlocksBank": ("town", lambda m: is_rom(m, "wMapBlocksBank", "wMapBlocksPointer")),
    "wMapBlocksPointer": (
        "town",
        lambda m: (
            [m.rom(m["wMapBlocksBank"], m.pointer("wMapBlocksPointer") + i) for i in range(9)]
            == list(m.bytes("wOverworldMapBlocks")[:9])
        ),
    ),
    "wMapScriptsBank": ("town", lambda m: is_rom(m, "wMapScriptsBank", "wCurMapWarpEventsPointer")),
    "wOverworldMapBlocks": (
        "home",
        lambda m: collision(m, 3, 3) == 0 and collision(m, 0, 0) == 7 and collision(m, 7, 2) == 0x7A,
    ),
    "wTilesetBank": ("town", lambda m: is_rom(m, "wTilesetBank", "wTilesetAddress")),
    "wTilesetAddress": (
        "town",
        lambda m: any(m.rom(m["wTilesetBank"], m.pointer("wTilesetAddress") + i) for i in range(64)),
    ),
    "wTilesetBlocksBank": ("town", lambda m: is_rom(m, "wTilesetBlocksBank", "wTilesetBlocksAddress")),
    "wTilesetBlocksAddress": ("town", lambda m: m.pointer("wTilesetBlocksAddress") % 256 == 0),
    "wTilesetCollisionBank": ("town", lambda m: is_rom(m, "wTilesetCollisionBank", "wTilesetCollisionAddress")),
    "wTilesetCollisionAddress": ("town", lambda m: collision(m, 5, 5) == 0x71),
    "wMapConnections": ("town", shows("wMapConnections", 1)),
    "wNorthMapConnection": ("highstead", starts("wNorthMapConnection", bytes(BEACON_TRAIL))),
    "wNorthConnectedMapGroup": ("highstead", shows("wNorthConnectedMapGroup", BEACON_TRAIL[0])),
    "wNorthConnectedMapNumber": ("highstead", shows("wNorthConnectedMapNumber", BEACON_TRAIL[1])),
    "wSouthMapConnection": ("beacon_trail", starts("wSouthMapConnection", bytes(HIGHSTEAD))),
    "wSouthConnectedMapGroup": ("beacon_trail", shows("wSouthConnectedMapGroup", HIGHSTEAD[0])),
    "wSouthConnectedMapNumber": ("beacon_trail", shows("wSouthConnectedMapNumber", HIGHSTEAD[1])),
    "wWestMapConnection": ("route", starts("wWestMapConnection", bytes(HAZEL_HOLLOW))),
    "wWestConnectedMapGroup": ("route", shows("wWestConnectedMapGroup", HAZEL_HOLLOW[0])),
    "wWestConnectedMapNumber": ("route", shows("wWestConnectedMapNumber", HAZEL_HOLLOW[1])),
    "wEastMapConnection": ("town", starts("wEastMapConnection", bytes(FERN_PATH))),
    "wEastConnectedMapGroup": ("town", shows("wEastConnectedMapGroup", FERN_PATH[0])),
    "wEastConnectedMapNumber": ("town", shows("wEastConnectedMapNumber", FERN_PATH[1])),
    "wCurMapWarpEventCount": ("town", shows("wCurMapWarpEventCount", 3)),
    "wCurMapWarpEventsPointer": ("town", lambda m: event_row(m, "wCurMapWarpEventsPointer", 5) == [5, 5, 1, 1, 2]),
    "wCurMapCoordEventCount": ("highstead", shows("wCurMapCoordEventCount", 1)),
    "wCurMapCoordEventsPointer": ("highstead", lambda m: event_row(m, "wCurMapCoordEventsPointer", 3)[1:] == [6, 5]),
    "wCurMapBGEventCount": ("town", shows("wCurMapBGEventCount", 3)),
    "wCurMapBGEventsPointer": ("town", lambda m: event_row(m, "wCurMapBGEventsPointer", 2) == [9, 10]),
    "wCurMapObjectEventCount": ("town", shows("wCurMapObjectEventCount", 4)),
    "wCurMapObjectEventsPointer": ("town", lambda m: event_row(m, "wCurMapObjectEventsPointer", 3)[1:] == [12, 12]),
    "wMornEncounterRate": ("route", shows("wMornEncounterRate", 25)),
    "wDayEncounterRate": ("route", shows("wDayEncounterRate", 25)),
    "wNiteEncounterRate": ("route", shows("wNiteEncounterRate", 25)),
    "wWildEncounterCooldown": ("loading", lambda m: m["wWildEncounterCooldown"] <= 5),
    "hMapEntryMethod": ("loading", shows("hMapEntryMethod", 0xF5)),
    "wMapStatus": ("loading", shows("wMapStatus", 1)),
}

PLAYER: Rows = {
    "wMapEventStatus": ("stepping", shows("wMapEventStatus", 1)),
    "wTileDown": ("home", lambda m: m["wTileDown"] == collision(m, 3, 4)),
    "wTileUp": ("home", lambda m: m["wTileUp"] == collision(m, 3, 2) == 0x91),
    "wTileLeft": ("home", lambda m: m["wTileLeft"] == collision(m, 2, 3)),
    "wTileRight": ("home", lambda m: m["wTileRight"] == collision(m, 4, 3)),
    "wPlayerStruct": ("stepping", lambda m: m.bytes("wPlayerStruct")[8] == 12 and m.bytes("wPlayerStruct")[16] == 8),
    "wPlayerSprite": ("home", shows("wPlayerSprite", PLAYER_SPRITE)),
    "wPlayerWalking": ("stepping", shows("wPlayerWalking", 3)),
    "wPlayerDirection": ("turning", shows("wPlayerDirection", 12)),
    "wPlayerStepType": ("stepping", shows("wPlayerStepType", 6)),
    "wPlayerStepDuration": ("stepping", lambda m: 0 < m["wPlayerStepDuration"] < 8),
    "wPlayerStepFlags": ("stepping", shows("wPlayerStepFlags", 0x20)),
    "wPlayerStepDirection": ("stepping", shows("wPlayerStepDirection", 3)),
    "wPlayerTurningDirection": ("stepping", shows("wPlayerTurningDirection", 0x83)),
    "wWalkingDirection": ("stepping", shows("wWalkingDirection", 3)),
    "wPlayerTileCollision": ("hopping", lambda m: m["wPlayerTileCollision"] == 7),
    "wPlayerLastTile": ("hopping", shows("wPlayerLastTile", 0xA3)),
    "wPlayerMapX": ("stepping", lambda m: m["wPlayerMapX"] == 8 and m["wXCoord"] == 3),
    "wPlayerMapY": ("stepping", shows("wPlayerMapY", 7)),
    "wPlayerLastMapX": ("stepping", shows("wPlayerLastMapX", 7)),
    "wPlayerLastMapY": ("stepping", shows("wPlayerLastMapY", 7)),
    "wPlayerState": ("raft", shows("wPlayerState", 4)),
    "wPoisonStepCount": ("walked", shows("wPoisonStepCount", 2)),
    "wRepelEffect": ("walked", shows("wRepelEffect", 8)),
    "wPlayerSpriteX": ("home", shows("wPlayerSpriteX", 64)),
    "wPlayerSpriteY": ("home", shows("wPlayerSpriteY", 60)),
    "wStepCount": ("standing", shows("wStepCount", 1)),
    "wObjectStructs": (
        "town",
        lambda m: m["wObjectStructs"] == PLAYER_SPRITE and any(m.bytes("wObjectStructs")[40::40]),
    ),
    "wMapObjects": ("town", lambda m: m.bytes("wMapObjects")[18:20] == bytes([12, 12])),
    "wObjectMasks": ("parcel", lambda m: m.bytes("wObjectMasks")[1:6] == bytes([0, 0, 255, 0, 0])),
    "hSCX": ("stepping", lambda m: m["hSCX"] % 16 != 0),
    "hSCY": ("stepping", lambda m: m["hSCY"] % 16 == 0),
}

SCREEN: Rows = {
    "wShadowOAM": ("home", starts("wShadowOAM", bytes([76, 72]))),
    "wTilemap": ("printing", lambda m: m.bytes("wTilemap")[240] == 0x79 and m.bytes("wTilemap")[359] == 0x7E),
    "wAttrmap": ("printing", lambda m: m.bytes("wAttrmap")[281] == 7),
    "hWY": ("waiting", shows("hWY", 0)),
    "wTextboxFlags": ("arrow", lambda m: m["wTextboxFlags"] & 2),
    "wStateFlags": ("waiting", shows("wStateFlags", 0x41)),
    "wSpriteUpdatesEnabled": ("wild_menu", shows("wSpriteUpdatesEnabled", 0)),
    "wScriptRunning": ("item_ball", shows("wScriptRunning", 3)),
    "wScriptMode": ("waiting", shows("wScriptMode", 1)),
    "wScriptFlags": ("waiting", lambda m: m["wScriptFlags"] & 4),
    "wScriptBank": ("waiting", lambda m: m["wScriptBank"] == m["wMapScriptsBank"]),
    "wScriptVar": ("starter", shows("wScriptVar", 1)),
    "hLastTalked": ("starter", shows("hLastTalked", 3)),
    "w2DMenuCursorInitY": ("question", shows("w2DMenuCursorInitY", 8)),
    "w2DMenuCursorInitX": ("question", shows("w2DMenuCursorInitX", 15)),
    "w2DMenuNumRows": ("question", shows("w2DMenuNumRows", 2)),
    "w2DMenuNumCols": ("wild_menu", shows("w2DMenuNumCols", 2)),
    "w2DMenuFlags1": ("wild_moves", shows("w2DMenuFlags1", 0x20)),
    "w2DMenuCursorOffsets": ("wild_menu", shows("w2DMenuCursorOffsets", 0x26)),
    "wMenuJoypadFilter": ("question", shows("wMenuJoypadFilter", 3)),
    "wMenuJoypad": ("starter", shows("wMenuJoypad", 1)),
    "wMenuCursorY": ("question", shows("wMenuCursorY", 1)),
    "wMenuCursorX": ("question", shows("wMenuCursorX", 1)),
    "wCursorOffCharacter": ("question", shows("wCursorOffCharacter", 0x7F)),
    "wCursorCurrentTile": ("question", lambda m: m.pointer("wCursorCurrentTile") == 0xC4A0 + 8 * 20 + 15),
    "wMenuSelection": ("wild_won", shows("wMenuSelection", 255)),
    "wCurPocket": ("ball_pocket", shows("wCurPocket", 1)),
    "wScrollingMenuCursorPosition": ("long_pocket", shows("wScrollingMenuCursorPosition", 5)),
    "wMenuScrollPosition": ("long_pocket", shows("wMenuScrollPosition", 1)),
    "wPartyMenuCursor": ("switched", shows("wPartyMenuCursor", 2)),
    "wCurPartyMon": ("switched", shows("wCurPartyMon", 1)),
    "wStringBuffer1": ("item_ball", lambda m: m["wStringBuffer1"] == 0x93),
    "wStringBuffer2": ("wild_hit", lambda m: m["wStringBuffer2"] >= 0x80),
    "wOptions": ("home", lambda m: m["wOptions"] == 3),
    "wVBlankOccurred": ("home", below(2, "wVBlankOccurred")),
    "hVBlankCounter": ("home", lambda m: m["hVBlankCounter"] != 0),
    "hROMBank": ("home", lambda m: 1 <= m["hROMBank"] < 16),
    "hJoypadReleased": ("standing", shows("hJoypadReleased", 0)),
    "hJoypadPressed": ("stepping", shows("hJoypadPressed", 0)),
    "hJoypadDown": ("stepping", shows("hJoypadDown", 16)),
    "hJoypadSum": ("stepping", below(17, "hJoypadSum")),
    "hJoyReleased": ("stepping", shows("hJoyReleased", 0)),
    "hJoyPressed": ("stepping", below(17, "hJoyPressed")),
    "hJoyDown": ("stepping", shows("hJoyDown", 16)),
    "hInMenu": ("long_pocket", shows("hInMenu", 0)),
    "hRandomAdd": ("home", lambda m: m["hRandomAdd"] | m["hRandomSub"]),
    "hRandomSub": ("home", lambda m: m["hRandomAdd"] | m["hRandomSub"]),
    "wInputType": ("home", shows("wInputType", 0)),
    "wGameLogicPaused": ("saving", shows("wGameLogicPaused", 1)),
    "wJoypadDisable": ("home", shows("wJoypadDisable", 0)),
    "wGameTimerPaused": ("home", lambda m: m["wGameTimerPaused"] & 1),
}

STORY: Rows = {
    "wPlayerID": ("home", lambda m: m.number("wPlayerID") > 0),
    "wPlayerName": ("home", starts("wPlayerName", JUNIP)),
    "wRivalName": ("home", lambda m: 0x50 in m.bytes("wRivalName")),
    "wGameTimeHours": ("white_out", shows("wGameTimeHours", 0)),
    "wGameTimeMinutes": ("white_out", lambda m: m["wGameTimeMinutes"] >= 1),
    "wGameTimeSeconds": ("white_out", below(60, "wGameTimeSeconds")),
    "wGameTimeFrames": ("white_out", below(60, "wGameTimeFrames")),
    "hHours": ("white_out", lambda m: m["hHours"] == 10 + m["wGameTimeMinutes"]),
    "hMinutes": ("white_out", lambda m: m["hMinutes"] == m["wGameTimeSeconds"]),
    "wTimeOfDay": ("night", shows("wTimeOfDay", 2)),
    "wMoney": ("home", lambda m: m.number("wMoney") == 3000),
    "wFarfetchdPosition": ("lamb", shows("wFarfetchdPosition", 2)),
    "wJohtoBadges": ("badge", shows("wJohtoBadges", 1 << 1)),
    "wKantoBadges": ("badge", shows("wKantoBadges", 0)),
    "wTMsHMs": ("machine", lambda m: [i for i, count in enumerate(m.bytes("wTMsHMs")) if count] == [50 + 2]),
    "wBikeFlags": ("strong", shows("wBikeFlags", 1)),
    "wStatusFlags": ("lit", lambda m: m["wStatusFlags"] & 4),
    "wTimeOfDayPalset": ("dark", shows("wTimeOfDayPalset", 0xFF)),
    "wVisitedSpawns": ("healer", lambda m: m["wVisitedSpawns"] >> FALLS_PLACE & 1),
    "wTownMapPlayerIconLandmark": ("flight", shows("wTownMapPlayerIconLandmark", 1)),
    "wStartFlypoint": ("flight", shows("wStartFlypoint", 0)),
    "wEndFlypoint": ("flight", shows("wEndFlypoint", FALLS_PLACE)),
    "wEventFlags": ("starter", lambda m: m.bytes("wEventFlags")[1] & 3 == 3),
    "wNumItems": ("parcel", shows("wNumItems", 1)),
    "wItems": ("parcel", starts("wItems", bytes([TONIC, 2, 255]))),
    "wNumKeyItems": ("parcel", shows("wNumKeyItems", 1)),
    "wKeyItems": ("parcel", starts("wKeyItems", bytes([PARCEL, 255]))),
    "wNumBalls": ("parcel", shows("wNumBalls", 1)),
    "wBalls": ("parcel", starts("wBalls", bytes([CATCHER, 5, 255]))),
    "wCurMartCount": ("shop", shows("wCurMartCount", 3)),
    "wCurMartItems": ("shop", starts("wCurMartItems", bytes([TONIC, 3, CATCHER, 255]))),
    "wMenuItemsList": ("start_menu", starts("wMenuItemsList", bytes([5, 1, 2, 3, 4, 6, 255]))),
    "wSaveFileExists": ("saved", shows("wSaveFileExists", 1)),
    "wHallOfFameCount": ("credits", shows("wHallOfFameCount", 1)),
    "wSpawnAfterChampion": ("credits", shows("wSpawnAfterChampion", 1)),
    "sBackupCheckValue1": ("saved", shows("sBackupCheckValue1", 0)),
    "sBackupGameData": ("saved", lambda m: not any(m.bytes("sBackupGameData"))),
    "sBackupChecksum": ("saved", lambda m: m.number("sBackupChecksum") == 0),
    "sBackupCheckValue2": ("saved", shows("sBackupCheckValue2", 0)),
    "sBox": ("boxed", starts("sBox", bytes([1, 4, 255]))),
    "sBoxCount": ("boxed", shows("sBoxCount", 1)),
    "sBoxSpecies": ("boxed", starts("sBoxSpecies", bytes([4, 255]))),
    "sBoxMons": ("boxed", lambda m: m["sBoxMons"] == 4 and m.bytes("sBoxMons")[31] == 7),
    "sOptions": ("saved", lambda m: m["sOptions"] == m["wOptions"]),
    "sCheckValue1": ("saved", shows("sCheckValue1", 99)),
    "sCheckValue2": ("saved", shows("sCheckValue2", 127)),
    "sGameData": (
        "saved",
        lambda m: m.bytes("sGameData")[0xDA72 - 0xD47B : 0xDA72 - 0xD47B + 256] == m.bytes("wEventFlags"),
    ),
    "sChecksum": (
        "saved",
        lambda m: int.from_bytes(m.bytes("sChecksum"), "little") == sum(m.bytes("sGameData")) & 0xFFFF,
    ),
    "wCurItem": ("tonic", shows("wCurItem", TONIC)),
    "wPokedexCaught": ("starter", lambda m: m["wPokedexCaught"] == 1 << CINDREL - 1),
    "wPokedexSeen": ("wild_menu", lambda m: m["wPokedexSeen"] & 1 << m["wEnemyMonSpecies"] - 1),
}
