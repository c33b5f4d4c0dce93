/* segment.h -- how a text travels as short messages: alphabet and parts.
 * 3GPP TS 23.038 (GSM 7 bit default alphabet and extension table, UCS-2) and 23.040 9.2.3.24
 * (concatenation; 8-bit reference: 153 septets or 67 UTF-16 units a part).  Pure; no allocation.
 * A part never cuts an escape pair, a surrogate pair or a base character from its combining
 * marks.  Input must be UTF-8; a bad byte is an error, never a silent cut. */
#ifndef GONG_SEGMENT_H
#define GONG_SEGMENT_H

#include <stddef.h>

#include "core/err.h"

enum segment_alphabet { SEGMENT_GSM7, SEGMENT_UCS2 };

#define SEGMENT_PARTS_MAX 255

struct segment_plan {
	enum segment_alphabet alphabet;
	unsigned units;			/* septets (extension characters count 2) or UTF-16 units */
	unsigned parts;			/* at least 1 */
};

int segment_plan(struct segment_plan *out, const char *utf8, struct err *);
/* Byte offset in `utf8` where part `index` (from 0) ends; parts - 1 gives strlen(utf8). */
size_t segment_end(const struct segment_plan *, const char *utf8, unsigned index);

/* Is this well-formed UTF-8 without NUL, surrogates or over-long forms? */
int utf8_check(const char *bytes, size_t len, struct err *);
size_t utf8_characters(const char *text);	/* code points; the text must be well-formed */

#endif
