/* phone_scan.h -- the digits of a telephone number out of what somebody typed, pasted or exported, and
 * how they were grouped; what the digits mean is phone.h's.  Pure.
 *
 * Goes away: blanks, dashes and brackets of every kind, dots, characters that nobody sees, full width, a
 * leading apostrophe, "tel:", a spreadsheet's ".0", separators behind the number.  Refused: two numbers,
 * an extension that is named so, digits that a spreadsheet lost, anything else. */
#ifndef GONG_PHONE_SCAN_H
#define GONG_PHONE_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

#define PHONE_DIGITS_MAX 30

struct phone_written {
	char digits[PHONE_DIGITS_MAX + 1];	/* without the "(0)" */
	size_t count;
	bool plus;				/* a + stood before them */
	size_t zero_at;				/* digits before a "(0)"; 0 = there is none */
	size_t group[PHONE_DIGITS_MAX];		/* digits between separators */
	bool dash[PHONE_DIGITS_MAX];		/* in the separator before a group */
	size_t groups;
};

int phone_scan(struct phone_written *out, const char *text, struct err *);

#endif
