/* Item records; in bank 0 because both the bag and the screens read them. */
#include "item.h"
#include "data.h"

void item_read(u8 item, item_t *data) {
    rom_copy(ITEMS_BANK, data, ITEMS + (u16)(item - 1) * sizeof(item_t), sizeof(item_t));
}

void item_name(u8 item, u8 *name) { rom_copy(ITEMS_BANK, name, ITEMS + (u16)(item - 1) * sizeof(item_t), 13); }
