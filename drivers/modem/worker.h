/* worker.h -- the one thread that calls libGammu, and how the main thread talks to it.
 * libGammu blocks, cannot be aborted and is not thread-safe; so it lives on one thread, is given
 * one job at a time, and the main thread measures the time.  A worker that overruns its deadline
 * is not stopped but left: the process ends and gongd starts another. */
#ifndef GONG_MODEM_WORKER_H
#define GONG_MODEM_WORKER_H

#include <stdbool.h>

#include "core/err.h"
#include "drivers/modem/inbound.h"
#include "drivers/modem/sms.h"
#include "drivers/modem/tty.h"

enum job_kind { JOB_INIT, JOB_SEND, JOB_LIST, JOB_READ, JOB_DELETE, JOB_HEALTH };

struct job {
	enum job_kind kind;
	struct outgoing *message;	/* JOB_SEND; the worker borrows it until REPORT_END */
	msec validity_ms;		/* JOB_SEND: when not_after does not say */
	int memory, location;		/* JOB_READ, JOB_DELETE */
	uint64_t key;			/* JOB_DELETE: only if this is still what lies there */
};

struct health {
	bool registered, has_signal;
	int signal_dbm, used, size;
	char operator[64];
};

enum report_kind {
	REPORT_READY,			/* of JOB_INIT: text = IMEI */
	REPORT_SUBMITTED,		/* a part's bytes are out, its result is awaited */
	REPORT_PART,			/* part (from 1) accepted, ref */
	REPORT_FOUND,			/* stored: found in a memory, or received directly */
	REPORT_HINT,			/* something new lies in memory/location */
	REPORT_HEALTH,
	REPORT_END			/* of the job: verdict, refusal */
};

enum verdict_kind { VERDICT_OK, VERDICT_REJECTED, VERDICT_UNKNOWN, VERDICT_FATAL };

struct report {
	struct report *next;
	enum report_kind kind;
	enum job_kind job;
	char text[64];
	unsigned part, ref;
	int memory, location;
	struct stored stored;
	bool is_direct;			/* FOUND: it lies in no memory */
	struct health health;
	enum verdict_kind verdict;
	struct refusal refusal;
	bool retry;			/* VERDICT_FATAL: is a restart worth while? */
	bool must_init;			/* libGammu's state is in doubt: JOB_INIT before all else */
	bool is_mute;			/* the modem answers no more: better a new process */
};

struct worker_conf {
	const struct tty *tty;
	const char *pin, *smsc;		/* NULL = none */
	bool debug;			/* the whole dialogue on standard error */
};

struct worker;

int worker_new(struct worker **out, const struct worker_conf *, struct err *);
/* Only when the last job has ended. */
void worker_start(struct worker *, const struct job *);
/* Ends a JOB_SEND after the part in hand.  Any thread. */
void worker_stop_early(struct worker *);
int worker_fd(const struct worker *);		/* readable when reports wait */
struct report *worker_report(struct worker *);	/* next one, caller frees; NULL = none */

#endif
