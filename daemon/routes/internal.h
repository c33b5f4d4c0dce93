/* internal.h -- what the files of routes/ share: one child, and the codec of its lines. */
#ifndef GONG_ROUTES_INTERNAL_H
#define GONG_ROUTES_INTERNAL_H

#include <event2/buffer.h>
#include <event2/event.h>
#include <jansson.h>
#include <sys/types.h>

#include "core/table.h"
#include "daemon/routes/routes.h"
#include "drivers/kit/lines.h"

enum child_state {
	CHILD_WAITING,			/* for its back-off to end */
	CHILD_STARTING,			/* `open` written, `ready` not yet read */
	CHILD_UP,
	CHILD_CLOSING,			/* told to close */
	CHILD_STOPPED,			/* said that a restart is not worth it, or gongd stops */
};

/* One message or call that is with the driver and has not come back. */
struct item {
	uint64_t id;
	uint64_t offset;		/* of its line in the stream of all bytes to this child */
	msec deadline_at;
	struct item *next, *prev;	/* ring, oldest first */
};

struct child {
	struct routes *routes;
	const struct route_conf *conf;
	int index;
	enum child_state state;
	pid_t pid;
	int in, out;			/* our ends: in = its stdin */
	struct event *readable, *writable, *timer;	/* timer: back-off, then ping */
	struct evbuffer *to;		/* not yet written */
	uint64_t queued, written;	/* bytes ever queued, bytes taken by the kernel */
	struct lines from;
	struct table items;
	struct item oldest;		/* head of the ring */
	char *keep, *end_reason;
	bool end_fatal;			/* said `fatal` with retry false */
	bool hung;			/* it is killed for its silence */
	unsigned failures, restarts, bad_lines;
	unsigned long ping;
	msec up_at, ping_at;		/* ping_at: when an unanswered ping was written, 0 = none */
	unsigned window;
	msec reply_within_ms;		/* its provider waits no longer for a callback's answer */
	struct command *done;		/* `done` items of this read, one command */
	size_t done_cap;
};

struct routes {
	struct event_base *base;
	const struct settings *settings;
	struct routes_ports ports;
	char *base_url;
	struct child *children;
	size_t count;
	bool held, stopping;
	msec swept_at, stood_still_ms;	/* see routes_now */
	struct event *sweep, *reaper, *stop_timer;
	uint64_t barriers;
	struct open_callback *callbacks;	/* see callbacks.c */
	void (*stopped)(void *ctx);
	void *stopped_ctx;
};

/* routes.c: time for deadlines and pongs.  It stands still while the drivers are not read, or
 * while the loop or the machine did not run: their silence then is not theirs. */
msec routes_now(const struct routes *);

/* spawn.c: caller frees the path; the process, -1: errno.  Our ends: its input, its output. */
char *spawn_program(const struct settings *, const struct route_conf *);
pid_t spawn_driver(const char *program, int *to, int *from);

/* child.c */
void child_init(struct child *, struct routes *, int index, const char *keep);
void child_start(struct child *);
void child_queue(struct child *, struct buf *line);	/* adds the newline, empties `line` */
void child_end(struct child *, bool fatal, const char *fmt, ...)	/* kills it, reports what it had */
	__attribute__((format(printf, 3, 4)));
void child_hold(struct child *, bool hold);
void child_close(struct child *, msec grace_ms);
void child_fini(struct child *);
void child_watch(struct child *, msec now);		/* pings, deadlines; once a second */
struct item *child_item_add(struct child *, uint64_t id, msec deadline_at);
void child_item_drop(struct child *, uint64_t id);

/* ops.c: operations to lines */
void ops_open(struct buf *, const struct child *);
void ops_check(struct buf *, const struct settings *, const struct route_conf *);
void ops_send(struct buf *, const struct effect *);
void ops_call(struct buf *, const struct effect *);
void ops_withdraw(struct buf *, const struct effect *);
void ops_ask(struct buf *, const struct effect *);

/* callbacks.c */
bool callbacks_reply(struct child *, uint64_t to, int status, const char *type, const char *body,
		     uint64_t barrier);	/* held until that barrier; false: nobody waits */
void callbacks_release(struct routes *, uint64_t barrier, bool not_kept);
void callbacks_lost(struct child *);	/* it answers no more */
void callbacks_close(struct routes *);

/* events.c: lines to commands */
void events_read(struct child *, char *line, size_t len);
void events_flush(struct child *);			/* hands the gathered `done` over */

#endif
