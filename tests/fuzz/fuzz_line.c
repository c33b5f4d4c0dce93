/* fuzz_line.c -- any bytes from a driver: split into lines, read as events, made commands. */
#include "tests/fuzz/fuzz.h"

#include "daemon/children/internal.h"
#include "daemon/routes/internal.h"

static size_t commands, dones;
static struct children *children;
static struct event_base *base;

static void
submit(void *ctx, struct command *c)
{
	promise(c->route == 3, "a command knows its route");
	promise(command_lane(c->kind) == LANE_URGENT, "a driver's word is urgent");
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
refuse(void *ctx, uint64_t to, const struct err *err)
{
	promise(err->text[0], "a refusal says why");
}

static void
log_line(void *ctx, enum log_level level, const char *fmt, ...)
{
}

static void
watch(void *ctx, bool on)
{
}

static msec
now(void *ctx)
{
	return 1000;
}

/* Four items are with the driver (ids of wave 1, contact 1): 0000000010010 and so on, and callback
 * 5; the seeds name them. */
static void
read_all(struct driver *d, const uint8_t *data, size_t size)
{
	size_t piece = size ? 1 + data[0] % 64 : 1, len;
	struct lines *from = &d->child->from;
	char *line;

	for (size_t at = 0; at < size; at += piece) {
		lines_add(from, (const char *)data + at, size - at < piece ? size - at : piece);
		while ((line = lines_next(from, &len))) {
			promise(strlen(line) <= len, "a line ends where it says");
			d->child->bad_lines = 0;	/* else the third bad line ends it */
			events_read(d, line, len);
		}
	}
	events_flush(d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "r";
	struct route_conf conf = { .name = name };
	struct settings settings = { .routes = &conf, .route_count = 1, .refs = 1 };
	struct driver *d;
	struct routes r = { .ports = { .submit = submit, .reply = reply, .refuse = refuse, .log = log_line,
					       .now = now, .watch = watch },
			    .drivers = &d, .count = 1 };

	/* `fatal` is answered with a close, which is queued and timed; the loop never runs. */
	if (!base) {
		base = event_base_new();
		children = children_open(base, now, NULL);
	}
	r.base = base;
	r.children = children;
	d = driver_new(&r, &settings, &conf, 3, NULL);
	d->child->state = CHILD_UP;
	for (unsigned i = 0; i < 4; i++)
		items_add(d, message_id(1, 1, i), NEVER);
	promise(routes_callback(&r, name, 5, "POST", "/", "", NULL, "{}", 2), "a callback is handed over");
	commands = dones = 0;
	read_all(d, data, size);
	promise(dones <= 4, "one fate for each item");
	callbacks_close(&r);
	driver_free(d);
	return 0;
}
