/* worker.c -- the worker's thread: sleeps until there is a job or the modem has spoken. */
#include "drivers/modem/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/buf.h"
#include "drivers/kit/kit.h"
#include "drivers/modem/gammu.h"

struct worker {
	pthread_t thread;
	pthread_mutex_t lock;		/* job, has_job, first, last */
	struct job job;
	bool has_job;
	struct report *first, *last;
	int wake, reports;		/* eventfds: to the worker, to the main thread */
	int slave;			/* watched only; libGammu has its own */
	atomic_bool stop_early;
	struct gammu gammu;
};

void
worker_post(struct worker *w, const struct report *report)
{
	struct report *copy = xmalloc(sizeof(*copy));
	uint64_t one = 1;

	*copy = *report;
	copy->next = NULL;
	pthread_mutex_lock(&w->lock);
	if (w->last)
		w->last->next = copy;
	else
		w->first = copy;
	w->last = copy;
	pthread_mutex_unlock(&w->lock);
	if (write(w->reports, &one, sizeof(one)) < 0)
		kit_log("cannot wake the main thread reason=\"%s\"", strerror(errno));
}

bool
worker_must_stop(struct worker *w)
{
	return atomic_load(&w->stop_early);
}

/* Waits for bytes from the modem, or, with `for_jobs`, for a job; then lets libGammu read.  So an
 * idle worker costs nothing and an unsolicited line is handled in the millisecond it comes. */
void
worker_wait(struct worker *w, bool for_jobs)
{
	struct pollfd fds[2] = {
		{ .fd = w->slave, .events = POLLIN },
		{ .fd = for_jobs ? w->wake : -1, .events = POLLIN },
	};
	uint64_t count;

	if (!w->gammu.connected)
		fds[0].fd = -1;
	if (poll(fds, 2, -1) < 0)
		return;
	if (fds[1].revents && read(w->wake, &count, sizeof(count)) < 0)
		return;
	if (fds[0].revents)
		GSM_ReadDevice(w->gammu.machine, FALSE);
}

static bool
take_job(struct worker *w, struct job *job)
{
	bool has_job;

	pthread_mutex_lock(&w->lock);
	has_job = w->has_job;
	*job = w->job;
	w->has_job = false;
	pthread_mutex_unlock(&w->lock);
	return has_job;
}

static void *
run(void *arg)
{
	struct worker *w = arg;
	struct job job;

	for (;;) {
		struct report end = { .kind = REPORT_END };

		while (!take_job(w, &job))
			worker_wait(w, true);
		end.job = job.kind;
		gammu_run(&w->gammu, &job, &end);
		worker_post(w, &end);
	}
	return NULL;
}

int
worker_new(struct worker **out, const struct worker_conf *conf, struct err *err)
{
	struct worker *w = xcalloc(1, sizeof(*w));

	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->reports = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->slave = open(tty_slave(conf->tty), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (w->wake < 0 || w->reports < 0 || w->slave < 0) {
		err_set(err, "cannot start the modem's worker: %s", strerror(errno));
		goto fail;
	}
	pthread_mutex_init(&w->lock, NULL);
	gammu_setup(&w->gammu, w, conf);
	if (pthread_create(&w->thread, NULL, run, w) != 0) {
		err_set(err, "cannot start the modem's worker: out of threads");
		goto fail;
	}
	pthread_detach(w->thread);
	*out = w;
	return 0;
fail:
	if (w->wake >= 0)
		close(w->wake);
	if (w->reports >= 0)
		close(w->reports);
	if (w->slave >= 0)
		close(w->slave);
	free(w);
	return -1;
}

void
worker_start(struct worker *w, const struct job *job)
{
	uint64_t one = 1;

	pthread_mutex_lock(&w->lock);
	w->job = *job;
	w->has_job = true;
	pthread_mutex_unlock(&w->lock);
	if (write(w->wake, &one, sizeof(one)) < 0)
		kit_log("cannot wake the worker reason=\"%s\"", strerror(errno));
}

void
worker_stop_early(struct worker *w)
{
	atomic_store(&w->stop_early, true);
}

int
worker_fd(const struct worker *w)
{
	return w->reports;
}

struct report *
worker_report(struct worker *w)
{
	struct report *report;
	uint64_t count;

	pthread_mutex_lock(&w->lock);
	report = w->first;
	if (report) {
		w->first = report->next;
		if (!w->first)
			w->last = NULL;
	} else if (read(w->reports, &count, sizeof(count)) < 0 && errno != EAGAIN) {
		kit_log("cannot read reports reason=\"%s\"", strerror(errno));
	}
	pthread_mutex_unlock(&w->lock);
	return report;
}
