/* problem.c -- answers: JSON, and refusals as problem details (RFC 9457). */
#include "daemon/web/internal.h"

#include <string.h>

#include "core/segment.h"

/* A sentence cut at its end, or quoting what came from outside, may hold half a character. */
static void
json_clean(struct buf *out, const char *text)
{
	char clean[sizeof(((struct err *)0)->text)];
	size_t len = strnlen(text, sizeof(clean) - 1);

	memcpy(clean, text, len);
	clean[len] = '\0';
	for (size_t i = 0; i < len;) {
		size_t n = 1;

		while (n < 4 && i + n < len && ((unsigned char)clean[i + n] & 0xc0) == 0x80)
			n++;
		if (utf8_check(clean + i, n, NULL) < 0)
			memset(clean + i, '?', n);
		i += n;
	}
	buf_json(out, clean);
}

void
web_problem_text(struct buf *out, int status, const struct err *err)
{
	buf_printf(out, "{\"type\":\"about:blank\",\"status\":%d,\"title\":\"%s\",\"detail\":", status,
		   http_reason(status));
	json_clean(out, err->text);
	if (err->field[0]) {
		buf_puts(out, ",\"field\":");
		json_clean(out, err->field);
	}
	buf_puts(out, "}");
}

void
web_problem(struct http_conn *c, int status, const struct err *err, const char *extra,
	    unsigned delay_s)
{
	struct buf json = { 0 };

	if (!extra && status == 503)
		extra = "Retry-After: 1\r\n";
	web_problem_text(&json, status, err);
	http_answer(c, status, "application/problem+json", extra, json.data, json.len, delay_s);
	buf_fini(&json);
}

void
web_json(struct http_conn *c, int status, const char *json)
{
	http_answer(c, status, "application/json", NULL, json, strlen(json), 0);
}

void
web_busy(struct http_conn *c)
{
	struct err err;

	err_set(&err, "gong is busy; nothing was accepted, send it again in a second");
	web_problem(c, 503, &err, NULL, 0);
}
