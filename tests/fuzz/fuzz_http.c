/* fuzz_http.c -- any bytes as the head of an HTTP request, as a chunked body, as a query, as the
 * headers that choose a form of a file, and as lines of news. */
#include "tests/fuzz/fuzz.h"

#include "daemon/web/internal.h"
#include "daemon/web/news.h"

static void
as_head(const uint8_t *data, size_t size)
{
	struct http_request r;
	struct err err = { .text = "" };
	char *head = fuzz_text(data, size);	/* stops at a NUL */
	size_t len = strlen(head);

	if (http_head_parse(&r, head, len, &err) < 0) {
		promise(problem_status(err.kind) >= 400 && err.text[0], "a refusal has status and reason");
	} else {
		promise(r.path[0] == '/', "a path begins with a slash");
		promise(!(r.chunked && r.length), "a body has one length");
		for (const char *const *h = r.headers; *h; h += 2)
			promise(h[1] && !strpbrk(h[1], "\r\n"), "a header's value is one line");
	}
	free(head);
}

struct body {
	uint64_t sum, bytes;
};

static void
on_bytes(void *ctx, const char *bytes, size_t len)
{
	struct body *b = ctx;

	for (size_t i = 0; i < len; i++)
		b->sum = b->sum * 31 + (unsigned char)bytes[i];
	b->bytes += len;
}

/* Fed at once or in pieces, a chunked body is the same. */
static void
as_chunks(const uint8_t *data, size_t size, size_t piece)
{
	struct http_chunks a = { 0 }, b = { 0 };
	struct body whole = { 0 }, pieces = { 0 };
	bool done_a = false, done_b = false;
	ssize_t used = http_chunks_feed(&a, (const char *)data, size, on_bytes, &whole, &done_a);
	size_t at = 0;
	bool failed = false;

	while (at < size && !failed && !done_b) {
		size_t n = size - at < piece ? size - at : piece;
		ssize_t took = http_chunks_feed(&b, (const char *)data + at, n, on_bytes, &pieces,
						&done_b);

		failed = took < 0;
		if (!failed) {
			promise((size_t)took == n || done_b, "all is taken until the end");
			at += (size_t)took;
		}
	}
	promise(failed == (used < 0) && done_a == done_b, "pieces end as the whole does");
	promise(whole.sum == pieces.sum && whole.bytes == pieces.bytes, "pieces add up");
	promise(used < 0 || (size_t)used == at, "the end is at the same place");
}

static void
as_query(const uint8_t *data, size_t size)
{
	struct query q;
	struct err err = { .text = "" };
	char *text = fuzz_text(data, size);
	int status = query_parse(&q, text, ~0u, HOURS(500000), &err);

	if (status)
		promise(status < 0 && err.kind == REFUSED_INVALID && err.text[0], "a refused query says why");
	else
		promise(q.limit <= READ_ROWS_MAX && q.below <= LEVEL_DONE, "a query is within its bounds");
	free(text);
}

/* Among whatever else, a tag stands where it stands. */
static void
as_choice(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct buf header = { 0 };
	bool takes = site_takes_gzip(text);

	site_has_etag(text, "\"0123\"");
	buf_printf(&header, "\"0123\", %s", text);
	promise(site_has_etag(header.data, "\"0123\""), "the first tag is seen");
	buf_reset(&header);
	buf_printf(&header, "gzip;q=0, %s", text);
	promise(!site_takes_gzip(header.data), "gzip was refused");
	buf_reset(&header);
	buf_printf(&header, "br;q=1, %s", text);
	promise(site_takes_gzip(header.data) == takes, "another coding changes nothing");
	buf_fini(&header);
	free(text);
}

static void
as_news(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct news *n = news_new(2000);
	size_t count = news_put_lines(n, text);
	uint64_t last = 0;

	promise(count == news_number(n), "each word has a number");
	for (const struct news_item *i = news_after(n, 0); i; i = i->later) {
		promise(i->number > last && i->kind && i->ids && i->full, "words ascend");
		last = i->number;
	}
	promise(last == news_number(n), "the last word stands there");
	news_free(n);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	as_head(data + 1, size - 1);
	as_chunks(data + 1, size - 1, 1 + data[0] % 17);
	as_query(data + 1, size - 1);
	as_choice(data + 1, size - 1);
	as_news(data + 1, size - 1);
	return 0;
}
