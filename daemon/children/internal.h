/* internal.h -- what the files of children/ share: one child, and the family it belongs to.  From
 * the ground: spawn.c, clock.c; child.c, which is one, and run.c; children.c, which is all. */
#ifndef GONG_CHILDREN_INTERNAL_H
#define GONG_CHILDREN_INTERNAL_H

#include <event2/buffer.h>
#include <event2/event.h>

#include "core/lines.h"
#include "core/pace.h"
#include "daemon/children/children.h"

#define KILL_MS 1000			/* beyond the time that it was given to finish */

struct mutter {				/* its standard error; see mutter.c */
	int fd;
	struct event *readable, *rested;	/* NULL: it has no process */
	char line[1000];
	size_t len;
	struct pace_bucket bucket;
	bool too_much;
};

struct child {
	struct children *all;
	struct child *next;
	const struct child_ops *ops;
	void *owner;
	uint64_t seed;
	enum child_state state;
	pid_t pid;			/* 0: none, or buried */
	int in, out;			/* our ends: in = its stdin */
	struct event *readable, *writable, *timer;	/* timer: back-off, start, grace */
	struct evbuffer *to;		/* not yet written */
	uint64_t queued, written;	/* bytes ever queued, bytes taken by the kernel */
	struct lines from;
	struct mutter mutter;
	char *end_reason;		/* as it said, or we; NULL = nobody has */
	bool end_for_good;		/* a restart is not worth it */
	enum child_blame blame;		/* why it is being ended */
	bool held;
	bool unread;			/* lines of an earlier read wait in `from` */
	msec held_at;
	unsigned failures, starts, bad_lines;
	unsigned long ping;
	msec up_at, ping_at;		/* ping_at: when an unanswered ping was written, 0 = none */
	msec stood_still_ms;		/* see child_now */
};

struct run {
	struct children *all;
	struct run *next;
	pid_t pid;
	struct event *output, *timer;	/* timer: its limit, then its last seconds */
	const struct run_ops *ops;	/* NULL: nobody asks any more */
	void *owner;
	char line[400];
	size_t len;
	unsigned lines;
	bool is_told_to_end;
};

struct children {
	struct event_base *base;
	msec (*now)(void *ctx);
	void *now_ctx;
	struct child *first;
	struct run *runs;
	bool stopping;
	msec stop_by;			/* then nobody is waited for any more */
	msec swept_at, stood_still_ms;
	struct event *sweep, *reaper;
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

msec family_now(const struct children *);	/* stands still while the loop did not run */
void mutter_open(struct child *, int fd);	/* takes it over */
void mutter_close(struct child *);		/* after its last words; twice is nothing */
void child_watch(struct child *);	/* once a second: pings, what is late */
void child_buried(struct child *);	/* its process has been reaped */

void run_stop(struct run *);		/* its time is over now */
void run_bury(struct children *, pid_t, int status);	/* nothing if it is none of them */
void run_close_all(struct children *);	/* kills them; nobody is told */
/* spawn.c: with no input, both its outputs in one pipe; -1 with errno. */
pid_t run_spawn(const char *const *argv, int *output);

#endif
