#pragma bank 3
#include "bag.h"
#include "data.h"

enum { ITEMS_MAX = 20, BALLS_MAX = 12, KEY_ITEMS_MAX = 25, LIST_END = 255 };

/* A pocket's count byte is followed by its list. */
typedef struct {
    u8 *count;
    u8 limit, entry_size;
} pocket_t;

static void pocket_of(u8 item, pocket_t *pocket) {
    item_t data;
    item_read(item, &data);
    pocket->entry_size = 2;
    switch (data.pocket) {
    case POCKET_BALLS:
        pocket->count = &wNumBalls;
        pocket->limit = BALLS_MAX;
        break;
    case POCKET_KEY_ITEMS:
        pocket->count = &wNumKeyItems;
        pocket->limit = KEY_ITEMS_MAX;
        pocket->entry_size = 1;
        break;
    default:
        pocket->count = &wNumItems;
        pocket->limit = ITEMS_MAX;
        break;
    }
}

/* The count of a machine; 0 for what is none. There are HMs only, behind the room of Crystal's TMs. */
static u8 *machine_of(u8 item) {
    item_t data;
    item_read(item, &data);
    return data.pocket == POCKET_MACHINES ? wTMsHMs + TM_COUNT - 1 + data.amount : 0;
}

static u8 *entry_of(const pocket_t *pocket, u8 item) {
    u8 *entry = pocket->count + 1;
    u8 i;
    for (i = *pocket->count; i; i--, entry += pocket->entry_size)
        if (*entry == item) return entry;
    return 0;
}

u8 bag_count(u8 item) __banked {
    pocket_t pocket;
    u8 *entry = machine_of(item);
    if (entry) return *entry;
    pocket_of(item, &pocket);
    entry = entry_of(&pocket, item);
    if (!entry) return 0;
    return pocket.entry_size == 1 ? 1 : entry[1];
}

u8 bag_add(u8 item, u8 quantity) __banked {
    pocket_t pocket;
    u8 *entry = machine_of(item);
    if (entry) {
        if (*entry) return 0;
        *entry = 1;
        return 1;
    }
    pocket_of(item, &pocket);
    entry = entry_of(&pocket, item);
    if (entry) {
        if (pocket.entry_size == 1 || entry[1] + quantity > STACK_MAX) return 0;
        entry[1] += quantity;
        return 1;
    }
    if (*pocket.count == pocket.limit) return 0;
    entry = pocket.count + 1 + *pocket.count * pocket.entry_size;
    *entry++ = item;
    if (pocket.entry_size == 2) *entry++ = quantity;
    *entry = LIST_END;
    ++*pocket.count;
    return 1;
}

u8 bag_take(u8 item, u8 quantity) __banked {
    pocket_t pocket;
    u8 *entry = machine_of(item), *end;
    if (entry) {
        if (!*entry) return 0;
        *entry = 0;
        return 1;
    }
    pocket_of(item, &pocket);
    entry = entry_of(&pocket, item);
    if (!entry) return 0;
    if (pocket.entry_size == 2) {
        if (entry[1] < quantity) return 0;
        entry[1] -= quantity;
        if (entry[1]) return 1;
    }
    --*pocket.count;
    end = pocket.count + 1 + *pocket.count * pocket.entry_size;
    for (; entry != end; entry++) *entry = entry[pocket.entry_size];
    *end = LIST_END;
    return 1;
}
