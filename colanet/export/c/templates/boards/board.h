/* What example.c needs of a board: a way to print, to end, and to count instructions. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

void board_put(const char *text);
uint64_t board_instructions(void); /* carried out so far; always 0 where they cannot be counted */
void board_exit(int status);

#endif
