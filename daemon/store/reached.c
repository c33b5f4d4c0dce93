/* reached.c -- what is known of the numbers of the lists: when one was last seen to work, and whether it
 * was refused for good since.  It calls nobody and judges nobody; the season's check reads it. */
#include "daemon/store/internal.h"

/* A number that works is noted once a day, not at every receipt of a night. */
#define AGAIN "ON CONFLICT (e164) DO UPDATE SET good_at = excluded.good_at, bad_at = NULL WHERE " \
	"reached.bad_at IS NOT NULL OR coalesce(reached.good_at, 0) < excluded.good_at - 86400000"

void
store_number_good(struct store *s, uint64_t e164, msec at)
{
	store_run(s, "INSERT INTO reached (e164, good_at) SELECT e164, ? FROM number WHERE e164 = ? LIMIT 1 "
		  AGAIN, "ii", at, (int64_t)e164);
}

void
store_number_reached(struct store *s, uint64_t e164, msec at)
{
	store_run(s, "INSERT INTO reached (e164, good_at) VALUES (?, ?) " AGAIN, "ii", (int64_t)e164, at);
}

void
store_number_bad(struct store *s, uint64_t e164, msec at)
{
	store_run(s, "INSERT INTO reached (e164, bad_at) SELECT e164, ? FROM number WHERE e164 = ? LIMIT 1 "
		  "ON CONFLICT (e164) DO UPDATE SET bad_at = excluded.bad_at", "ii", at, (int64_t)e164);
}
