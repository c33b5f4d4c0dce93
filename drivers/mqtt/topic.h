/* topic.h -- topic names and filters of MQTT 3.1.1 (4.7): which filter a topic fits, and what stood
 * where the filter has wildcards.  Pure. */
#ifndef GONG_MQTT_TOPIC_H
#define GONG_MQTT_TOPIC_H

#include <stdbool.h>
#include <stddef.h>

#define TOPIC_PARTS_MAX 16		/* wildcards of one filter */

struct topic_part {			/* of the topic that was matched; not ended by a NUL */
	const char *text;
	size_t len;
};

/* Why no server would take it, as the end of a sentence that begins with the filter; NULL: it would. */
const char *topic_filter_fault(const char *filter);
/* How many wildcards it has, at most TOPIC_PARTS_MAX; -1: the topic does not fit.  `parts` in their order,
 * "#" is all that is left ("a/b", or "" where nothing is). */
int topic_match(const char *filter, const char *topic, size_t len, struct topic_part parts[TOPIC_PARTS_MAX]);
/* Does every topic that fits `other` fit `filter` as well? */
bool topic_covers(const char *filter, const char *other);

#endif
