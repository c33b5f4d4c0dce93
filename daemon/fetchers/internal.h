/* internal.h -- what the files of fetchers/ share: one source's child, and what it has brought that the
 * engine has not taken.  From the ground: say; documents; offers, health; events; fetcher;
 * fetchers. */
#ifndef GONG_FETCHERS_INTERNAL_H
#define GONG_FETCHERS_INTERNAL_H

#include <event2/event.h>
#include <jansson.h>

#include "core/pace.h"
#include "daemon/children/children.h"
#include "daemon/fetchers/fetchers.h"
#include "daemon/settings/source.h"

/* Something that a child brought, until it is in the books. */
struct offer {
	char *id;			/* for `took`; NULL: it does not ask */
	char *keep;			/* NULL = as it was */
	json_t *documents;		/* an array; NULL = none */
	bool first;
	unsigned weight;		/* once it was with the engine */
	uint64_t ticket;		/* it is with the engine under that name; 0 = it waits */
	struct reading *reading;	/* its documents are being read; else NULL */
	bool orphan;			/* its child has ended: nobody waits for it */
	struct offer *next;
};

struct fetcher_health {
	json_t *alarms;			/* as its child named them last; NULL = never */
	bool has_said;			/* and it is that child that runs */
	bool is_down;			/* gongd's own alarm stands */
	unsigned up_s, trouble_s, deaths;	/* up; since it was well last */
	char *reason;			/* of its last end */
	const char *told_state;		/* what the engine knows */
	char *told_alarms;
};

struct fetcher {
	struct fetchers *all;
	struct settings *settings;	/* a reference; conf is a part of it */
	const struct source_conf *conf;
	struct child *child;
	bool removed;			/* its source is gone: its process is closed, then it goes */
	bool anew;			/* its process is closed for another, with other options */
	char *keep;			/* as committed */
	struct offer *first, **end;	/* in the order in which they came */
	unsigned weight;		/* of those that are with the engine */
	bool pressed, refused;		/* it is not read: too much waits; the engine takes nothing */
	bool offering;			/* offers.c is at it */
	unsigned refusals;		/* in a row */
	struct event *again;		/* another try after a refusal */
	struct pace_bucket log;
	struct fetcher_health health;
};

struct fetchers {
	struct event_base *base;
	struct children *children;	/* borrowed */
	struct fetchers_ports ports;
	struct fetcher **list;
	size_t count;
	uint64_t tickets;
	struct event *second;
};

/* say.c */
void say_init(struct fetcher *);
bool say_may(struct fetcher *);			/* false: there was too much of that kind to log this, too */

/* documents.c */
/* `cmd`: all of it as one post, to be taken over; NULL: what reads it takes nothing now. */
typedef void (*documents_fn)(struct fetcher *, struct offer *, struct command *cmd);
/* Its documents, in order.  `done` is called once, maybe before this returns; until then the offer is
 * `reading`. */
void documents_read(struct fetcher *, struct offer *, documents_fn done);
void documents_forget(struct reading *);	/* the offer goes: `done` is not called */

/* offers.c */
void offers_init(struct fetcher *);
/* Takes over `documents`; the strings are copied.  false: none of them is such that it could be read. */
bool offers_add(struct fetcher *, const char *id, const char *keep, bool first, json_t *documents);
bool offers_answered(struct fetcher *, const struct effect *reply);	/* false: none of its */
/* What is not with the engine is said again by the next process; what is, is answered to nobody. */
void offers_process_ended(struct fetcher *);
void offers_fini(struct fetcher *);

/* health.c */
void health_second(struct fetcher *);
void health_said(struct fetcher *, json_t *alarms);	/* its own; NULL: none */
void health_ended(struct fetcher *, const char *reason, bool asked);	/* asked: gongd ended it */
void health_anew(struct fetcher *);		/* it has other options: what was before does not count */
void health_fini(struct fetcher *);

/* events.c: a child's lines */
void events_line(void *fetcher, char *line, size_t len);

/* fetcher.c */
struct fetcher *fetcher_new(struct fetchers *, struct settings *, const struct source_conf *, const char *keep);
void fetcher_takes(struct fetcher *, struct settings *, const struct source_conf *);	/* after a reload */
void fetcher_leaves(struct fetcher *);		/* its source was removed, or is posted to now */
bool fetcher_is_gone(const struct fetcher *);	/* nothing of it is left */
void fetcher_free(struct fetcher *);		/* kills its process */

#endif
