/* http_conn.c -- the table of connections: who is here, under which name, and what is known of
 * each; it neither reads nor writes a byte. */
#include "daemon/web/http_conn.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/socket.h>

const char *
http_reason(int status)
{
	static const struct { int status; const char *reason; } reasons[] = {
		{ 200, "OK" }, { 202, "Accepted" }, { 204, "No Content" }, { 304, "Not Modified" }, { 400, "Bad Request" },
		{ 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
		{ 405, "Method Not Allowed" }, { 408, "Request Timeout" }, { 409, "Conflict" },
		{ 410, "Gone" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" }, { 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" }, { 422, "Unprocessable Content" },
		{ 429, "Too Many Requests" }, { 431, "Request Header Fields Too Large" }, { 500, "Internal Server Error" },
		{ 501, "Not Implemented" }, { 502, "Bad Gateway" }, { 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" }, { 505, "HTTP Version Not Supported" },
		{ 507, "Insufficient Storage" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Status";
}

static uint32_t
take_slot(struct http *h)
{
	uint32_t index = h->first_free;

	if (index != NO_SLOT) {
		h->first_free = h->slots[index].next_free;
		return index;
	}
	index = h->slot_count++;
	h->slots = xrealloc(h->slots, h->slot_count * sizeof(*h->slots));
	h->slots[index] = (struct conn_slot){ .serial = 1 };
	return index;
}

void
conn_add(struct http_conn *c)
{
	struct http *h = c->http;

	c->index = take_slot(h);
	h->slots[c->index].conn = c;
	h->counts.open++;
	h->counts.accepted++;
	h->unix_open += c->is_unix;
}

void
conn_pieces_over(struct http_conn *c)
{
	struct http *h = c->http;

	if (!c->pieces)
		return;
	c->pieces = c->listens = false;
	assert(h->counts.streams > 0 && h->unix_streams <= h->counts.streams);
	h->counts.streams--;
	h->unix_streams -= c->is_unix;
}

void
conn_free(struct http_conn *c)
{
	struct http *h = c->http;
	struct conn_slot *slot = &h->slots[c->index];

	conn_pieces_over(c);
	h->ops.gone(h->ops.ctx, c);
	slot->conn = NULL;
	slot->serial++;
	slot->next_free = h->first_free;
	h->first_free = c->index;
	h->counts.open--;
	h->unix_open -= c->is_unix;
	bufferevent_free(c->bev);
	if (c->held)
		evbuffer_free(c->held);
	buf_fini(&c->body);
	free(c->head);
	free(c);
}

void
http_cut(struct http_conn *c)
{
	struct linger now = { .l_onoff = 1 };

	/* Without chunks only a reset tells this end from the true one. */
	if (c->pieces && !c->chunks_out)
		setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	conn_free(c);
}

uint64_t
http_id(const struct http_conn *c)
{
	return (uint64_t)c->http->slots[c->index].serial << 32 | c->index;
}

struct http_conn *
http_find(const struct http *h, uint64_t id)
{
	uint32_t index = (uint32_t)id;

	if (index >= h->slot_count || h->slots[index].serial != id >> 32)
		return NULL;
	return h->slots[index].conn;
}

const struct http_request *
http_request(const struct http_conn *c)
{
	return &c->req;
}

const struct buf *
http_body(const struct http_conn *c)
{
	return &c->body;
}

bool
http_is_unix(const struct http_conn *c)
{
	return c->is_unix;
}

uid_t
http_peer_uid(const struct http_conn *c)
{
	return c->uid;
}

const unsigned char *
http_peer(const struct http_conn *c)
{
	return c->peer;
}

void **
http_user(struct http_conn *c)
{
	return &c->user;
}

void
http_body_max(struct http_conn *c, size_t max)
{
	c->body_max = max;
}

void
http_stream(struct http_conn *c)
{
	c->streams = true;
}

void
http_wait_s(struct http_conn *c, unsigned seconds)
{
	c->wait_s = seconds;
}
