/* test_stream.c -- answers in pieces over a real socket: order, back-pressure, and every way in
 * which they end. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/web/http.h"

#define PIECES 10000

struct world {
	struct event_base *base;
	struct http *http;
	char folder[32], path[64];
	/* What the server does, and saw. */
	unsigned left_to_give, given, refused, gone, left, drained;
	bool endless, cut_in_the_middle;
	size_t piece_bytes, most_waiting;
	struct http_conn *conn;
};

static void
give(struct world *w, struct http_conn *c)
{
	static char filler[65536];
	char piece[32];
	int len = snprintf(piece, sizeof(piece), "%u\n", w->given);

	if (w->cut_in_the_middle && w->given == 10) {
		http_cut(c);
		return;
	}
	if (!w->left_to_give) {
		http_end(c);
		return;
	}
	w->left_to_give--;
	w->given++;
	http_piece(c, piece, (size_t)len);
	if (w->piece_bytes)
		http_piece(c, memset(filler, ' ', sizeof(filler)), w->piece_bytes);
	http_piece(c, "", 0);		/* is nothing, and no end */
	if (http_waiting(c) > w->most_waiting)
		w->most_waiting = http_waiting(c);
}

static void
on_head(void *ctx, struct http_conn *c)
{
}

static void
on_body(void *ctx, struct http_conn *c, const char *bytes, size_t len)
{
}

static void
on_whole(void *ctx, struct http_conn *c)
{
	struct world *w = ctx;

	if (strcmp(http_request(c)->path, "/stream") != 0) {
		http_answer(c, 200, "text/plain", NULL, "short", 5, 0);
	} else if (!http_may_begin(c)) {
		w->refused++;
		http_answer(c, 503, "text/plain", NULL, "", 0, 0);
	} else if (http_begin(c, "text/plain", NULL, w->endless)) {
		w->conn = c;
		give(w, c);
	}
}

static void
on_bad(void *ctx, struct http_conn *c, const struct err *err)
{
	http_answer(c, 400, "text/plain", NULL, "", 0, 0);
}

static void
on_gone(void *ctx, struct http_conn *c)
{
	((struct world *)ctx)->gone++;
}

static void
on_drained(void *ctx, struct http_conn *c)
{
	struct world *w = ctx;

	w->drained++;
	if (!w->endless || w->left_to_give)
		give(w, c);
}

static void
on_left(void *ctx, struct http_conn *c)
{
	((struct world *)ctx)->left++;
	http_end(c);
}

static void
on_tick(void *ctx)
{
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct http_ops ops = { w, on_head, on_body, on_whole, on_bad, on_gone, "", on_drained,
				on_left, on_tick };
	struct http_limits limits = { .connections_max = 10, .header_max = 4096, .streams_max = 2,
				      .write_s = 1, .linger_s = 1 };
	struct err err = { .text = "" };

	w->base = event_base_new();
	w->http = http_new(w->base, &limits, &ops);
	snprintf(w->folder, sizeof(w->folder), "/tmp/gong-stream-XXXXXX");
	if (!mkdtemp(w->folder))
		return -1;
	snprintf(w->path, sizeof(w->path), "%s/s", w->folder);
	*state = w;
	return http_listen_unix(w->http, w->path, &err);
}

static int
teardown(void **state)
{
	struct world *w = *state;

	http_free(w->http);
	event_base_free(w->base);
	rmdir(w->folder);
	free(w);
	return 0;
}

static int
client(struct world *w, const char *request)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", w->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(write(fd, request, strlen(request)), strlen(request));
	return fd;
}

static void
run(struct world *w)
{
	event_base_loop(w->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* Reads until the server closes, or `enough` stands in what came.  Caller frees. */
static char *
read_until(struct world *w, int fd, const char *enough, bool *closed)
{
	size_t len = 0, cap = 4 << 20;
	char *text = malloc(cap + 1);

	*closed = false;
	*text = '\0';
	while (!*closed && !(enough && strstr(len > 200 ? text + len - 200 : text, enough))) {
		ssize_t n = read(fd, text + len, cap - len);

		if (n > 0)
			len += (size_t)n;
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			*closed = true;
		text[len] = '\0';
		run(w);
	}
	return text;
}

/* Takes the chunks apart in place.  The rest behind the last one; NULL = there is no end. */
static char *
unchunk(char *text)
{
	char *in = strstr(text, "\r\n\r\n") + 4, *out = text;

	for (;;) {
		size_t size = strtoul(in, &in, 16);

		if (strncmp(in, "\r\n", 2) != 0)
			return NULL;
		in += 2;
		if (!size) {
			*out = '\0';
			return strncmp(in, "\r\n", 2) == 0 ? in + 2 : NULL;
		}
		if (strlen(in) < size + 2)
			return NULL;
		memmove(out, in, size);
		out += size;
		in += size + 2;
	}
}

static void
expect_counted(const char *text)
{
	for (unsigned i = 0; i < PIECES; i++) {
		char *end;

		assert_int_equal(strtoul(text, &end, 10), i);
		text = end + 1;
	}
	assert_string_equal(text, "");
}

static void
ten_thousand_pieces_and_then_the_next_request(void **state)
{
	struct world *w = *state;
	int fd = client(w, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\nGET /short HTTP/1.1\r\nHost: x\r\n\r\n");
	bool closed;
	char *text, *rest;

	w->left_to_give = PIECES;
	text = read_until(w, fd, "short", &closed);
	assert_false(closed);
	rest = unchunk(text);
	assert_non_null(rest);
	expect_counted(text);
	assert_non_null(strstr(rest, "Content-Length: 5\r\n"));
	holds("one piece waits at a time", w->most_waiting < 200, "%zu", w->most_waiting);
	assert_int_equal(http_counts(w->http)->streams, 0);
	assert_int_equal(http_counts(w->http)->streams_begun, 1);
	free(text);
	close(fd);
}

static void
an_old_client_gets_them_until_the_close(void **state)
{
	struct world *w = *state;
	int fd = client(w, "GET /stream HTTP/1.0\r\n\r\n");
	bool closed;
	char *text;

	w->left_to_give = PIECES;
	text = read_until(w, fd, NULL, &closed);
	assert_null(strstr(text, "chunked"));
	assert_non_null(strstr(text, "Connection: close\r\n"));
	expect_counted(strstr(text, "\r\n\r\n") + 4);
	free(text);
	close(fd);
}

static void
a_cut_answer_is_seen_to_be_cut(void **state)
{
	struct world *w = *state;
	int fd = client(w, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	bool closed;
	char *text;

	w->left_to_give = PIECES;
	w->cut_in_the_middle = true;
	text = read_until(w, fd, NULL, &closed);
	assert_null(unchunk(text));
	assert_int_equal(w->gone, 1);
	assert_int_equal(http_counts(w->http)->streams, 0);
	free(text);
	close(fd);
}

static void
a_head_has_no_pieces(void **state)
{
	struct world *w = *state;
	int fd = client(w, "HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\nGET /short HTTP/1.1\r\nHost: x\r\n\r\n");
	bool closed;
	char *text;

	w->left_to_give = PIECES;
	text = read_until(w, fd, "short", &closed);
	assert_int_equal(w->given, 0);
	assert_non_null(strstr(text, "Transfer-Encoding: chunked\r\n"));
	assert_non_null(strstr(text, "\r\n\r\nHTTP/1.1 200 OK\r\n"));
	free(text);
	close(fd);
}

/* write_s is 1: a second and a tick later it is gone, and meanwhile one piece waits. */
static void
who_takes_nothing_is_cut_off(void **state)
{
	struct world *w = *state;
	int fd = client(w, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");

	w->left_to_give = PIECES;
	w->piece_bytes = 65536;
	for (int i = 0; i < 20000 && !w->gone; i++) {
		run(w);
		usleep(1000);
	}
	assert_int_equal(w->gone, 1);
	assert_int_equal(http_counts(w->http)->streams_slow, 1);
	holds("one piece waits at most", w->most_waiting < 66000, "%zu", w->most_waiting);
	holds("it is not given the rest", w->given < 100, "%u", w->given);
	close(fd);
}

static void
who_vanishes_is_missed_at_once(void **state)
{
	struct world *w = *state;
	int fd;

	w->endless = true;
	w->left_to_give = 1;
	fd = client(w, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	while (!w->drained)
		run(w);
	close(fd);
	for (int i = 0; i < 1000 && !w->left && !w->gone; i++)
		run(w);
	assert_int_equal(w->left + w->gone, 1);
	assert_int_equal(http_counts(w->http)->streams, 0);
}

static void
who_half_closes_gets_the_rest_of_a_list_and_the_end_of_an_endless_one(void **state)
{
	struct world *w = *state;
	bool closed;
	char *text;
	int fd = client(w, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");

	w->left_to_give = PIECES;
	shutdown(fd, SHUT_WR);
	text = read_until(w, fd, NULL, &closed);
	assert_non_null(unchunk(text));
	expect_counted(text);
	free(text);
	close(fd);

	w->endless = true;
	w->left_to_give = 1;
	w->given = w->drained = 0;
	fd = client(w, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	while (!w->drained)
		run(w);
	shutdown(fd, SHUT_WR);
	text = read_until(w, fd, NULL, &closed);
	assert_non_null(unchunk(text));
	assert_string_equal(text, "0\n");
	free(text);
	close(fd);
}

static void
no_more_than_streams_max(void **state)
{
	struct world *w = *state;
	int fd[3];
	bool closed;
	char *text;

	w->endless = true;
	for (int i = 0; i < 3; i++) {
		w->left_to_give = 1;
		fd[i] = client(w, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
		text = read_until(w, fd[i], "\r\n\r\n", &closed);
		assert_int_equal(atoi(text + 9), i < 2 ? 200 : 503);
		free(text);
	}
	assert_int_equal(w->refused, 1);
	assert_int_equal(http_counts(w->http)->streams, 2);
	for (int i = 0; i < 3; i++)
		close(fd[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define ONE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		ONE(ten_thousand_pieces_and_then_the_next_request),
		ONE(an_old_client_gets_them_until_the_close),
		ONE(a_cut_answer_is_seen_to_be_cut),
		ONE(a_head_has_no_pieces),
		ONE(who_takes_nothing_is_cut_off),
		ONE(who_vanishes_is_missed_at_once),
		ONE(who_half_closes_gets_the_rest_of_a_list_and_the_end_of_an_endless_one),
		ONE(no_more_than_streams_max),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
