/* fuzz_mqtt_session.c -- a broker that says anything, in any pieces, while gongd takes what it is told or
 * does not: the whole session over a connection that is played here. */
#include "tests/fuzz/fuzz.h"

#include <event2/buffer.h>

#include "core/segment.h"
#include "drivers/mqtt/flight.c"
#include "drivers/mqtt/seen.c"
#include "drivers/mqtt/session.c"

#define BYTES_MAX 100

struct link {
	struct evbuffer *in;		/* NULL: there is no connection */
	const struct link_ops *ops;
	void *ctx;
	bool held;
};
static struct link the_link;
static size_t batches, messages;

int
link_new(struct link **out, struct event_base *base, const struct mqtt_settings *settings,
	 const struct link_ops *ops, void *ctx, struct err *err)
{
	the_link = (struct link){ .ops = ops, .ctx = ctx };
	*out = &the_link;
	return 0;
}

void
link_open(struct link *l)
{
	l->in = evbuffer_new();
	l->held = false;
	l->ops->up(l->ctx);
}

void
link_close(struct link *l)
{
	if (l->in)
		evbuffer_free(l->in);
	l->in = NULL;
}

void
link_write(struct link *l, struct buf *bytes)
{
	buf_reset(bytes);
}

void
link_drain(struct link *l)
{
	l->ops->drained(l->ctx);
}

struct evbuffer *
link_input(struct link *l)
{
	return l->in;
}

void
link_hold(struct link *l, bool hold)
{
	l->held = hold;
}

void
link_free(struct link *l)
{
	link_close(l);
}

static bool
on_message(void *ctx, const struct packet_publish *p, const char *payload, size_t len)
{
	volatile char sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += payload[i];
	promise(len <= BYTES_MAX && len <= p->payload_len, "no more of a payload than may be told");
	promise(len == p->payload_len || len == BYTES_MAX, "no less of it either");
	promise(utf8_check(p->topic, p->topic_len, NULL) == 0, "a topic is UTF-8");
	messages++;
	return p->payload_len > 0;
}

static bool
on_batch(void *ctx, uint64_t event, bool kept)
{
	promise(event, "an event has a name");
	promise(messages, "no event is empty");
	messages = 0;
	batches++;
	return true;
}

static void
on_changed(void *ctx)
{
}

static void
on_left(void *ctx)
{
}

/* Bytes of `data`: how many come next (0: gongd takes what it was told, 255: time passes). */
static void
play(struct session *s, const uint8_t *data, size_t size)
{
	while (size) {
		size_t n = *data++;

		size--;
		if (!n && s->told) {
			session_took(s, s->told);
		} else if (n == 255) {
			on_timer(-1, 0, s);
		} else if (the_link.in && !the_link.held) {
			n = n < size ? n : size;
			evbuffer_add(the_link.in, data, n);
			data += n;
			size -= n;
			on_read(s);
		}
		promise(s->flight.count <= FLIGHT_MAX, "no more than 64 wait");
		promise(!s->is_held || s->told || flight_is_full(&s->flight) || !the_link.in,
			"nothing is held back without a reason");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct session_ops ops = { .message = on_message, .batch = on_batch,
						.changed = on_changed, .left = on_left };
	static const struct mqtt_settings settings = { .topics = { "a/+" }, .topic_count = 1,
		.wanted = { "a/+" }, .wanted_count = 1, .keepalive_ms = 5000, .bytes_max = BYTES_MAX };
	struct event_base *base = event_base_new();
	struct session s = { .settings = &settings, .ops = &ops, .client_id = "fuzz" };

	batches = messages = 0;
	promise(session_open(&s, base, NULL) == 0, "it begins");
	on_timer(-1, 0, &s);
	play(&s, data, size);
	session_leave(&s);
	session_close(&s);
	event_base_free(base);
	return 0;
}
