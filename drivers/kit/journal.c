/* journal.c -- a journal's two sides: the loop, which counts what gongd still owes a `took` for,
 * and the thread, which alone touches the file. */
#include "drivers/kit/journal.h"

#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/buf.h"

#define STRIKES 256			/* of one write */

enum job_kind { JOB_PROMISE, JOB_GIVE_UP, JOB_KEEP, JOB_STRIKE, JOB_AFTER };

struct job {
	STAILQ_ENTRY(job) link;
	enum job_kind kind;
	struct record *record;
	size_t len;
	bool failed;
	struct err err;
	void (*answered)(void *ctx, const char *trouble);
	void (*kept)(void *ctx, struct record *, const char *trouble);
	void (*synced)(void *ctx);
	void *ctx;
};
STAILQ_HEAD(jobs, job);

struct owed {				/* one thing told */
	char *id;
	struct record *record;
	struct owed *next;		/* of the same key */
};

struct journal {
	struct journal_file file;	/* the thread's, from its start to its end */
	bool has_begun, has_thread, leaving;
	pthread_t thread;
	pthread_mutex_t lock;		/* of the two queues and `leaving` */
	pthread_cond_t more;
	struct jobs todo, done;
	int wake;			/* eventfd: some are done */
	struct event *woken;
	/* the loop's */
	TAILQ_HEAD(, record) records;	/* not over */
	uint64_t last_id;
	struct table owed;		/* key of the id to a chain */
	char *fault, *trouble;
	size_t damaged;
	void (*changed)(void *ctx);
	void *ctx;
};

/* --- the thread ----------------------------------------------------------------------------------- */

/* Strikes that stand one behind the other are one write. */
static struct job *
strike(struct journal *j, struct job *first)
{
	struct journal_record *records[STRIKES] = { 0 };
	struct job *last = first;
	size_t count = 0;

	for (struct job *job = first; job && job->kind == JOB_STRIKE && count < STRIKES;
	     job = STAILQ_NEXT(job, link)) {
		records[count++] = &job->record->in;
		last = job;
	}
	journal_file_strike(&j->file, records, count);
	return STAILQ_NEXT(last, link);
}

/* Returns the one after it. */
static struct job *
run(struct journal *j, struct job *job)
{
	switch (job->kind) {
	case JOB_PROMISE:
		job->failed = (j->fault ? err_say(&job->err, REFUSED_FAULT, about(CONCEPT_NONE), verbatim, j->fault)
			       : journal_file_promise(&j->file, job->len, &job->err)) < 0;
		break;
	case JOB_GIVE_UP:
		journal_file_give_up(&j->file, job->len);
		break;
	case JOB_KEEP:
		job->failed = (j->fault ? err_say(&job->err, REFUSED_FAULT, about(CONCEPT_NONE), verbatim, j->fault)
			       : journal_file_write(&j->file, &job->record->in, job->len, &job->err)) < 0;
		break;
	case JOB_STRIKE:
		return strike(j, job);
	case JOB_AFTER:
		break;
	}
	return STAILQ_NEXT(job, link);
}

static void *
work(void *journal)
{
	struct journal *j = journal;
	struct jobs taken = STAILQ_HEAD_INITIALIZER(taken);

	pthread_mutex_lock(&j->lock);
	for (;;) {
		while (STAILQ_EMPTY(&j->todo) && !j->leaving)
			pthread_cond_wait(&j->more, &j->lock);
		if (STAILQ_EMPTY(&j->todo))
			break;
		STAILQ_CONCAT(&taken, &j->todo);
		pthread_mutex_unlock(&j->lock);
		for (struct job *job = STAILQ_FIRST(&taken); job;)
			job = run(j, job);
		pthread_mutex_lock(&j->lock);
		STAILQ_CONCAT(&j->done, &taken);
		eventfd_write(j->wake, 1);
	}
	pthread_mutex_unlock(&j->lock);
	return NULL;
}

/* --- the loop's side ------------------------------------------------------------------------------ */

/* Signals are for the loop's thread.  It begins with the first job: by then the driver has confined
 * itself, and with it each thread that it makes. */
static bool
start_thread(struct journal *j)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&j->thread, NULL, work, j);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc == 0;
}

static void
submit(struct journal *j, struct job job)
{
	struct job *copy = xmalloc(sizeof(*copy));

	*copy = job;
	if (!j->has_begun) {
		j->has_begun = true;
		j->has_thread = j->file.fd >= 0 && start_thread(j);
	}
	if (!j->has_thread) {
		run(j, copy);
		STAILQ_INSERT_TAIL(&j->done, copy, link);
		eventfd_write(j->wake, 1);
		return;
	}
	pthread_mutex_lock(&j->lock);
	STAILQ_INSERT_TAIL(&j->todo, copy, link);
	pthread_cond_signal(&j->more);
	pthread_mutex_unlock(&j->lock);
}

static void
record_free(struct record *r)
{
	free(r->in.bytes);
	free(r);
}

static void
note(struct journal *j, const char *trouble)
{
	if (j->fault || !trouble == !j->trouble)
		return;
	free(j->trouble);
	j->trouble = xstrdup(trouble);
	j->changed(j->ctx);
}

static void
finish(struct journal *j, struct job *job)
{
	const char *trouble = job->failed ? NEST(&job->err.said) : NULL;

	switch (job->kind) {
	case JOB_PROMISE:
		job->answered(job->ctx, trouble);
		break;
	case JOB_KEEP:
		note(j, trouble);
		job->kept(job->ctx, job->record, trouble);
		break;
	case JOB_STRIKE:
		record_free(job->record);
		break;
	case JOB_AFTER:
		job->synced(job->ctx);
		break;
	case JOB_GIVE_UP:
		break;
	}
	free(job);
}

static void
on_woken(evutil_socket_t fd, short what, void *ctx)
{
	struct journal *j = ctx;
	struct jobs done = STAILQ_HEAD_INITIALIZER(done);
	struct job *job;
	eventfd_t count;

	eventfd_read(fd, &count);
	pthread_mutex_lock(&j->lock);
	STAILQ_CONCAT(&done, &j->done);
	pthread_mutex_unlock(&j->lock);
	while ((job = STAILQ_FIRST(&done))) {
		STAILQ_REMOVE_HEAD(&done, link);
		finish(j, job);
	}
}

/* The records of the file become ours: with more behind. */
static void
adopt(struct journal *j)
{
	struct journal_records found = TAILQ_HEAD_INITIALIZER(found);
	struct journal_record *r;

	TAILQ_CONCAT(&found, &j->file.records, link);
	while ((r = TAILQ_FIRST(&found))) {
		struct record *record = xcalloc(1, sizeof(*record));

		TAILQ_REMOVE(&found, r, link);
		record->in = *r;
		free(r);
		TAILQ_INSERT_TAIL(&j->file.records, &record->in, link);
		TAILQ_INSERT_TAIL(&j->records, record, all);
		table_put(&j->file.by_id, record->in.id, record);
	}
}

struct journal *
journal_open(struct event_base *base, int fd, size_t most, const char *fault,
	     void (*changed)(void *ctx), void *ctx)
{
	struct journal *j = xcalloc(1, sizeof(*j));
	struct err err = { .text = "" };

	*j = (struct journal){ .fault = xstrdup(fault), .changed = changed, .ctx = ctx,
			       .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	STAILQ_INIT(&j->todo);
	STAILQ_INIT(&j->done);
	TAILQ_INIT(&j->records);
	pthread_mutex_init(&j->lock, NULL);
	pthread_cond_init(&j->more, NULL);
	if (fd >= 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (journal_file_open(&j->file, fault ? -1 : fd, most, &err) < 0) {
		j->fault = xstrdup(NEST(&err.said));
		journal_file_close(&j->file);
	}
	adopt(j);
	j->last_id = j->file.last_id;
	j->damaged = j->file.damaged + j->file.torn;
	j->woken = event_new(base, j->wake, EV_READ | EV_PERSIST, on_woken, j);
	event_add(j->woken, NULL);
	return j;
}

struct record *
journal_found(const struct journal *j, const struct record *after)
{
	return after ? TAILQ_NEXT(after, all) : TAILQ_FIRST(&j->records);
}

const char *
journal_trouble(const struct journal *j, size_t *damaged)
{
	*damaged = j->damaged;
	return j->fault ? j->fault : j->trouble;
}

void
journal_promise(struct journal *j, size_t len, void (*answered)(void *ctx, const char *trouble),
		void *ctx)
{
	struct job job = { .kind = JOB_PROMISE, .len = len, .answered = answered, .ctx = ctx };

	submit(j, job);
}

void
journal_give_up(struct journal *j, size_t len)
{
	submit(j, (struct job){ .kind = JOB_GIVE_UP, .len = len });
}

void
journal_keep(struct journal *j, char kind, char *bytes, size_t len, size_t promised,
	     void (*kept)(void *ctx, struct record *, const char *trouble), void *ctx)
{
	struct record *r = xcalloc(1, sizeof(*r));

	bytes = xrealloc(bytes, len + 1);
	bytes[len] = '\0';
	r->in = (struct journal_record){ .id = ++j->last_id, .kind = kind, .bytes = bytes, .len = len };
	TAILQ_INSERT_TAIL(&j->records, r, all);
	submit(j, (struct job){ .kind = JOB_KEEP, .record = r, .len = promised, .kept = kept, .ctx = ctx });
}

void
journal_after(struct journal *j, void (*synced)(void *ctx), void *ctx)
{
	submit(j, (struct job){ .kind = JOB_AFTER, .synced = synced, .ctx = ctx });
}

void
record_forget_bytes(struct record *r)
{
	free(r->in.bytes);
	r->in.bytes = NULL;
}

static void
end_if_over(struct journal *j, struct record *r)
{
	if (!r->is_told || r->owed)
		return;
	TAILQ_REMOVE(&j->records, r, all);
	submit(j, (struct job){ .kind = JOB_STRIKE, .record = r });
}

void
journal_owe(struct journal *j, struct record *r, const char *id)
{
	struct owed *o = xmalloc(sizeof(*o));

	*o = (struct owed){ .id = xstrdup(id), .record = r, .next = table_take(&j->owed, table_key(id)) };
	table_put(&j->owed, table_key(id), o);
	r->owed++;
}

void
journal_told_all(struct journal *j, struct record *r)
{
	r->is_told = true;
	end_if_over(j, r);
}

const char *
journal_owe_one(struct journal *j, struct record *r, char id[RECORD_ID])
{
	snprintf(id, RECORD_ID, "j%016" PRIx64, r->in.id);
	journal_owe(j, r, id);
	journal_told_all(j, r);
	return id;
}

static void
owed_free(struct owed *o)
{
	free(o->id);
	free(o);
}

void
journal_took(struct journal *j, const char *id)
{
	struct owed *o = table_take(&j->owed, table_key(id)), *next, *others = NULL;

	for (; o; o = next) {
		next = o->next;
		if (strcmp(o->id, id) != 0) {	/* another id of the same key */
			o->next = others;
			others = o;
			continue;
		}
		o->record->owed--;
		end_if_over(j, o->record);
		owed_free(o);
	}
	if (others)
		table_put(&j->owed, table_key(others->id), others);
}

static void
free_chain(void *owed)
{
	struct owed *o = owed, *next;

	for (; o; o = next) {
		next = o->next;
		owed_free(o);
	}
}

static void
free_jobs(struct jobs *jobs)
{
	struct job *job;

	while ((job = STAILQ_FIRST(jobs))) {
		STAILQ_REMOVE_HEAD(jobs, link);
		if (job->kind == JOB_STRIKE)
			record_free(job->record);
		free(job);
	}
}

void
journal_close(struct journal *j)
{
	struct record *r;

	if (!j)
		return;
	if (j->has_thread) {
		pthread_mutex_lock(&j->lock);
		j->leaving = true;
		pthread_cond_signal(&j->more);
		pthread_mutex_unlock(&j->lock);
		pthread_join(j->thread, NULL);
	}
	free_jobs(&j->done);
	journal_file_close(&j->file);
	while ((r = TAILQ_FIRST(&j->records))) {
		TAILQ_REMOVE(&j->records, r, all);
		record_free(r);
	}
	table_fini(&j->owed, free_chain);
	event_free(j->woken);
	close(j->wake);
	pthread_cond_destroy(&j->more);
	pthread_mutex_destroy(&j->lock);
	free(j->fault);
	free(j->trouble);
	free(j);
}
