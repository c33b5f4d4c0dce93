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

/* What a test brings over a simulated network is no word from a telephone. */
void
store_attempt_reached(struct store *s, uint32_t wave, uint32_t contact, unsigned attempt, msec at)
{
	store_run(s, "INSERT INTO reached (e164, good_at) SELECT a.e164, ? FROM attempt a JOIN wave w "
		  "ON w.id = a.wave JOIN alert l ON l.id = w.alert AND l.test = 0 WHERE a.wave = ? AND "
		  "a.contact = ? AND a.n = ? AND a.e164 > 0 " AGAIN, "iiii", at, (int64_t)wave,
		  (int64_t)contact, (int64_t)attempt);
}

void
store_number_bad(struct store *s, uint64_t e164, msec at)
{
	store_run(s, "INSERT INTO reached (e164, bad_at) SELECT e164, ? FROM number WHERE e164 = ? LIMIT 1 "
		  "ON CONFLICT (e164) DO UPDATE SET bad_at = excluded.bad_at", "ii", at, (int64_t)e164);
}
