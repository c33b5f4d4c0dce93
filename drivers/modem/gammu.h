/* gammu.h -- gong's jobs done with libGammu, on the worker's thread only. */
#ifndef GONG_MODEM_GAMMU_H
#define GONG_MODEM_GAMMU_H

#include <gammu.h>

#include "drivers/modem/worker.h"

struct gammu {
	struct worker *worker;
	struct worker_conf conf;
	GSM_StateMachine *machine;
	GSM_MultiSMSMessage *sms;	/* 266 KB: on the heap */
	bool connected;
	char smsc[32];
	/* of the submit in hand, filled by libGammu's callback */
	bool has_result;
	int status, mr;
	bool is_cme;
};

void gammu_setup(struct gammu *, struct worker *, const struct worker_conf *);
/* Does the job, posting what happens; fills verdict, refusal and must_init of `end`. */
void gammu_run(struct gammu *, const struct job *, struct report *end);
/* gammu_store.c: reading and deleting what lies in memories */
void gammu_list(struct gammu *, struct report *end);
void gammu_read(struct gammu *, const struct job *, struct report *end);
void gammu_delete(struct gammu *, const struct job *, struct report *end);
void gammu_incoming(GSM_StateMachine *, GSM_SMSMessage *, void *gammu);	/* libGammu's callback */

/* The worker's side of worker.h */
void worker_post(struct worker *, const struct report *);
bool worker_must_stop(struct worker *);
void worker_wait(struct worker *, bool for_jobs);

#endif
