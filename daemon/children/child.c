/* child.c -- one child process: its birth, its pipes, its pings and its death. */
#include "daemon/children/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/pace.h"
#include "core/phrase.h"

#define BACKOFF_FIRST_MS 250
#define BACKOFF_MAX_MS 60000
#define HEALTHY_MS MINUTES(1)
#define PONG_MS 5000
#define START_MS 90000			/* from its birth until it is ready: a cold modem takes 40 s */
#define LEAVE_MS 5000			/* from its word that it ends to its end */
#define BURIAL_MS 20			/* until it is asked again whether the last one is buried */
#define DYING_MS 2000			/* from SIGKILL; who is not dead by then runs no more, he hangs in the kernel */
#define BAD_LINES_MAX 3
#define LINES_AT_ONCE 512		/* then it is somebody else's turn on the loop */
#define UNREAD_MAX (64 * 1024 * 1024)	/* bytes that it has been told and does not read */
#define LAST_PIECES 8			/* of that many lines: as much as its pipe can hold */

static void
arm(struct event *ev, msec ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_add(ev, &tv);
}

static void
close_pipes(struct child *c)
{
	if (c->readable)
		event_free(c->readable);
	if (c->writable)
		event_free(c->writable);
	c->readable = c->writable = NULL;
	if (c->in >= 0)
		close(c->in);
	if (c->out >= 0)
		close(c->out);
	c->in = c->out = -1;
	c->unread = false;
	mutter_close(c);
	evbuffer_drain(c->to, evbuffer_get_length(c->to));
	lines_fini(&c->from);
}

static void
come_back_later(struct child *c)
{
	if (c->up_at && child_now(c) - c->up_at >= HEALTHY_MS)
		c->failures = 0;
	c->failures++;
	c->state = CHILD_WAITING;
	arm(c->timer, pace_jitter_ms(pace_backoff_ms(BACKOFF_FIRST_MS, BACKOFF_MAX_MS, c->failures),
				     c->seed << 32 | c->failures));
}

/* Before the next life: the owner still asks what of the old one's lines was written. */
static void
end_life(struct child *c)
{
	enum child_next next = c->ops->ended(c->owner, c->end_reason, c->end_for_good, c->blame);

	c->state = CHILD_STOPPED;
	if (next == CHILD_ANEW)
		child_wake(c);
	else if (next == CHILD_AS_IT_WAS && !c->end_for_good && !c->all->stopping)
		come_back_later(c);
	if (c->all->stopping)
		event_active(c->all->sweep, EV_TIMEOUT, 0);
}

void
child_buried(struct child *c)
{
	c->pid = 0;
	if (c->state != CHILD_DYING)
		return;
	event_del(c->timer);
	end_life(c);
}

/* SIGKILL is not at once: until it is reaped it may still run, and write. */
void
child_end(struct child *c, bool for_good, const char *reason)
{
	char *said;

	if (c->state == CHILD_WAITING || c->state == CHILD_STOPPED || c->state == CHILD_DYING)
		return;
	said = xstrdup(reason);		/* it may be the very one that goes */
	free(c->end_reason);
	c->end_reason = said;
	c->end_for_good = for_good;
	if (c->pid > 0)
		kill(-c->pid, SIGKILL);	/* reaped by SIGCHLD */
	event_del(c->timer);
	close_pipes(c);
	c->state = CHILD_DYING;
	if (child_is_buried(c))
		end_life(c);
	else
		arm(c->timer, DYING_MS);
}

static void
on_writable(evutil_socket_t fd, short what, void *ctx)
{
	struct child *c = ctx;
	int n = evbuffer_write(c->to, fd);

	if (n > 0)
		c->written += (uint64_t)n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		event_del(c->writable);	/* it has closed its input: the end of its output follows */
	if (!evbuffer_get_length(c->to))
		event_del(c->writable);
}

void
child_queue(struct child *c, struct buf *line)
{
	buf_puts(line, "\n");
	evbuffer_add(c->to, line->data, line->len);
	c->queued += line->len;
	buf_reset(line);
	if (c->writable)
		event_add(c->writable, NULL);
}

/* A part of what has been read, and what of that is left comes first the next time: neither does
 * one child keep the loop to itself, nor does it tell much more than its owner will hear. */
static void
give_lines(struct child *c)
{
	unsigned count = 0;
	char *line;
	size_t len;

	c->unread = false;
	while (c->out >= 0 && !(c->unread = c->held || count == LINES_AT_ONCE) &&
	       (line = lines_next(&c->from, &len))) {
		if (len)
			c->ops->line(c->owner, line, len);
		count++;
	}
	c->ops->read(c->owner);
	if (c->unread && !c->held)
		event_active(c->readable, EV_READ, 0);
	if (c->out >= 0 && !c->unread && lines_overlong(&c->from))
		child_end(c, false, SAID(child_long_line, NUM(LINE_MAX_BYTES)));
}

/* -1: there is nothing to read now, errno says why; 0: nothing will come. */
static ssize_t
take_in(struct child *c)
{
	static char chunk[262144];
	ssize_t n = read(c->out, chunk, sizeof(chunk));

	if (n > 0)
		lines_add(&c->from, chunk, (size_t)n);
	return n;
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct child *c = ctx;
	ssize_t n = c->unread ? 1 : take_in(c);

	if (n > 0) {
		give_lines(c);
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	child_end(c, c->end_for_good, c->end_reason ? c->end_reason
		  : c->state == CHILD_CLOSING ? WORD(child_closed) : WORD(child_ended));
}

/* What it has answered before it is killed for its silence is in no doubt. */
static void
hear_last_words(struct child *c)
{
	unsigned pieces = c->held ? 1 : LAST_PIECES;	/* held: it tells more than is taken */

	child_hold(c, false);
	while (c->out >= 0 && pieces-- && (c->unread || take_in(c) > 0)) {
		child_hold(c, false);
		give_lines(c);
	}
}

static void
open_pipes(struct child *c)
{
	evutil_make_socket_nonblocking(c->in);
	evutil_make_socket_nonblocking(c->out);
	c->readable = event_new(c->all->base, c->out, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = event_new(c->all->base, c->in, EV_WRITE | EV_PERSIST, on_writable, c);
	if (!c->held)
		event_add(c->readable, NULL);
}

void
child_start(struct child *c)
{
	struct err err = { 0 };
	char *program = c->ops->program(c->owner, &err);
	int files[CHILD_FILES] = { -1, -1 }, errors;

	c->state = CHILD_STARTING;
	c->queued = c->written = 0;
	c->bad_lines = 0;
	c->ping_at = c->up_at = 0;
	c->end_for_good = false;
	c->blame = CHILD_DIED;
	free(c->end_reason);
	c->end_reason = NULL;
	if (program && c->ops->files)
		c->ops->files(c->owner, files);
	if (!program) {
		child_end(c, true, NEST(&err.said));
	} else if ((c->pid = child_spawn(program, files, &c->in, &c->out, &errors)) < 0) {
		child_end(c, false, SAID(child_no_start, program, strerror(errno)));
	} else {
		c->starts++;
		open_pipes(c);
		mutter_open(c, errors);
		c->ops->born(c->owner);
		arm(c->timer, START_MS);
	}
	free(program);
}

/* Back-off over, or it was not ready or gone in time. */
static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct child *c = ctx;

	if (c->state == CHILD_WAITING && !child_is_buried(c))
		arm(c->timer, BURIAL_MS);
	else if (c->state == CHILD_WAITING)
		child_start(c);
	else if (c->state == CHILD_DYING)
		end_life(c);		/* its next process waits for the burial all the same */
	else if (c->state == CHILD_STARTING && c->held)
		arm(c->timer, START_MS);	/* its `ready` may lie unread */
	else if (c->state == CHILD_STARTING)
		child_end(c, false, SAID(child_not_ready, NUM(START_MS / 1000)));
	else if (c->state == CHILD_CLOSING) {
		hear_last_words(c);
		c->blame = CHILD_CUT;
		child_end(c, c->end_for_good, c->end_reason ? c->end_reason
			  : WORD(child_no_close));
	}
}

struct child *
child_new(struct children *all, const struct child_ops *ops, void *owner, uint64_t seed)
{
	struct child *c = xcalloc(1, sizeof(*c)), **at = &all->first;

	*c = (struct child){ .all = all, .ops = ops, .owner = owner, .seed = seed,
			     .in = -1, .out = -1, .state = CHILD_WAITING };
	c->to = evbuffer_new();
	c->timer = event_new(all->base, -1, 0, on_timer, c);
	while (*at)
		at = &(*at)->next;
	return *at = c;
}

bool
child_is_buried(const struct child *c)
{
	return c->pid <= 0;
}

void
child_wake(struct child *c)
{
	if ((c->state != CHILD_WAITING && c->state != CHILD_STOPPED) || c->all->stopping)
		return;
	c->failures = 0;
	c->state = CHILD_WAITING;
	arm(c->timer, 0);
}

enum child_state
child_state(const struct child *c)
{
	return c->state;
}

bool
child_hears(const struct child *c)
{
	return c->state == CHILD_STARTING || c->state == CHILD_UP;
}

pid_t
child_pid(const struct child *c)
{
	return c->pid;
}

unsigned
child_starts(const struct child *c)
{
	return c->starts;
}

uint64_t
child_queued(const struct child *c)
{
	return c->queued;
}

uint64_t
child_written(const struct child *c)
{
	return c->written;
}

void
child_is_ready(struct child *c)
{
	if (c->state != CHILD_STARTING)
		return;
	c->state = CHILD_UP;
	c->up_at = child_now(c);
}

bool
child_ponged(struct child *c, unsigned long n)
{
	bool asked = c->ping_at && n == c->ping;

	if (asked)
		c->ping_at = 0;
	return asked;
}

void
child_babbled(struct child *c)
{
	if (++c->bad_lines >= BAD_LINES_MAX)
		child_end(c, false, SAID(child_babbled, NUM(c->bad_lines)));
}

void
child_leaves(struct child *c, const char *reason, bool for_good)
{
	char *said = xstrdup(reason);

	free(c->end_reason);
	c->end_reason = said;
	c->end_for_good = for_good;
	if (c->state != CHILD_CLOSING)
		child_close(c, LEAVE_MS);
}

void
child_hold(struct child *c, bool hold)
{
	if (c->held == hold)
		return;
	if (hold)
		c->held_at = family_now(c->all);
	else
		c->stood_still_ms += family_now(c->all) - c->held_at;
	c->held = hold;
	if (!c->readable)
		return;
	if (hold) {
		event_del(c->readable);
		return;
	}
	event_add(c->readable, NULL);
	if (c->unread)
		event_active(c->readable, EV_READ, 0);
}

void
child_close(struct child *c, msec grace_ms)
{
	struct buf line = { 0 };

	if (c->all->stopping)
		return;			/* its time is set, and nobody makes it longer */
	event_del(c->timer);
	if (c->state == CHILD_WAITING)
		c->state = CHILD_STOPPED;
	if (c->state == CHILD_STOPPED || c->state == CHILD_DYING)
		return;
	c->state = CHILD_CLOSING;
	buf_printf(&line, "{\"op\":\"close\",\"grace_ms\":%lld}", (long long)grace_ms);
	child_queue(c, &line);
	buf_fini(&line);
	arm(c->timer, grace_ms + KILL_MS);
}

static const char *
why_hung(const struct child *c, msec now)
{
	if (c->ping_at && now - c->ping_at > PONG_MS)
		return WORD(child_no_pong);
	return c->ops->late(c->owner, now);
}

void
child_watch(struct child *c)
{
	msec now = child_now(c);
	struct buf line = { 0 };
	const char *hung;

	if (c->state != CHILD_UP || c->held)
		return;
	if (c->up_at && now - c->up_at > HEALTHY_MS)
		c->bad_lines = 0;
	if (why_hung(c, now))
		hear_last_words(c);
	hung = c->state == CHILD_UP ? why_hung(c, now) : NULL;
	if (hung) {
		c->blame = CHILD_HUNG;
		child_end(c, false, hung);
	} else if (evbuffer_get_length(c->to) > UNREAD_MAX) {
		child_end(c, false, WORD(child_reads_nothing));
	} else if (c->state == CHILD_UP && !c->ping_at) {
		c->ping_at = now;
		buf_printf(&line, "{\"op\":\"ping\",\"n\":%lu}", ++c->ping);
		child_queue(c, &line);
	}
	buf_fini(&line);
}

void
child_free(struct child *c)
{
	struct child **at;

	if (!c)
		return;
	for (at = &c->all->first; *at != c;)
		at = &(*at)->next;
	*at = c->next;
	if (c->pid > 0 && c->out >= 0) {
		kill(-c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	close_pipes(c);
	event_free(c->timer);
	evbuffer_free(c->to);
	free(c->end_reason);
	free(c);
}
