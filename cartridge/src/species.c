#include "species.h"
#include "data.h"

void species_read(u8 number, species_t *species) {
    rom_copy(SPECIES_BANK, species, SPECIES + (u16)(number - 1) * sizeof(species_t), sizeof(species_t));
}

void species_name(u8 number, u8 *name) {
    rom_copy(SPECIES_BANK, name, SPECIES + (u16)(number - 1) * sizeof(species_t), 11);
}

void move_name(u8 number, u8 *name) { rom_copy(MOVES_BANK, name, MOVES + (u16)(number - 1) * sizeof(move_t), 13); }

void move_read(u8 number, move_t *move) {
    rom_copy(MOVES_BANK, move, MOVES + (u16)(number - 1) * sizeof(move_t), sizeof(move_t));
}
