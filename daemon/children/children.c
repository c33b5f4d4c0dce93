/* children.c -- all the children together: one clock, one watch, one burial. */
#include "daemon/children/internal.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define SWEEP_LATE_MS 2000		/* the loop itself did not run */

static void
check_stopped(struct children *all)
{
	void (*stopped)(void *ctx) = all->stopped;

	if (!all->stopping || !stopped)
		return;
	for (const struct child *c = all->first; c; c = c->next) {
		if (c->state == CHILD_STOPPED || c->state == CHILD_WAITING)
			continue;	/* one that waits is not started any more */
		if (c->state != CHILD_DYING || all->now(all->now_ctx) < all->stop_by)
			return;		/* one that the kernel does not let go holds up no stop */
	}
	if (all->runs)
		return;
	all->stopped = NULL;
	stopped(all->stopped_ctx);
}

/* One that was ended by gongd or by an administrator is no news. */
static void
tell_signal(struct child *c, const siginfo_t *dead)
{
	char line[80];

	if (dead->si_code == CLD_EXITED || dead->si_status == SIGKILL || dead->si_status == SIGTERM)
		return;
	snprintf(line, sizeof(line), "(ended by signal %d: %s)", dead->si_status,
		 strsignal(dead->si_status));
	c->ops->muttered(c->owner, line);
}

static void
on_child_signal(evutil_socket_t fd, short what, void *ctx)
{
	struct children *all = ctx;
	siginfo_t dead = { 0 };

	/* A death is learnt from the end of its output; here the dead are only buried.  A helper
	 * that outlives its driver would keep that output open: its group goes with it, while the
	 * number of the group is surely still its own. */
	while (waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT) == 0 && dead.si_pid) {
		struct child *c = all->first;

		while (c && c->pid != dead.si_pid)
			c = c->next;
		if (c) {
			kill(-dead.si_pid, SIGKILL);
			tell_signal(c, &dead);
		}
		run_bury(all, dead.si_pid, dead.si_code == CLD_EXITED ? dead.si_status
			 : 128 + dead.si_status);
		waitpid(dead.si_pid, NULL, 0);
		if (c)
			child_buried(c);
		dead.si_pid = 0;
	}
}

static void
on_sweep(evutil_socket_t fd, short what, void *ctx)
{
	struct children *all = ctx;
	msec since = family_now(all) - all->swept_at;

	if (since > SWEEP_LATE_MS)
		all->stood_still_ms += since;
	all->swept_at = family_now(all);
	for (struct child *c = all->first; c; c = c->next)
		child_watch(c);
	check_stopped(all);
}

struct children *
children_open(struct event_base *base, msec (*now)(void *ctx), void *ctx)
{
	struct children *all = xcalloc(1, sizeof(*all));
	struct timeval second = { 1, 0 };

	all->base = base;
	all->now = now;
	all->now_ctx = ctx;
	all->swept_at = family_now(all);
	all->reaper = evsignal_new(base, SIGCHLD, on_child_signal, all);
	all->sweep = event_new(base, -1, EV_PERSIST, on_sweep, all);
	event_add(all->reaper, NULL);
	event_add(all->sweep, &second);
	return all;
}

void
children_stop(struct children *all, msec grace_ms, void (*done)(void *ctx), void *ctx)
{
	all->stopped = done;
	all->stopped_ctx = ctx;
	all->stop_by = all->now(all->now_ctx) + grace_ms + KILL_MS;
	for (struct child *c = all->first; c; c = c->next) {
		child_hold(c, false);
		child_close(c, grace_ms);
	}
	for (struct run *r = all->runs; r; r = r->next)
		run_stop(r);
	all->stopping = true;
	event_active(all->sweep, EV_TIMEOUT, 0);
}

bool
children_are_stopping(const struct children *all)
{
	return all->stopping;
}

void
children_close(struct children *all)
{
	if (!all)
		return;
	assert(!all->first);
	run_close_all(all);
	event_free(all->reaper);
	event_free(all->sweep);
	free(all);
}
