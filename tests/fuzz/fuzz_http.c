/* fuzz_http.c -- any bytes as the head of an HTTP request, as a chunked body and as a query. */
#include "tests/fuzz/fuzz.h"

#include "daemon/web/internal.h"

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
	int status = query_parse(&q, text, ~0u, &err);

	if (status)
		promise(status == 422 && err.text[0], "a refused query says why");
	else
		promise(q.limit <= READ_ROWS_MAX && q.below <= LEVEL_DONE, "a query is within its bounds");
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
	return 0;
}
