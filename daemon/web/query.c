/* query.c -- what stands after the "?": few parameters, each known or refused. */
#include "daemon/web/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/message_state.h"

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
url_decode(char *out, size_t size, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++, n++) {
		char c = text[i];

		if (n + 1 >= size)
			return -1;
		if (c == '%') {
			int high = len - i > 2 ? hex(text[i + 1]) : -1;
			int low = len - i > 2 ? hex(text[i + 2]) : -1;

			if (high < 0 || low < 0 || (!high && !low))
				return -1;
			c = (char)(high << 4 | low);
			i += 2;
		}
		out[n] = c;
	}
	out[n] = '\0';
	return 0;
}

static int
flag(bool *out, const char *name, const char *value, struct err *err)
{
	*out = strcmp(value, "1") == 0 || strcmp(value, "true") == 0;
	if (*out || strcmp(value, "0") == 0 || strcmp(value, "false") == 0)
		return 0;
	return err_say(err, REFUSED_INVALID, about_name(CONCEPT_QUERY, name), query_flag, name);
}

static int
number(long *out, long low, long high, const char *name, const char *value, struct err *err)
{
	char *end;

	*out = strtol(value, &end, 10);
	if (*value >= '0' && *value <= '9' && !*end && *out >= low && *out <= high)
		return 0;
	return err_say(err, REFUSED_INVALID, about_name(CONCEPT_QUERY, name), query_number, NUM(low),
		       NUM(high));
}

static int
one(struct query *q, unsigned which, const char *name, const char *value, struct err *err)
{
	long n = 0;
	int rc = 0;

	switch (which) {
	case QUERY_DRY_RUN:
		return flag(&q->dry_run, name, value, err);
	case QUERY_OPEN:
		return flag(&q->open, name, value, err);
	case QUERY_UNMASKED:
		return flag(&q->unmasked, name, value, err);
	case QUERY_LIMIT:
		rc = number(&n, 1, READ_ROWS_MAX, name, value, err);
		q->limit = (unsigned)n;
		return rc;
	case QUERY_BELOW:
		rc = number(&n, 1, LEVEL_DONE, name, value, err);
		q->below = (int)n;
		return rc;
	case QUERY_AFTER:
		if (strlen(value) < sizeof(q->after)) {
			memcpy(q->after, value, strlen(value) + 1);
			return 0;
		}
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_QUERY, name), query_cursor);
	case QUERY_STATE:
		q->state = message_state_parse(value);
		if (q->state >= 0)
			return 0;
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_QUERY, name), query_state);
	}
	return 0;
}

static const struct {
	const char *name;
	unsigned which;
} names[] = {
	{ "dry_run", QUERY_DRY_RUN }, { "open", QUERY_OPEN }, { "limit", QUERY_LIMIT },
	{ "after", QUERY_AFTER }, { "below", QUERY_BELOW }, { "state", QUERY_STATE },
	{ "unmasked", QUERY_UNMASKED },
};
#define NAMES (sizeof(names) / sizeof(*names))

static int
unknown(const char *name, unsigned known, struct err *err)
{
	char list[128] = "";
	size_t n = 0;

	for (size_t i = 0; i < NAMES; i++)
		if (names[i].which & known)
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "",
					      names[i].name);
	if (!n)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_QUERY, name), query_none);
	return err_say(err, REFUSED_INVALID, about_name(CONCEPT_QUERY, name), query_others, list);
}

int
query_parse(struct query *q, const char *text, unsigned known, struct err *err)
{
	*q = (struct query){ .state = -1 };
	while (text && *text) {
		size_t len = strcspn(text, "&"), key = strcspn(text, "=&");
		char name[32], value[96] = "";
		size_t i = 0;

		if (url_decode(name, sizeof(name), text, key) < 0 ||
		    (key < len && url_decode(value, sizeof(value), text + key + 1,
					     len - key - 1) < 0))
			return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), query_malformed);
		while (i < NAMES && (strcmp(names[i].name, name) != 0 || !(names[i].which & known)))
			i++;
		if ((i == NAMES ? unknown(name, known, err)
				: one(q, names[i].which, name, value, err)) < 0)
			return -1;
		text += len + (text[len] == '&');
	}
	return 0;
}
