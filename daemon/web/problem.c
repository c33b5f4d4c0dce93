/* problem.c -- refusals as problem documents (RFC 9457): what each kind's status and each
 * concept's place in the request is. */
#include "daemon/web/problem.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "daemon/web/http.h"

int
problem_status(enum err_kind kind)
{
	switch (kind) {
	case REFUSED_FAULT:
		return 500;
	case REFUSED_UNREADABLE:
		return 400;
	case REFUSED_INVALID:
		return 422;
	case REFUSED_UNAUTHENTICATED:
		return 401;
	case REFUSED_FORBIDDEN:
		return 403;
	case REFUSED_NOT_FOUND:
		return 404;
	case REFUSED_NO_SUCH_VERB:
		return 405;
	case REFUSED_TOO_SLOW:
		return 408;
	case REFUSED_CONFLICT:
		return 409;
	case REFUSED_GONE:
		return 410;
	case REFUSED_STALE:
		return 412;
	case REFUSED_TOO_LARGE:
		return 413;
	case REFUSED_WRONG_TYPE:
		return 415;
	case REFUSED_NO_SUCH_WISH:
		return 417;
	case REFUSED_TOO_MANY:
		return 429;
	case REFUSED_HEAD_TOO_LARGE:
		return 431;
	case REFUSED_UNKNOWN_CODING:
		return 501;
	case REFUSED_BUSY:
		return 503;
	case REFUSED_NO_ANSWER:
		return 504;
	case REFUSED_UNKNOWN_VERSION:
		return 505;
	case REFUSED_FULL:
		return 507;
	case REFUSED_COUNT:
		break;
	}
	assert(!"no kind of refusal");
	return 500;
}

/* Where a concept stands that is not "/" and its own name; "" = nowhere, a "/" behind = a list. */
static const struct {
	const char *in[3];		/* by form: plain, alert, callout; NULL = "/" and its name */
} places[CONCEPT_COUNT] = {
	[CONCEPT_NONE] = { { "", "", "" } },
	[CONCEPT_DIVISION_PARAMS] = { { "", "/params_by_division", "" } },
	[CONCEPT_DIVISION_PARAM] = { { "", "/params_by_division", "" } },
	[CONCEPT_PARAM] = { { "/params", "/params", "/params" } },
	[CONCEPT_AUDIENCE] = { { "", "/audience", "" } },
	[CONCEPT_DIVISION] = { { "/division", "/audience/divisions/", "/division" } },
	[CONCEPT_WITHOUT_DIVISION] = { { "", "/audience/without_divisions/", "" } },
	[CONCEPT_ROLE] = { { "/role", "/audience/roles/", "/role" } },
	[CONCEPT_CONTACT] = { { "/contact", "/audience/contacts/", "/contacts/" } },
	[CONCEPT_WITHOUT_CONTACT] = { { "", "/audience/without_contacts/", "" } },
	[CONCEPT_REACHED] = { { "", "/audience/reached", "" } },
	[CONCEPT_SEVERITY] = { { "", "/severity", "" } },	/* a callout is always red */
	[CONCEPT_ABOUT_ALERT] = { { "/alert", "", "" } },
	[CONCEPT_ALERT] = { { "", "", "" } },			/* the address names these */
	[CONCEPT_REF] = { { "", "", "" } },
	[CONCEPT_CODE] = { { "", "", "" } },
	[CONCEPT_NUMBERS] = { { "/numbers/", "", "" } },
	[CONCEPT_TAG] = { { "/tags/", "/audience/tags/", "" } },
	[CONCEPT_POSTS] = { { "/posts/", "", "" } },
	[CONCEPT_TASK] = { { "", "", "" } },
	[CONCEPT_ROUTE] = { { "", "", "" } },
};

/* A member's name in a pointer (RFC 6901); cut where it has no room, but at a character. */
static size_t
put_member(char *out, size_t n, const char *name, size_t len)
{
	out[n++] = '/';
	for (; len && n < PROBLEM_FIELD - 3; name++, len--) {
		if (*name == '~' || *name == '/') {
			out[n++] = '~';
			out[n++] = *name == '~' ? '0' : '1';
		} else {
			out[n++] = *name;
		}
	}
	out[n] = '\0';
	text_mend(out);
	return n;
}

static void
put_names(char out[PROBLEM_FIELD], const struct about *a)
{
	size_t n = strlen(out), code = a->concept == CONCEPT_DIVISION_PARAM
		? strcspn(a->name, ":") : 0;

	if (code)
		n = put_member(out, n, a->name, code);
	if (a->name[code])
		put_member(out, n, a->name + code + (code > 0), strlen(a->name + code + (code > 0)));
}

void
problem_field(char out[PROBLEM_FIELD], const struct about *a, enum form form)
{
	const char *place = places[a->concept].in[form];
	size_t len;

	if (a->concept >= CONCEPT_FIELD && a->concept <= CONCEPT_OPTION) {
		snprintf(out, PROBLEM_FIELD, "%s", a->name);
		return;
	}
	if (a->concept == CONCEPT_ROW) {
		snprintf(out, PROBLEM_FIELD, "line %d%s%s", a->index, a->name[0] ? ", column " : "",
			 a->name);
		return;
	}
	snprintf(out, PROBLEM_FIELD, "%s%s", place ? place : "/", place ? "" : concept_name(a->concept));
	len = strlen(out);
	if (len && out[len - 1] == '/') {
		out[--len] = '\0';
		if (a->index >= 0)
			snprintf(out + len, PROBLEM_FIELD - len, "/%d", a->index);
	}
	if (*out)
		put_names(out, a);
}

static void
put_fault(struct buf *out, const struct fault *f, enum lang lang)
{
	char detail[sizeof(((struct err *)0)->text)];

	said_render(&f->said, lang, detail, sizeof(detail));
	buf_printf(out, "{\"line\":%d,\"column\":", f->about.index);
	buf_json(out, f->about.name[0] ? f->about.name : NULL);
	buf_puts(out, ",\"value\":");
	buf_json(out, f->value);
	buf_puts(out, ",\"detail\":");
	buf_json(out, detail);
	buf_printf(out, ",\"code\":\"%s\",\"values\":", phrase_name(f->said.phrase));
	said_values_json(&f->said, out);
	buf_puts(out, "}");
}

static void
put_faults(struct buf *out, const struct faults *faults, enum lang lang)
{
	buf_printf(out, ",\"fault_count\":%zu,\"faults\":[", faults->total);
	for (size_t i = 0; i < faults->count; i++) {
		buf_puts(out, i ? "," : "");
		put_fault(out, &faults->list[i], lang);
	}
	buf_puts(out, "]");
}

void
problem_text(struct buf *out, const struct err *err, const struct faults *faults, enum form form,
	     enum lang lang)
{
	int status = problem_status(err->kind);
	char detail[sizeof(err->text)], field[PROBLEM_FIELD];

	said_render(&err->said, lang, detail, sizeof(detail));
	problem_field(field, &err->about, form);
	buf_printf(out, "{\"type\":\"about:blank\",\"status\":%d,\"title\":\"%s\",\"detail\":", status,
		   http_reason(status));
	buf_json(out, detail);
	if (field[0]) {
		buf_puts(out, ",\"field\":");
		buf_json(out, field);
	}
	buf_printf(out, ",\"kind\":\"%s\",\"code\":\"%s\",\"values\":", err_kind_name(err->kind),
		   phrase_name(err->said.phrase));
	said_values_json(&err->said, out);
	if (err->about.concept != CONCEPT_NONE)
		buf_printf(out, ",\"concept\":\"%s\"", concept_name(err->about.concept));
	if (err->about.index >= 0)
		buf_printf(out, ",\"index\":%d", err->about.index);
	if (err->about.name[0]) {
		buf_puts(out, ",\"name\":");
		buf_json(out, err->about.name);
	}
	if (faults && faults->count)
		put_faults(out, faults, lang);
	buf_puts(out, "}");
}

/* "0.8" in thousandths; what is malformed counts as wanted. */
static int
quality(const char *range, size_t len)
{
	const char *q = memmem(range, len, "q=", 2);
	int thousandths = 0, unit = 100;

	if (!q || q[2] < '0' || q[2] > '1')
		return 1000;
	if (q[2] == '1')
		return 1000;
	for (q += 3 + (q[3] == '.'); *q >= '0' && *q <= '9' && unit; q++, unit /= 10)
		thousandths += (*q - '0') * unit;
	return thousandths;
}

static bool
is_range(const char *range, const char *lang)
{
	return strncasecmp(range, lang, 2) == 0 && (range[2] == '-' || strcspn(range + 2, " \t;,") == 0);
}

enum lang
language_of(const char *header)
{
	enum lang best = LANG_EN;
	int best_q = 0;

	while (header && *header) {
		size_t len;
		int q;

		header += strspn(header, " \t,");
		len = strcspn(header, ",");
		q = quality(header, len);
		if (q > best_q && (is_range(header, "zh") || is_range(header, "en") || *header == '*')) {
			best = is_range(header, "zh") ? LANG_ZH : LANG_EN;
			best_q = q;
		}
		header += len;
	}
	return best;
}
