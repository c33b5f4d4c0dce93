/* topic.c -- what stands in topic.h: level by level, with "/" between them. */
#include "drivers/mqtt/topic.h"

#include <string.h>

#include "core/segment.h"

const char *
topic_filter_fault(const char *filter)
{
	size_t wildcards = 0;

	if (!*filter)
		return "is empty";
	if (utf8_check(filter, strlen(filter), NULL) < 0)
		return "is no UTF-8";
	for (const char *p = filter; *p; p++) {
		bool begins = p == filter || p[-1] == '/', ends = !p[1] || p[1] == '/';

		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return "has a control character";
		if ((*p == '+' || *p == '#') && (!begins || !ends))
			return "has a wildcard that is not a whole level between two \"/\"";
		if (*p == '#' && p[1])
			return "has a \"#\" before its end";
		wildcards += *p == '+' || *p == '#';
	}
	return wildcards > TOPIC_PARTS_MAX ? "has more than 16 wildcards" : NULL;
}

/* 4.7.2: a filter that begins with a wildcard does not fit the server's own topics. */
static bool
is_hidden(const char *filter, const char *topic, size_t len)
{
	return len && *topic == '$' && (*filter == '+' || *filter == '#');
}

/* "a/#" fits "a" as well (4.7.1.2): what it leaves is nothing. */
static bool
is_rest(const char *filter)
{
	return strcmp(filter, "/#") == 0;
}

int
topic_match(const char *filter, const char *topic, size_t len, struct topic_part parts[TOPIC_PARTS_MAX])
{
	const char *end = topic + len;
	int count = 0;

	if (is_hidden(filter, topic, len))
		return -1;
	for (;;) {
		size_t want = strcspn(filter, "/");
		const char *slash = memchr(topic, '/', (size_t)(end - topic));
		size_t have = (size_t)((slash ? slash : end) - topic);

		if (*filter == '#') {
			parts[count++] = (struct topic_part){ topic, (size_t)(end - topic) };
			return count;
		}
		if (*filter == '+')
			parts[count++] = (struct topic_part){ topic, have };
		else if (want != have || memcmp(filter, topic, want) != 0)
			return -1;
		filter += want;
		topic += have;
		if (topic == end && is_rest(filter)) {
			parts[count++] = (struct topic_part){ end, 0 };
			return count;
		}
		if (!*filter || topic == end)
			return !*filter && topic == end ? count : -1;
		filter++;
		topic++;
	}
}

bool
topic_covers(const char *filter, const char *other)
{
	if (is_hidden(filter, other, strlen(other)))
		return false;
	/* Neither "+" nor a name fits all that a wildcard of the other does. */
	for (;;) {
		size_t want = strcspn(filter, "/"), have = strcspn(other, "/");

		if (*filter == '#')
			return true;
		if (*other == '#')
			return false;
		if (*filter != '+' && (want != have || memcmp(filter, other, want) != 0))
			return false;
		filter += want;
		other += have;
		if (!*other && is_rest(filter))
			return true;
		if (!*filter || !*other)
			return !*filter && !*other;
		filter++;
		other++;
	}
}
