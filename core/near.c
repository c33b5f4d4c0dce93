/* near.c -- the distance of near.h: optimal string alignment, row by row. */
#include "core/near.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define FAR 1000u

/* Characters of the text as numbers; NEAR_MAX + 1 when there are more. */
static unsigned
characters(const char *text, unsigned out[NEAR_MAX])
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned n = 0;

	while (*p) {
		unsigned c = *p < 0x80 ? (unsigned)tolower(*p) : *p;

		for (p++; c >= 0x80 && (*p & 0xc0) == 0x80; p++)
			c = c << 6 | (*p & 0x3f);
		if (n == NEAR_MAX)
			return NEAR_MAX + 1;
		out[n++] = c;
	}
	return n;
}

static unsigned
least(unsigned a, unsigned b, unsigned c)
{
	unsigned low = a < b ? a : b;

	return low < c ? low : c;
}

unsigned
near_distance(const char *a, const char *b)
{
	unsigned x[NEAR_MAX], y[NEAR_MAX], rows[3][NEAR_MAX + 1];
	unsigned n = characters(a, x), m = characters(b, y);
	unsigned *two_before = rows[0], *before = rows[1], *now = rows[2];

	if (n > NEAR_MAX || m > NEAR_MAX)
		return FAR;
	for (unsigned j = 0; j <= m; j++)
		before[j] = j;
	for (unsigned i = 1; i <= n; i++) {
		unsigned *spare = two_before;

		now[0] = i;
		for (unsigned j = 1; j <= m; j++) {
			now[j] = least(before[j] + 1, now[j - 1] + 1,
				       before[j - 1] + (x[i - 1] != y[j - 1]));
			if (i > 1 && j > 1 && x[i - 1] == y[j - 2] && x[i - 2] == y[j - 1])
				now[j] = least(now[j], two_before[j - 2] + 1, FAR);
		}
		two_before = before;
		before = now;
		now = spare;
	}
	return before[m];
}

bool
near_enough(unsigned distance, const char *word)
{
	unsigned x[NEAR_MAX], n = characters(word, x);

	return distance <= (n < 3 ? 0 : n < 6 ? 1 : n < 10 ? 2 : 3);
}

void
near_offer(struct near *n, const char *name, const char *as)
{
	unsigned distance = near_distance(n->word, name);

	if (!near_enough(distance, n->word) || (n->best && n->distance <= distance))
		return;
	n->best = as;
	n->distance = distance;
}
