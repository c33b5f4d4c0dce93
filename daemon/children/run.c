/* run.c -- a program of gongd's own that is run once, to its end: it hears nothing, and what it writes
 * goes to its owner, line by line.  It is told to end before it is killed, for it may be the hand that
 * puts a device back. */
#include "daemon/children/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define TERM_MS 3000			/* from SIGTERM to SIGKILL */
#define LAST_READS 4			/* of what one that has ended left in its pipe */
#define LINES_MOST 100			/* of what it writes; the rest is not heard */

static void
arm(struct run *r, msec ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_add(r->timer, &tv);
}

static void
tell(struct run *r)
{
	r->line[r->len] = '\0';
	if (r->len && r->ops && r->lines++ < LINES_MOST)
		r->ops->said(r->owner, r->line);
	r->len = 0;
}

static void
on_output(evutil_socket_t fd, short what, void *ctx)
{
	struct run *r = ctx;
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	for (ssize_t i = 0; i < n; i++) {
		if (chunk[i] == '\n')
			tell(r);
		else if (r->len < sizeof(r->line) - 1)
			r->line[r->len++] = chunk[i];
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		event_del(r->output);
}

static void
on_limit(evutil_socket_t fd, short what, void *ctx)
{
	struct run *r = ctx;

	kill(-r->pid, r->is_told_to_end ? SIGKILL : SIGTERM);
	r->is_told_to_end = true;
	arm(r, TERM_MS);
}

void
run_stop(struct run *r)
{
	if (!r->is_told_to_end)
		on_limit(-1, EV_TIMEOUT, r);
}

static void
free_run(struct run *r)
{
	close(event_get_fd(r->output));
	event_free(r->output);
	event_free(r->timer);
	free(r);
}

struct run *
run_start(struct children *all, const char *const *argv, msec limit_ms, const struct run_ops *ops,
	  void *owner)
{
	struct run *r;
	int output;
	pid_t pid = run_spawn(argv, &output);

	if (pid < 0)
		return NULL;
	r = xcalloc(1, sizeof(*r));
	*r = (struct run){ .all = all, .next = all->runs, .pid = pid, .ops = ops, .owner = owner };
	all->runs = r;
	fcntl(output, F_SETFL, O_NONBLOCK);
	r->output = event_new(all->base, output, EV_READ | EV_PERSIST, on_output, r);
	r->timer = event_new(all->base, -1, 0, on_limit, r);
	event_add(r->output, NULL);
	arm(r, limit_ms);
	return r;
}

void
run_forget(struct run *r)
{
	r->ops = NULL;
}

/* Its helpers go with it, while the number of the group is surely its own. */
void
run_bury(struct children *all, pid_t pid, int status)
{
	struct run **at = &all->runs, *r;

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	r = *at;
	if (!r)
		return;
	*at = r->next;
	kill(-pid, SIGKILL);
	for (int i = 0; i < LAST_READS; i++)
		on_output(event_get_fd(r->output), EV_READ, r);
	tell(r);
	if (r->ops)
		r->ops->ended(r->owner, status, r->is_told_to_end);
	free_run(r);
}

void
run_close_all(struct children *all)
{
	struct run *r, *next;

	for (r = all->runs; r; r = next) {
		next = r->next;
		kill(-r->pid, SIGKILL);
		waitpid(r->pid, NULL, 0);
		free_run(r);
	}
	all->runs = NULL;
}
