/* epoch.h -- what a store becomes when it is put back after others have gone on from it: nothing that
 * was under way leaves of itself, and no id or code that anybody may have seen is given again. */
#ifndef GONG_EPOCH_H
#define GONG_EPOCH_H

#include <sqlite3.h>

#include "daemon/store/store.h"

struct epoch {
	msec at;			/* now */
	msec copied_at;			/* the last instant of the store that is put back */
	/* Of the store that it replaces: the highest id of each table, 0 = none.  Of what could not be
	 * read (the set `unread`) it may have used many more. */
	int64_t used[STORE_TABLE_COUNT];
	table_set unread;
	bool lost_alerts;		/* there were alerts that this store does not have, or that is not known */
};

struct epoch_done {			/* what was held */
	unsigned long alerts, messages, signals;
};

/* -- floors.c -- */

/* The tables of which ids are seen outside: in answers of the API, as codes, with drivers. */
table_set epoch_tables(void);
/* The highest id that such a table of another store has; false: it cannot be read. */
bool epoch_used(sqlite3 *, enum store_table, int64_t *out);
/* Ids of new rows are above all that either store gave, and in an unread table above what it may have. */
void store_floors_raise(struct store *, const struct epoch *);

/* -- epoch.c -- */

/* Within a turn (store_begin), before any engine works on the store.  Every open alert gets the hold
 * `restored`, with a task and a line of its story; what was queued or with a route is uncertain, with an
 * attempt that nobody knows the end of; signals that wait are held; what else would be planned of alerts
 * that are over is withdrawn.  From then on ids are given above all that may have been used. */
void store_epoch_begin(struct store *, const struct epoch *, struct epoch_done *);
/* Is it the key of an alert that a restore has lost?  `code`: that one's. */
bool store_key_lost(struct store *, const char *key, char code[16]);
/* May somebody have had an alert that this store knows nothing of? */
bool store_epoch_lost_alerts(struct store *);

#endif
