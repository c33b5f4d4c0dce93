/* child.c -- one driver process: its birth, its pipes, its death and what was in its hands. */
#include "daemon/routes/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/pace.h"

#define BACKOFF_FIRST_MS 250
#define BACKOFF_MAX_MS 60000
#define HEALTHY_MS MINUTES(1)
#define PONG_MS 5000
#define START_MS 90000			/* from `open` to `ready`: a cold modem takes 40 s */

static void
arm(struct event *ev, msec ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	event_add(ev, &tv);
}

struct item *
child_item_add(struct child *c, uint64_t id, msec deadline_at)
{
	struct item *item = xmalloc(sizeof(*item));

	*item = (struct item){ id, c->queued, deadline_at, &c->oldest, c->oldest.prev };
	item->prev->next = item;
	c->oldest.prev = item;
	table_put(&c->items, id, item);
	return item;
}

static void
forget_item(struct item *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	free(item);
}

void
child_item_drop(struct child *c, uint64_t id)
{
	struct item *item = table_take(&c->items, id);

	if (item)
		forget_item(item);
}

/* Whatever is still with a child that is gone: a line of which the kernel took even one byte
 * may have been read, so its items are in doubt; the others never left. */
static void
report_lost(struct child *c, const char *reason, bool fatal)
{
	struct command *cmd = command_new(CMD_ROUTE_LOST, c->index);

	cmd->lost.written = xcalloc(c->items.count + 1, sizeof(uint64_t));
	cmd->lost.unwritten = xcalloc(c->items.count + 1, sizeof(uint64_t));
	while (c->oldest.next != &c->oldest) {
		struct item *item = c->oldest.next;

		/* The analyzer does not see that forget_item takes it out of the ring. */
		if (item->offset < c->written)	/* NOLINT(clang-analyzer-unix.Malloc) */
			cmd->lost.written[cmd->lost.written_count++] = item->id;
		else
			cmd->lost.unwritten[cmd->lost.unwritten_count++] = item->id;
		forget_item(item);
	}
	table_fini(&c->items, NULL);
	cmd->lost.reason = xstrdup(reason);
	cmd->lost.fatal = fatal;
	cmd->lost.hung = c->hung;
	events_flush(c);
	c->routes->ports.submit(c->routes->ports.ctx, cmd);
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
	evbuffer_drain(c->to, evbuffer_get_length(c->to));
	lines_fini(&c->from);
}

static void
come_back_later(struct child *c)
{
	if (c->up_at && routes_now(c->routes) - c->up_at >= HEALTHY_MS)
		c->failures = 0;
	c->failures++;
	c->state = CHILD_WAITING;
	arm(c->timer, pace_jitter_ms(pace_backoff_ms(BACKOFF_FIRST_MS, BACKOFF_MAX_MS, c->failures),
				     (uint64_t)c->index << 32 | c->failures));
}

void
child_end(struct child *c, bool fatal, const char *fmt, ...)
{
	bool stopping = c->routes->stopping;
	char reason[300];
	va_list args;

	if (c->state == CHILD_WAITING || c->state == CHILD_STOPPED)
		return;
	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	if (c->pid > 0)
		kill(-c->pid, SIGKILL);	/* reaped by SIGCHLD */
	event_del(c->timer);
	callbacks_lost(c);
	close_pipes(c);
	report_lost(c, reason, fatal);
	if (fatal || stopping)
		c->state = CHILD_STOPPED;
	else
		come_back_later(c);
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

static void
read_lines(struct child *c)
{
	char *line;
	size_t len;

	while (c->out >= 0 && (line = lines_next(&c->from, &len)))
		if (len)
			events_read(c, line, len);
	if (c->out >= 0 && lines_overlong(&c->from))
		child_end(c, false, "wrote a line over %d bytes", LINE_MAX_BYTES);
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct child *c = ctx;
	static char chunk[262144];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n > 0) {
		lines_add(&c->from, chunk, (size_t)n);
		read_lines(c);
		events_flush(c);
		return;
	}
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	child_end(c, c->end_fatal, "%s", c->end_reason ? c->end_reason
		  : c->state == CHILD_CLOSING ? "closed" : "the driver ended without a word");
}

void
child_start(struct child *c)
{
	struct routes *r = c->routes;
	char *program = spawn_program(r->settings, c->conf);
	struct buf line = { 0 };

	c->state = CHILD_STARTING;
	c->queued = c->written = 0;
	c->bad_lines = 0;
	c->ping_at = c->up_at = 0;
	c->end_fatal = c->hung = false;
	free(c->end_reason);
	c->end_reason = NULL;
	if (access(program, X_OK) < 0) {
		child_end(c, true, "there is no program %s; correct driver or driver_dir", program);
	} else if ((c->pid = spawn_driver(program, &c->in, &c->out)) < 0) {
		child_end(c, false, "cannot start %s: %s", program, strerror(errno));
	} else {
		c->restarts++;
		evutil_make_socket_nonblocking(c->in);
		evutil_make_socket_nonblocking(c->out);
		c->readable = event_new(r->base, c->out, EV_READ | EV_PERSIST, on_readable, c);
		c->writable = event_new(r->base, c->in, EV_WRITE | EV_PERSIST, on_writable, c);
		if (!r->held)
			event_add(c->readable, NULL);
		ops_open(&line, c);
		child_queue(c, &line);
		arm(c->timer, START_MS);
	}
	buf_fini(&line);
	free(program);
}

/* Back-off over, or `ready` did not come in time. */
static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct child *c = ctx;

	if (c->state == CHILD_WAITING)
		child_start(c);
	else if (c->state == CHILD_STARTING && c->routes->held)
		arm(c->timer, START_MS);	/* its `ready` may lie unread */
	else if (c->state == CHILD_STARTING)
		child_end(c, false, "not ready %d s after its start", START_MS / 1000);
	else if (c->state == CHILD_CLOSING)
		child_end(c, c->end_fatal, "%s", c->end_reason ? c->end_reason
			  : "did not close in time");
}

void
child_init(struct child *c, struct routes *r, int index, const char *keep)
{
	*c = (struct child){ .routes = r, .conf = &r->settings->routes[index], .index = index,
			     .in = -1, .out = -1, .keep = xstrdup(keep),
			     .state = CHILD_WAITING };
	c->oldest.next = c->oldest.prev = &c->oldest;
	c->to = evbuffer_new();
	c->timer = event_new(r->base, -1, 0, on_timer, c);
}

void
child_hold(struct child *c, bool hold)
{
	if (!c->readable)
		return;
	if (hold)
		event_del(c->readable);
	else
		event_add(c->readable, NULL);
}

void
child_close(struct child *c, msec grace_ms)
{
	struct buf line = { 0 };

	event_del(c->timer);
	if (c->state == CHILD_WAITING)
		c->state = CHILD_STOPPED;
	if (c->state == CHILD_STOPPED)
		return;
	c->state = CHILD_CLOSING;
	buf_printf(&line, "{\"op\":\"close\",\"grace_ms\":%lld}", (long long)grace_ms);
	child_queue(c, &line);
	buf_fini(&line);
	arm(c->timer, grace_ms + 1000);
}

void
child_watch(struct child *c, msec now)
{
	struct buf line = { 0 };

	if (c->state != CHILD_UP || c->routes->held)
		return;
	if (c->up_at && now - c->up_at > HEALTHY_MS)
		c->bad_lines = 0;
	if (c->oldest.next != &c->oldest && c->oldest.next->deadline_at <= now) {
		c->hung = true;
		child_end(c, false, "no answer about a message within its deadline");
	} else if (c->ping_at && now - c->ping_at > PONG_MS) {
		c->hung = true;
		child_end(c, false, "no pong within %d s", PONG_MS / 1000);
	} else if (!c->ping_at) {
		c->ping_at = now;
		buf_printf(&line, "{\"op\":\"ping\",\"n\":%lu}", ++c->ping);
		child_queue(c, &line);
	}
	buf_fini(&line);
}

void
child_fini(struct child *c)
{
	if (c->pid > 0 && c->out >= 0) {
		kill(-c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	close_pipes(c);
	while (c->oldest.next != &c->oldest)
		forget_item(c->oldest.next);	/* NOLINT(clang-analyzer-unix.Malloc) */
	table_fini(&c->items, NULL);
	if (c->done)
		command_free(c->done);
	event_free(c->timer);
	evbuffer_free(c->to);
	free(c->keep);
	free(c->end_reason);
}
