/* near.h -- what was probably meant: how far two words are apart, in slips of the finger (a character
 * too many, missing, wrong, or two in the wrong order).  Pure. */
#ifndef GONG_NEAR_H
#define GONG_NEAR_H

#include <stdbool.h>

#define NEAR_MAX 64	/* characters that are looked at; longer words are never near */

/* Characters are UTF-8's; ASCII letters count as equal in either case. */
unsigned near_distance(const char *a, const char *b);
/* Is that a slip, for a word like this?  One of up to five characters, two of up to nine, else three. */
bool near_enough(unsigned distance, const char *word);

/* The nearest of many, one offered after another; of equally near ones the first. */
struct near {
	const char *word;		/* what was said */
	const char *best;		/* NULL: none is near enough */
	unsigned distance;		/* of the best */
};
/* `name` may have been meant; then the best is `as`, borrowed. */
void near_offer(struct near *, const char *name, const char *as);

#endif
