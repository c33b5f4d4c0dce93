/* watch.h -- a thread that watches the store from outside: are its files still there, and can all of
 * its pages be read?  It never writes, holds no lock while it reads, and decides nothing: the loop
 * asks it once a second and tells people. */
#ifndef GONG_WATCH_H
#define GONG_WATCH_H

#include <stdbool.h>

#include "daemon/store/guard.h"

struct watch;

struct watch_state {
	bool moved;			/* a file was removed or replaced under gongd */
	struct said moved_why;
	table_set damaged;		/* tables, as a set; 0 = none is known to be */
	struct said damaged_why;
	bool read_through;		/* every table has been read since the start */
};

/* Starts at once: looks every half second, reads every table through in the background, and again
 * once a day.  Borrows guard and path until watch_close. */
struct watch *watch_open(struct guard *, const char *store_path);
void watch_state(struct watch *, struct watch_state *out);
void watch_close(struct watch *);	/* ends the thread; NULL is fine */

#endif
