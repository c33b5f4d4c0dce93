/* counts.c -- for which places an answer counts: those of which its writer was told. */
#include "daemon/engine/answer.h"

#include <stdlib.h>

#define AT_ONCE 256

static size_t
called_for(struct engine *e, int64_t alert, uint32_t contact, unsigned **out)
{
	size_t count = 0, more;

	*out = NULL;
	do {
		*out = xrealloc(*out, (count + AT_ONCE) * sizeof(**out));
		more = store_called_targets(e->store, contact, alert,
					    count ? (int64_t)(*out)[count - 1] : -1, *out + count,
					    AT_ONCE);
		count += more;
	} while (more == AT_ONCE);
	return count;
}

size_t
engine_counts_for(struct engine *e, int64_t alert, uint32_t contact, unsigned **targets)
{
	return called_for(e, alert, contact, targets);
}
