/* Dialogue: numbered texts from ROM, printed letter by letter into the box at the bottom. */
#ifndef TEXT_H
#define TEXT_H
#include "video.h"

enum { NAME_SIZE = 11, NAME_LONG = 13 };

void text_copy(u16 id, u8 *destination, u8 size);
void text_label(u8 x, u8 y, u16 id);
void text_box(void);
void say(u16 id);         /* print, then wait for a button without an arrow */
void say_asking(u16 id);  /* print and return at once: a question follows */
void say_passing(u16 id); /* print, then go on by itself: the messages of a battle */
void text_close(void);
void number_text(u8 *destination, u16 value);

#endif
