/* internal.h -- what the files of routes/ share: one driver, and the codec of its lines.  From the
 * ground: slots; items, journal, ops, flow; callbacks, reset; options; inherit; events; driver; routes. */
#ifndef GONG_ROUTES_INTERNAL_H
#define GONG_ROUTES_INTERNAL_H

#include <event2/event.h>
#include <jansson.h>

#include "core/table.h"
#include "daemon/children/children.h"
#include "daemon/routes/routes.h"
#include "daemon/routes/slots.h"

/* One message or call that is with the driver and has not come back. */
struct item {
	uint64_t id;
	uint64_t offset;		/* of its line in the stream of all bytes to this life */
	uint32_t slot;			/* in the page; PAGE_NO_SLOT = in none */
	msec deadline_at;
	struct item *next, *prev;	/* ring, oldest first */
};

/* How much a driver may tell; see flow.c. */
struct flow {
	struct origin *origin;
	struct pace_bucket latest, noise, unmatched, log;
	struct command *newest[3];	/* of the kinds of which only the latest matters, put off */
	struct event *timer;		/* end of a rest, or the next turn of what was put off */
	bool pressed;			/* the engine has not run what it told before */
	bool resting;
	bool alarmed, first_word;	/* first_word: the engine has heard whether it is */
	unsigned long told, excess;	/* in this second: events for the engine, beyond a bucket */
	unsigned long excess_total, receipts_unmatched;		/* so far */
	unsigned long unsaid;		/* lines of its standard error, not yet reported */
	msec unsaid_told_at;
	unsigned over, calm;		/* seconds in a row with too much, without */
};

struct driver {
	struct flow flow;
	struct routes *routes;
	/* Of the process that runs, of the one after it (NULL = the same), and of the one before it
	 * until the new one is ready; each part of settings that are held by a reference. */
	const struct route_conf *conf, *next, *last;
	struct settings *settings, *next_settings, *last_settings;
	bool removed, gone;		/* gone: nothing is left but a process to be buried */
	bool begun;			/* what the gongd before this one left with it is settled */
	struct event *heir;		/* looks whether that has come to an end; NULL = it is not waited for */
	msec heir_since;
	bool heir_killed, heir_given_up;
	char *page_folder;
	struct slots *slots;		/* NULL: there can be no page */
	bool marks;			/* its process says in the page what leaves */
	int64_t id;			/* as commands and effects name it */
	struct child *child;
	struct table items;
	struct item oldest;		/* head of the ring */
	char *keep;
	json_t *confined;		/* what its last `ready` said of that; NULL: nothing */
	int journal;			/* for the process that begins; -1 = it has it, or there is none */
	char journal_fault[512];	/* why there is none; "" otherwise */
	unsigned window;
	unsigned long folded;		/* alarms it named that were too many, so far */
	struct {			/* reset.c */
		struct run *run;	/* NULL: none under way */
		unsigned life;		/* which of its processes asked last */
		bool has_run;
		msec ran_at;
	} reset;
	msec reply_within_ms;		/* its provider waits no longer for a callback's answer */
	struct command *done;		/* `done` items of this read, one command */
	size_t done_cap;
};

struct routes {
	struct event_base *base;
	struct routes_ports ports;
	char *base_url;
	struct children *children;	/* borrowed */
	struct driver **drivers;
	size_t count;
	size_t pressed;			/* how many of them are */
	struct event *second;
	uint64_t barriers;
	struct open_callback *callbacks;	/* see callbacks.c */
};

/* items.c.  deadline_at: in the child's own time.  The item's line must be queued next. */
void items_add(struct driver *, uint64_t id, msec deadline_at);
/* Its driver has died: may it have left? */
bool items_may_have_left(const struct driver *, const struct item *);
void items_drop(struct driver *, uint64_t id);	/* nothing if it is not there */
bool items_take(struct driver *, struct item *out);	/* the oldest, out of it; false = none is left */

/* journal.c: state_dir/journal/ROUTE, docs/drivers.md */
#define JOURNAL_FD 3			/* its number in the process: the first of its files */
#define JOURNAL_FILE_BYTES (16 << 20)
void journal_for_next(struct driver *);		/* opens it for the process that is about to begin */
void journal_drop(struct driver *);		/* closes gongd's own */
void journal_bury(struct driver *);		/* its route is gone: the file, too, when it is empty */
void journal_say(struct buf *line, const struct driver *);	/* what `open` says of it */

/* options.c: the settings are held by a reference of the place's own, both may be NULL */
void options_set(struct settings **, const struct route_conf **, struct settings *fresh,
		 const struct route_conf *fresh_conf);
/* A process has ended: are there others for the next one?  Then `lost` says so to the engine, for what
 * it hands over must fit the process that gets it. */
bool options_follow(struct driver *, struct command *lost);
void options_are_good(struct driver *);		/* it is ready with them */

/* driver.c.  Not started yet. */
struct driver *driver_new(struct routes *, struct settings *, const struct route_conf *,
			  int64_t id, const char *keep);
/* Options from a reload; false: what its process has been told stays true. */
bool driver_takes(struct driver *, struct settings *, const struct route_conf *);
void driver_leaves(struct driver *);		/* its route was removed */
void driver_resume(struct driver *);		/* starts now, if it may start at all */
void driver_free(struct driver *);	/* kills its process; nobody is told */

/* inherit.c: its first process starts as soon as none of the gongd before this one is left */
void inherit_begin(struct driver *);
char *inherit_page_folder(const struct settings *);	/* caller frees */
void inherit_end(struct driver *);		/* nothing more happens by itself */

/* flow.c */
void flow_init(struct driver *);
void flow_fini(struct driver *);
void flow_submit(struct driver *, struct command *);
/* Of these only the newest matters: it goes now, or later instead of the one before it. */
void flow_submit_latest(struct driver *, struct command *);
void flow_flush(struct driver *);		/* what was put off goes now */
/* A line that leads to nothing.  false: there were too many of them to log this one. */
bool flow_noise(struct driver *);
void flow_look(struct driver *);		/* the engine may have run some of its commands */
void flow_unmatched(struct driver *, unsigned long receipts);	/* so far */
void flow_muttered(struct driver *);		/* a line of its standard error too much */
void flow_second(struct driver *);

/* ops.c: operations to lines */
void ops_open(struct buf *, const struct driver *);
void ops_send(struct buf *, const struct driver *, const struct effect *);	/* its items are added */
void ops_call(struct buf *, const struct driver *, const struct effect *);
void ops_withdraw(struct buf *, const struct effect *);
void ops_ask(struct buf *, const struct effect *);

/* reset.c */
void reset_asked(struct driver *, const char *device);	/* device: as it said it; NULL: not */
void reset_forget(struct driver *);

/* callbacks.c */
bool callbacks_reply(struct driver *, uint64_t to, int status, const char *type, const char *body,
		     uint64_t barrier);	/* held until that barrier; false: nobody waits */
void callbacks_release(struct routes *, uint64_t barrier, bool not_kept);
void callbacks_lost(struct driver *);	/* it answers no more */
void callbacks_forget(struct driver *);	/* nor is what it answered waited for */
void callbacks_close(struct routes *);

/* events.c: lines to commands */
void events_read(void *driver, char *line, size_t len);
void events_flush(struct driver *);			/* hands the gathered `done` over */

#endif
