/* number.h -- numbers, durations and sizes as people and programs write them: read whole and
 * within their range, or refused.  Decimal digits only: no hex, no exponent, no "inf", no spaces,
 * no sign but "-" where the range begins below 0.  Nothing overflows.  Pure. */
#ifndef GONG_NUMBER_H
#define GONG_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/msec.h"

/* Each returns 0 with *out within least…most, or -1 and leaves *out as it was. */
int whole_parse(int64_t *out, const char *text, int64_t least, int64_t most);
/* "0.25"; digits after the point beyond the ninth are not looked at. */
int decimal_parse(double *out, const char *text, double least, double most);
/* "250ms", "90s", "5m" (or "5min"), "1.5h", "2d"; what is left of a millisecond is cut. */
int duration_parse(msec *out, const char *text, msec least, msec most);

#define DURATION_TEXT 24
/* As duration_parse reads it, in the largest unit that says it exactly: 5400000 -> "90m". */
const char *duration_format(char out[DURATION_TEXT], msec);

/* "1.39E+10": how a spreadsheet shows a long number, whose digits are then lost. */
bool number_is_shortened(const char *text);
/* The digit that `p` begins with, ASCII or full-width (U+FF10..U+FF19), and the bytes it takes; -1: none. */
int digit_at(const char *p, size_t *len);

/* A JSON number that became an integer of the machine's, held within its range. */
static inline int64_t
whole_clamp(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

/* `ms` / `divisor` (>= 1), NEVER staying NEVER. */
msec msec_divide(msec ms, double divisor);

#endif
