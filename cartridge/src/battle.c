#pragma bank 2
#include "battle.h"
u8 battle_wild(u8 species, u8 level) __banked { species; level; return BATTLE_FLED; }
u8 battle_trainer(u8 class, u8 number) __banked { class; number; return BATTLE_WON; }
