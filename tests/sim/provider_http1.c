/* provider_http1.c -- the server's HTTP/1.1: keep-alive, one exchange at a time; a pipelined
 * request waits.  No chunked bodies. */
#include <string.h>
#include <strings.h>

#include "tests/sim/conn.h"

#define HEADER_MAX 65536

struct head {
	char *target, *type, *authorization;
	long length;
	bool closes, wants_continue;
};

static bool
read_header(struct head *h, char *line)
{
	char *value = strchr(line, ':');

	if (!value)
		return false;
	*value++ = '\0';
	value += strspn(value, " \t");
	value[strcspn(value, "\r")] = '\0';
	if (strcasecmp(line, "Content-Length") == 0)
		h->length = strtol(value, NULL, 10);
	else if (strcasecmp(line, "Content-Type") == 0)
		h->type = value;
	else if (strcasecmp(line, "Authorization") == 0)
		h->authorization = value;
	else if (strcasecmp(line, "Connection") == 0)
		h->closes = strcasecmp(value, "close") == 0;
	else if (strcasecmp(line, "Expect") == 0)
		h->wants_continue = true;
	return strcasecmp(line, "Transfer-Encoding") != 0;
}

/* Cuts one header block into the fields a simulator cares about. */
static bool
read_head(struct head *h, char *text)
{
	char *line, *rest = text, *space;

	line = strsep(&rest, "\n");
	strsep(&line, " ");
	h->target = line;
	if (!line || !(space = strchr(line, ' ')))
		return false;
	*space = '\0';
	while ((line = strsep(&rest, "\n")) && *line && *line != '\r')
		if (!read_header(h, line))
			return false;
	return h->length >= 0 && h->length <= SERVER_BODY_MAX;
}

static void
say_continue(struct conn *c)
{
	if (c->out.len > 0)
		return;
	buf_puts(&c->out, "HTTP/1.1 100 Continue\r\n\r\n");
	conn_touch(c);
}

/* One whole request, if there is one; sets *bad for what is none. */
static bool
take_one(struct conn *c, bool *bad)
{
	static char copy[HEADER_MAX];
	struct head h = { .type = (char[]){ "" }, .authorization = (char[]){ "" } };
	char *from = c->in.data + c->start, *end, saved;
	size_t have = c->in.len - c->start, head_len;
	struct server_request r;
	struct exchange *x;

	end = have ? memmem(from, have, "\r\n\r\n", 4) : NULL;
	head_len = end ? (size_t)(end - from) + 4 : have;
	*bad = head_len >= sizeof(copy);
	if (*bad || !end)
		return false;
	memcpy(copy, from, head_len);
	copy[head_len] = '\0';
	*bad = !read_head(&h, copy);
	if (*bad)
		return false;
	if (have < head_len + (size_t)h.length) {
		if (h.wants_continue && have == head_len)
			say_continue(c);
		return false;
	}
	c->start += head_len + (size_t)h.length;
	x = exchange_new(c);
	x->closes = h.closes;
	r = (struct server_request){ h.target, h.type, h.authorization, from + head_len,
				     (size_t)h.length };
	saved = from[head_len + r.body_len];
	from[head_len + r.body_len] = '\0';
	c->server->handle(x, &r);
	from[head_len + r.body_len] = saved;
	return true;
}

static void
run(struct conn *c)
{
	bool bad = false;

	while (LIST_EMPTY(&c->exchanges) && c->end == END_NOT && take_one(c, &bad))
		;
	if (bad) {
		buf_puts(&c->out, "HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n");
		conn_end(c, END_ORDERLY);
	}
	if (c->start == c->in.len) {
		buf_reset(&c->in);
		c->start = 0;
	}
}

static bool
http1_take(struct conn *c, const char *bytes, size_t len)
{
	buf_add(&c->in, bytes, len);
	run(c);
	return true;
}

/* Says what is allowed; the last byte ends the exchange. */
static void
http1_say(struct exchange *x)
{
	struct conn *c = x->conn;

	buf_add(&c->out, x->answer.body.data + x->sent, x->allowed - x->sent);
	x->sent = x->allowed;
	conn_touch(c);
	if (x->answer.way == WAY_HALF) {
		conn_end(c, END_ABRUPT);
	} else if (x->sent == x->answer.body.len) {
		if (x->closes)
			conn_end(c, END_ORDERLY);
		exchange_free(x);
	}
}

static void
http1_more(struct exchange *x)
{
	struct conn *c = x->conn;

	http1_say(x);
	run(c);
}

static void
http1_answer(struct exchange *x)
{
	const struct answer *a = &x->answer;
	struct conn *c = x->conn;
	bool was_late = x->has_timer;

	buf_printf(&c->out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n", a->status,
		   a->status < 300 ? "OK" : "No", a->type ? a->type : "application/json");
	if (a->location)
		buf_printf(&c->out, "Location: %s\r\n", a->location);
	buf_printf(&c->out, "Content-Length: %zu\r\n\r\n", a->body.len);
	http1_say(x);
	if (was_late)
		run(c);
}

static void
http1_reset(struct exchange *x)
{
	conn_end(x->conn, END_RESET);
}

static void
http1_nothing(struct conn *c)
{
}

const struct protocol http1 = {
	.take = http1_take, .answer = http1_answer, .more = http1_more, .reset = http1_reset,
	.fill = http1_nothing, .fini = http1_nothing,
};
