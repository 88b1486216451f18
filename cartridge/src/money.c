#pragma bank 3
#include "money.h"
#include "data.h"
#include "numbers.h"
#include "text.h"

enum { MONEY_MAX = 999999, DIGITS = 6 };

void money_give(u32 amount) __banked {
    u32 money = be24(wMoney) + amount;
    be24_put(wMoney, money > MONEY_MAX ? MONEY_MAX : money);
}

u8 money_take(u32 amount) __banked {
    u32 money = be24(wMoney);
    if (money < amount) return 0;
    be24_put(wMoney, money - amount);
    return 1;
}

void money_number(u8 *text, u32 amount) __banked {
    u8 digits[DIGITS], count = 0;
    do {
        digits[count++] = TILE_ZERO + amount % 10;
        amount /= 10;
    } while (amount && count < DIGITS);
    while (count) *text++ = digits[--count];
    *text = TEXT_END;
}

void money_put(u8 right, u8 y, u32 amount) __banked {
    u8 number[DIGITS + 1], *end = number;
    money_number(number, amount);
    while (*end != TEXT_END) end++;
    right -= (u8)(end - number);
    screen_text(right, y, number);
    text_label(right - 1, y, TEXT_CURRENCY);
}
