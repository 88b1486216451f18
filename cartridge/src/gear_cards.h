/* What the gear has: bits of wPokegearFlags. */
#ifndef GEAR_CARDS_H
#define GEAR_CARDS_H

enum { GEAR_HAS_RADIO = 2, GEAR_HAS_PHONE = 4, GEAR_OWNED = 0x80 };

#endif
