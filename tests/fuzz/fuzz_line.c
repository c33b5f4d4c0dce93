/* fuzz_line.c -- any bytes from a driver: split into lines, read as events, made commands. */
#include "tests/fuzz/fuzz.h"

#include <event2/buffer.h>
#include <event2/event.h>

#include "daemon/routes/internal.h"

static size_t commands, dones;
static struct event_base *base;

static void
submit(void *ctx, struct command *c)
{
	promise(c->route == 3, "a command knows its route");
	promise(c->kind < CMD_ACCEPT, "a driver's word is urgent");
	if (c->kind == CMD_DONE)
		dones += c->done.count;
	commands++;
	command_free(c);
}

static void
reply(void *ctx, uint64_t to, int status, const char *type, const char *body)
{
}

static void
log_line(void *ctx, int priority, const char *fmt, ...)
{
}

static msec
now(void *ctx)
{
	return 1000;
}

static void
forget(struct child *c, struct routes *r)
{
	callbacks_close(r);
	for (unsigned i = 0; i < 4; i++)
		child_item_drop(c, message_id(1, 1, i));
	table_fini(&c->items, NULL);
	event_free(c->timer);
	event_free(c->writable);
	evbuffer_free(c->to);
	free(c->keep);
	free(c->end_reason);
}

static void
nothing(evutil_socket_t fd, short what, void *ctx)
{
}

/* Four items are with the driver (ids of wave 1, contact 1): 0000000010010 and so on, and callback
 * 5; the seeds name them. */
static void
read_all(struct child *c, const uint8_t *data, size_t size)
{
	size_t piece = size ? 1 + data[0] % 64 : 1, len;
	char *line;

	for (size_t at = 0; at < size; at += piece) {
		lines_add(&c->from, (const char *)data + at, size - at < piece ? size - at : piece);
		while ((line = lines_next(&c->from, &len))) {
			promise(strlen(line) <= len, "a line ends where it says");
			c->bad_lines = 0;	/* else the third bad line ends the child */
			events_read(c, line, len);
		}
	}
	events_flush(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "r";
	struct route_conf conf = { .name = name };
	struct routes r = { .ports = { .submit = submit, .reply = reply, .log = log_line, .now = now } };
	struct child c = { .routes = &r, .conf = &conf, .index = 3, .state = CHILD_UP, .pid = 0,
			   .in = -1, .out = -1 };

	/* `fatal` is answered with a close, which is queued and timed; the loop never runs. */
	if (!base)
		base = event_base_new();
	c.timer = event_new(base, -1, 0, nothing, NULL);
	c.writable = event_new(base, -1, 0, nothing, NULL);
	c.to = evbuffer_new();
	c.oldest.next = c.oldest.prev = &c.oldest;
	for (unsigned i = 0; i < 4; i++)
		child_item_add(&c, message_id(1, 1, i), NEVER);
	r.base = base;
	r.children = &c;
	promise(routes_callback(&r, 0, 5, "POST", "/", "", NULL, "{}", 2), "a callback is handed over");
	commands = dones = 0;
	read_all(&c, data, size);
	promise(dones <= 4, "one fate for each item");
	forget(&c, &r);
	lines_fini(&c.from);
	return 0;
}
