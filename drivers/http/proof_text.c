/* proof_text.c -- what stands in proof_text.h. */
#include "drivers/http/proof_text.h"

#include <stdio.h>

#include <stdlib.h>
#include <string.h>

#define HEADER "header:"

static void
add_part(struct proof_text *t, int what, const char *text, size_t len)
{
	t->parts = xrealloc(t->parts, (t->count + 1) * sizeof(*t->parts));
	t->parts[t->count++] = (struct proof_part){ .what = what, .text = xstrndup(text, len) };
}

static int
add_named(struct proof_text *t, const char *name, size_t len, struct err *err)
{
	static const struct { const char *name; int what; } known[] = {
		{ "body", PROOF_BODY }, { "url", PROOF_URL }, { "method", PROOF_METHOD },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (strlen(known[i].name) == len && strncmp(known[i].name, name, len) == 0) {
			add_part(t, known[i].what, "", 0);
			return 0;
		}
	if (len <= strlen(HEADER) || strncmp(name, HEADER, strlen(HEADER)) != 0) {
		char shown[41];

		snprintf(shown, sizeof(shown), "%.*s", (int)(len < 40 ? len : 40), name);
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "of"), http_no_part, shown);
	}
	add_part(t, PROOF_HEADER, name + strlen(HEADER), len - strlen(HEADER));
	return 0;
}

int
proof_text_compile(struct proof_text *t, const char *source, struct err *err)
{
	const char *open, *close;
	bool has_part = false;

	while ((open = strstr(source, "{{"))) {
		close = strstr(open, "}}");
		if (!close)
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "of"), http_unclosed, QUOTE(open));
		if (open > source)
			add_part(t, PROOF_LITERAL, source, (size_t)(open - source));
		if (add_named(t, open + 2, (size_t)(close - open - 2), err) < 0)
			return -1;
		has_part = true;
		source = close + 2;
	}
	if (*source)
		add_part(t, PROOF_LITERAL, source, strlen(source));
	return has_part ? 0 : err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "of"), http_of_nothing);
}

static bool
add_text(struct buf *out, const char *text)
{
	if (!text)
		return false;
	buf_puts(out, text);
	return true;
}

bool
proof_text_add(struct buf *out, const struct proof_text *t, const struct verify_request *r)
{
	bool whole = true;

	for (size_t i = 0; i < t->count; i++) {
		const struct proof_part *p = &t->parts[i];

		switch (p->what) {
		case PROOF_LITERAL: buf_puts(out, p->text); break;
		case PROOF_URL: whole = add_text(out, r->url) && whole; break;
		case PROOF_METHOD: whole = add_text(out, r->method) && whole; break;
		case PROOF_HEADER: whole = add_text(out, r->header(r->ctx, p->text)) && whole; break;
		case PROOF_BODY:
			buf_add(out, r->body, r->body_len);
			whole = r->body_len && whole;
			break;
		}
	}
	return whole;
}

void
proof_text_fini(struct proof_text *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->parts[i].text);
	free(t->parts);
	*t = (struct proof_text){ 0 };
}
