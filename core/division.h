/* division.h -- GB/T 2260 style codes as numbers, so that prefix match is a range.
 * County 6 digits, township 9, village 12; a code is kept right-padded to 12 digits
 * (990121103 -> 990121103000).  Pure. */
#ifndef GONG_DIVISION_H
#define GONG_DIVISION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/words.h"

typedef int64_t division_code;

#define DIVISION_TEXT 16

struct division_range {
	division_code first, last;	/* inclusive: the division and everything below it */
};

/* Accepts 6, 9 or 12 digits, full-width too, and zero-padded 12-digit forms. */
int division_parse(division_code *out, const char *text, struct err *);
void division_format(char out[DIVISION_TEXT], division_code);	/* shortest: "990121103" */
enum tier division_tier(division_code);
struct division_range division_range(division_code);
/* The ancestor at `tier` (or the division itself when it is there or above). */
division_code division_ancestor(division_code, enum tier);
bool division_contains(division_code outer, division_code inner);

#endif
