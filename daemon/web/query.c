/* query.c -- what stands after the "?": few parameters, each known or refused. */
#include "daemon/web/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/message_state.h"
#include "core/reply.h"
#include "daemon/store/signals.h"

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
text(char *out, size_t size, const char *name, const char *value, struct err *err)
{
	if (!*value)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_QUERY, name), is_empty);
	if (strlen(value) >= size)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_QUERY, name), is_too_long,
			       NUM(size - 1));
	memcpy(out, value, strlen(value) + 1);
	return 0;
}

/* "active,exhausted": the bits of those words; 0 = one of them is none. */
static unsigned
words(const char *value, int (*parse)(const char *word))
{
	unsigned bits = 0;

	for (;;) {
		size_t len = strcspn(value, ",");
		char word[24];
		int n;

		snprintf(word, sizeof(word), "%.*s", (int)len, value);
		n = len < sizeof(word) ? parse(word) : -1;
		if (n < 0)
			return 0;
		bits |= 1u << n;
		if (!value[len])
			return bits;
		value += len + 1;
	}
}

static int
alert_state_parse(const char *word)
{
	for (int i = 0; i < ALERT_STATE_COUNT; i++)
		if (strcmp(alert_state_name((enum alert_state)i), word) == 0)
			return i;
	return -1;
}

static int
change_parse(const char *word)
{
	for (int i = 0; i < STAGED_CHANGES; i++)
		if (strcmp(staged_change_name((enum staged_change)i), word) == 0)
			return i;
	return -1;
}

static int
mode(struct query *q, struct about at, const char *value, struct err *err)
{
	static const char *const modes[] = { "real", "drill", "test" };

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (strcmp(modes[i], value) == 0)
			q->filter.mode = modes[i];
	return q->filter.mode ? 0 : err_say(err, REFUSED_INVALID, at, mode_unknown);
}

static int
instant(struct query *q, struct about at, const char *value, struct err *err)
{
	char *end;

	q->filter.since = strtoll(value, &end, 10);
	if (*value >= '0' && *value <= '9' && !*end && q->filter.since > 0 && strlen(value) < 16)
		return 0;
	if (time_parse_past(&q->filter.since, value, q->now) == 0 && q->filter.since > 0)
		return 0;
	return err_say(err, REFUSED_INVALID, at, past_unreadable);
}

bool
alert_named(const char *text, int64_t *id)
{
	uint64_t number;
	char *end;

	*id = strtoll(text, &end, 10);
	if (*text >= '0' && *text <= '9')
		return !*end && strlen(text) < 19 && *id > 0;
	if (!code_parse(&number, text) || number > INT64_MAX)
		return false;
	*id = (int64_t)number;
	return true;
}

/* Which rows of a list of alerts or texts. */
static int
filter(struct query *q, unsigned which, const char *name, const char *value, struct err *err)
{
	struct about at = about_name(CONCEPT_QUERY, name);

	switch (which) {
	case QUERY_ALERT_STATE:
		q->filter.states = words(value, alert_state_parse);
		return q->filter.states ? 0 : err_say(err, REFUSED_INVALID, at, query_alert_state);
	case QUERY_SEVERITY:
		q->filter.severities = words(value, severity_parse);
		return q->filter.severities ? 0 : err_say(err, REFUSED_INVALID, at, severity_unknown);
	case QUERY_MODE:
		return mode(q, at, value, err);
	case QUERY_CLIENT:
		return text(q->filter.client, sizeof(q->filter.client), name, value, err);
	case QUERY_KEY:
		return text(q->filter.key, sizeof(q->filter.key), name, value, err);
	case QUERY_CONTACT:
		return text(q->filter.contact, sizeof(q->filter.contact), name, value, err);
	case QUERY_FIND:
		return text(q->filter.find, sizeof(q->filter.find), name, value, err);
	case QUERY_ROLE:
		return text(q->filter.role, sizeof(q->filter.role), name, value, err);
	case QUERY_TAG:
		return text(q->filter.tag, sizeof(q->filter.tag), name, value, err);
	case QUERY_SOURCE:
		return text(q->filter.source, sizeof(q->filter.source), name, value, err);
	case QUERY_SIGNAL_STATE:
		q->filter.states = words(value, signal_state_parse);
		return q->filter.states ? 0 : err_say(err, REFUSED_INVALID, at, query_signal_state);
	case QUERY_SINCE:
		return instant(q, at, value, err);
	case QUERY_DIVISION:
		return division_parse(&q->filter.division, value, err) < 0 ? err_about(err, at) : 0;
	case QUERY_WITHIN:
		return division_parse(&q->within, value, err) < 0 ? err_about(err, at) : 0;
	case QUERY_CHANGE:
		q->filter.change = change_parse(value);
		return q->filter.change >= 0 ? 0 : err_say(err, REFUSED_INVALID, at, query_change);
	case QUERY_ALERT:
		return alert_named(value, &q->alert) ? 0
			: err_say(err, REFUSED_INVALID, at, query_alert, QUOTE(value));
	}
	return 0;
}

static int
active(struct query *q, const char *name, const char *value, struct err *err)
{
	bool yes = false;
	int rc = flag(&yes, name, value, err);

	q->filter.active = yes;
	return rc;
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
	case QUERY_PREVIEW:
		return flag(&q->preview, name, value, err);
	case QUERY_YES:
		return flag(&q->yes, name, value, err);
	case QUERY_UNMASKED:
		return flag(&q->unmasked, name, value, err);
	case QUERY_ACTIVE:
		return active(q, name, value, err);
	case QUERY_OPTED_OUT:
		return flag(&q->filter.opted_out, name, value, err);
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
	return filter(q, which, name, value, err);
}

static const struct {
	const char *name;
	unsigned which;
} names[] = {
	{ "dry_run", QUERY_DRY_RUN }, { "open", QUERY_OPEN }, { "limit", QUERY_LIMIT },
	{ "after", QUERY_AFTER }, { "below", QUERY_BELOW }, { "state", QUERY_STATE },
	{ "unmasked", QUERY_UNMASKED }, { "state", QUERY_ALERT_STATE }, { "severity", QUERY_SEVERITY },
	{ "mode", QUERY_MODE }, { "client", QUERY_CLIENT }, { "key", QUERY_KEY },
	{ "since", QUERY_SINCE }, { "division", QUERY_DIVISION }, { "alert", QUERY_ALERT },
	{ "contact", QUERY_CONTACT }, { "find", QUERY_FIND },
	{ "role", QUERY_ROLE }, { "tag", QUERY_TAG }, { "active", QUERY_ACTIVE },
	{ "opted_out", QUERY_OPTED_OUT },
	{ "preview", QUERY_PREVIEW }, { "within", QUERY_WITHIN }, { "change", QUERY_CHANGE },
	{ "yes", QUERY_YES },
	{ "source", QUERY_SOURCE }, { "state", QUERY_SIGNAL_STATE },
};
#define NAMES (sizeof(names) / sizeof(*names))

static int
unknown(const char *name, unsigned known, struct err *err)
{
	char list[256] = "";
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
query_parse(struct query *q, const char *text, unsigned known, msec now, struct err *err)
{
	*q = (struct query){ .state = -1, .filter = { .active = -1, .change = STAGED_CHANGED }, .now = now };
	while (text && *text) {
		size_t len = strcspn(text, "&"), key = strcspn(text, "=&");
		char name[32], value[160] = "";
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
