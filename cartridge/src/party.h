/* Creatures that walk with the player: 48-byte records at wPartyMons, words big-endian. */
#ifndef PARTY_H
#define PARTY_H
#include "species.h"

enum { PARTY_MAX = 6, LEVEL_MAX = 100, NICKNAME_SIZE = 11 };
enum { EGG = 253 }; /* in wPartySpecies; the record already has the kind that comes out */
#define PARTY_MON(i) (wPartyMons + (u16)(i) * PARTY_SIZE)

void creature_make(u8 *record, u8 species, u8 level) __banked;
void creature_stats(u8 *record, const species_t *species) __banked; /* from level and DVs */
u8 move_known(const u8 *record, u8 move) __banked;
u8 party_knower(u8 move) __banked;               /* who knows a move: place in the party, PARTY_MAX when nobody does */
u8 creature_learn(u8 *record, u8 move) __banked; /* slot, or MOVE_SLOTS when all are taken */
/* The index-th move learnt at that level, 0 = no more. */
u8 learnset_move(const species_t *species, u8 level, u8 index) __banked;
u32 level_exp(u8 level) __banked;
u8 party_add(u8 species, u8 level) __banked; /* 0: the party is full */
void party_swap(u8 one, u8 other) __banked;
void party_heal(void) __banked;
u8 party_first_able(void) __banked; /* PARTY_MAX: nobody can fight */
void dex_see(u8 species) __banked;
void dex_catch(u8 species) __banked;
/* A record from the box, made whole; 0: the party is full. */
u8 party_take(const u8 *kept, const u8 *nickname) __banked;
void party_remove(u8 index) __banked;

#endif
