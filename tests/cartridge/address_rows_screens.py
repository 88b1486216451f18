"""Rows for the variables of the screens that ask for something, as in `address_rows`."""

from __future__ import annotations

from core.game.ram import WRAM_START
from tests.cartridge.address_rows import Rows, shows, starts
from tests.cartridge.moments import Moment
from tests.cartridge.screen_moments import RADIO_KNOB

PIPKIT = bytes([0x8F, 0x88, 0x8F, 0x8A, 0x88, 0x93, 0x50])
K, FIRST_STORE = 0x8A, (7, 5)
PHONE_RADIO_OWNED = 0x86


def cursor(moment: Moment) -> bytes:
    """The record of the keyboard's cursor."""
    at = moment.pointer("wNamingScreenCursorObjectPointer") - WRAM_START
    return moment.low[at : at + 16]


SCREENS: Rows = {
    "wNamingScreenDestinationPointer": (
        "keyboard",
        lambda m: m.low[m.pointer("wNamingScreenDestinationPointer") - WRAM_START] == K,
    ),
    "wNamingScreenCursorObjectPointer": ("keyboard", lambda m: cursor(m)[12:14] == bytes([1, 0])),
    "wNamingScreenCurNameLength": ("keyboard", shows("wNamingScreenCurNameLength", 1)),
    "wNamingScreenMaxNameLength": ("keyboard", shows("wNamingScreenMaxNameLength", 7)),
    "wNamingScreenType": ("keyboard", shows("wNamingScreenType", 3)),
    "wNamingScreenLetterCase": ("keyboard", shows("wNamingScreenLetterCase", 1)),
    "wMomsName": ("named", starts("wMomsName", bytes([K, 0x50]))),
    "wInitHourBuffer": ("clock", shows("wInitHourBuffer", 8)),
    "wInitMinuteBuffer": ("clock_minute", shows("wInitMinuteBuffer", 59)),
    "wPokegearCard": ("radio", shows("wPokegearCard", 3)),
    "wPokegearFlags": ("radio", shows("wPokegearFlags", PHONE_RADIO_OWNED)),
    "wRadioTuningKnob": ("radio", shows("wRadioTuningKnob", RADIO_KNOB)),
    "wMapMusic": ("radio", shows("wMapMusic", 2)),
    "wSpecialPhoneCallID": ("to_be_called", shows("wSpecialPhoneCallID", 1)),
    "wPhoneList": ("to_be_called", starts("wPhoneList", bytes([1, 0]))),
    "wDayCareMan": ("day_care", shows("wDayCareMan", 0x81)),
    "wBreedMon1": ("day_care", lambda m: m["wBreedMon1"] == 4 and m.bytes("wBreedMon1")[31] == 9),
    "wBreedMon1Nickname": ("day_care", starts("wBreedMon1Nickname", PIPKIT)),
    "wBackupWarpNumber": ("elevator", shows("wBackupWarpNumber", 3)),
    "wBackupMapGroup": ("elevator", shows("wBackupMapGroup", FIRST_STORE[0])),
    "wBackupMapNumber": ("elevator", shows("wBackupMapNumber", FIRST_STORE[1])),
}
