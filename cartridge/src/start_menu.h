/* The menu of the START button. */
#ifndef START_MENU_H
#define START_MENU_H
#include "state.h"

void start_menu(void) __banked;

#endif
