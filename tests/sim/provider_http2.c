/* provider_http2.c -- the server's HTTP/2: one nghttp2 session a connection, an exchange a
 * stream. */
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/conn.h"

#define WINDOW (8 * 1024 * 1024)
#define FILL_MOST 65536

/* What is not taken has no exchange, and whatever comes of it goes nowhere. */
static bool
is_taken(struct conn *c, int32_t stream)
{
	const struct server *s = c->server;

	if (s->refuses && s->refuses()) {
		nghttp2_submit_rst_stream(c->h2, 0, stream, NGHTTP2_REFUSED_STREAM);
		return false;
	}
	if (s->goaway && c->taken == s->goaway) {
		nghttp2_submit_goaway(c->h2, 0, c->last, NGHTTP2_NO_ERROR, NULL, 0);
		return false;
	}
	c->taken++;
	c->last = stream;
	return true;
}

static int
on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *ctx)
{
	struct exchange *x;
	struct conn *c = ctx;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	if (!is_taken(c, frame->hd.stream_id))
		return 0;
	x = exchange_new(c);
	x->stream = frame->hd.stream_id;
	nghttp2_session_set_stream_user_data(h2, x->stream, x);
	return 0;
}

static void
take_header(struct exchange *x, const uint8_t *name, size_t name_len, const uint8_t *value,
	    size_t value_len)
{
	const struct { const char *name; char **field; } wanted[] = {
		{ ":path", &x->target }, { "content-type", &x->type },
		{ "authorization", &x->authorization },
	};

	for (size_t i = 0; i < 3; i++)
		if (name_len == strlen(wanted[i].name) && !*wanted[i].field &&
		    memcmp(name, wanted[i].name, name_len) == 0)
			*wanted[i].field = xstrndup((const char *)value, value_len);
}

static int
on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
	  const uint8_t *value, size_t value_len, uint8_t flags, void *ctx)
{
	struct exchange *x = nghttp2_session_get_stream_user_data(h2, frame->hd.stream_id);

	if (x)				/* else it was refused */
		take_header(x, name, name_len, value, value_len);
	return 0;
}

static int
on_data(nghttp2_session *h2, uint8_t flags, int32_t stream, const uint8_t *bytes, size_t len,
	void *ctx)
{
	struct exchange *x = nghttp2_session_get_stream_user_data(h2, stream);

	if (!x)
		return 0;
	if (x->body.len + len > SERVER_BODY_MAX)
		return nghttp2_submit_rst_stream(h2, 0, stream, NGHTTP2_CANCEL);
	buf_add(&x->body, bytes, len);
	return 0;
}

static int
on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *ctx)
{
	struct exchange *x;
	struct conn *c = ctx;
	struct server_request r;

	if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) ||
	    !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
		return 0;
	x = nghttp2_session_get_stream_user_data(h2, frame->hd.stream_id);
	if (!x || !x->target)
		return 0;
	r = (struct server_request){
		x->target, x->type ? x->type : "", x->authorization ? x->authorization : "",
		x->body.data ? x->body.data : "", x->body.len,
	};
	c->server->handle(x, &r);
	return 0;
}

static int
on_stream_close(nghttp2_session *h2, int32_t stream, uint32_t error, void *ctx)
{
	struct exchange *x = nghttp2_session_get_stream_user_data(h2, stream);

	if (x)
		exchange_free(x);
	return 0;
}

static bool
http2_take(struct conn *c, const char *bytes, size_t len)
{
	conn_touch(c);
	return nghttp2_session_mem_recv(c->h2, (const uint8_t *)bytes, len) >= 0;
}

static ssize_t
read_body(nghttp2_session *h2, int32_t stream, uint8_t *to, size_t room, uint32_t *flags,
	  nghttp2_data_source *source, void *ctx)
{
	struct exchange *x = source->ptr;
	size_t n = x->allowed - x->sent;

	if (n == 0)
		return NGHTTP2_ERR_DEFERRED;
	n = n < room ? n : room;
	memcpy(to, x->answer.body.data + x->sent, n);
	x->sent += n;
	if (x->sent == x->answer.body.len)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static nghttp2_nv
header(const char *name, const char *value)
{
	return (nghttp2_nv){ (uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value),
			     NGHTTP2_NV_FLAG_NO_COPY_NAME };
}

static void
http2_answer(struct exchange *x)
{
	const struct answer *a = &x->answer;
	nghttp2_data_provider body = { .source.ptr = x, .read_callback = read_body };
	char status[16], length[24];
	nghttp2_nv headers[4];
	size_t count = 3;

	snprintf(status, sizeof(status), "%d", a->status);
	snprintf(length, sizeof(length), "%zu", a->body.len);
	headers[0] = header(":status", status);
	headers[1] = header("content-type", a->type ? a->type : "application/json");
	headers[2] = header("content-length", length);
	if (a->location)
		headers[count++] = header("location", a->location);
	nghttp2_submit_response(x->conn->h2, x->stream, headers, count, &body);
	conn_touch(x->conn);
}

static void
http2_more(struct exchange *x)
{
	nghttp2_session_resume_data(x->conn->h2, x->stream);
	conn_touch(x->conn);
}

static void
http2_reset(struct exchange *x)
{
	nghttp2_submit_rst_stream(x->conn->h2, 0, x->stream, NGHTTP2_INTERNAL_ERROR);
	conn_touch(x->conn);
}

static void
http2_fill(struct conn *c)
{
	const uint8_t *bytes;
	ssize_t n;

	while (c->out.len < FILL_MOST && (n = nghttp2_session_mem_send(c->h2, &bytes)) > 0)
		buf_add(&c->out, bytes, (size_t)n);
	if (c->out.len == 0 && c->end == END_NOT && !nghttp2_session_want_read(c->h2))
		c->end = END_ORDERLY;
}

static void
http2_fini(struct conn *c)
{
	nghttp2_session_del(c->h2);
}

void
http2_start(struct conn *c)
{
	const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, c->server->streams },
		{ NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW },
	};
	nghttp2_session_callbacks *callbacks;

	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	nghttp2_session_server_new(&c->h2, callbacks, c);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_submit_settings(c->h2, 0, settings, 2);
	nghttp2_session_set_local_window_size(c->h2, 0, 0, WINDOW);
}

const struct protocol http2 = {
	.take = http2_take, .answer = http2_answer, .more = http2_more, .reset = http2_reset,
	.fill = http2_fill, .fini = http2_fini,
};
