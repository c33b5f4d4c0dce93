/* driver.h -- the main thread's view of one modem: the queue, the job in hand, what comes next. */
#ifndef GONG_MODEM_DRIVER_H
#define GONG_MODEM_DRIVER_H

#include <sys/queue.h>

#include "drivers/kit/kit.h"
#include "drivers/modem/receipts.h"
#include "drivers/modem/settings.h"
#include "drivers/modem/worker.h"

#define READS_MAX 16

struct queued {
	TAILQ_ENTRY(queued) link;
	struct outgoing *message;
	bool urgent;
};
TAILQ_HEAD(queue, queued);

struct driver {
	struct kit *kit;
	json_t *config;			/* conf borrows from it */
	struct modem_settings conf;
	struct tty *tty;
	struct worker *worker;
	struct event *reports, *timer;
	struct queue queue;		/* urgent ones first */
	/* the job in hand */
	bool is_busy;
	struct job job;
	struct outgoing *in_hand;	/* of JOB_SEND; owned */
	unsigned last_ref;
	msec deadline;
	/* what comes next */
	bool must_init, is_ready, is_closing, was_send;
	msec list_at, health_at, close_at;
	struct { int memory, location; } reads[READS_MAX];
	size_t read_count;
	struct inbound inbound;
	struct receipts receipts;
	struct health health;
	msec health_said_at;
	int direct_count;
};

msec driver_now(void);		/* monotonic; all instants of struct driver */
void driver_setup(struct driver *);
/* Opens the tty of d->conf and starts the worker; the modem is initialised next. */
int driver_start(struct driver *, struct err *);
/* Gives the worker its next job, if it has none; leaves when closing and nothing is in hand. */
void driver_run_next(struct driver *);
void driver_enqueue(struct driver *, struct outgoing *, bool urgent);	/* takes the message */
void driver_withdraw(struct driver *, const char *id);
/* Gives every item its one `done`, says `fatal` and ends the process. */
void driver_fail(struct driver *, const char *reason, bool retry) __attribute__((noreturn));
/* Finishes the message in hand; after the grace, only its part in hand. */
void driver_close(struct driver *, msec grace_ms);

/* announce.c: what the modem has for gongd besides results */
void announce_found(struct driver *, struct report *);
void announce_stored(struct driver *);		/* after a listing */
void announce_health(struct driver *, const struct health *);

#endif
