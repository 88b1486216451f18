/* From power on to the first free step. */
#ifndef TITLE_H
#define TITLE_H
#include "state.h"

void title(void) __banked;

#endif
