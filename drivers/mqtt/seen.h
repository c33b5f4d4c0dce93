/* seen.h -- which of the broker's messages gongd has been told of lately.  A broker says again, and marks
 * so (DUP), what was not acknowledged when a connection ended: by its packet id and a digest of what it
 * says it is known, and not told a second time.  It is kept in gongd's books in the same commit as what
 * it names (`keep`), so that a kill of whomever changes nothing.  Pure. */
#ifndef GONG_MQTT_SEEN_H
#define GONG_MQTT_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEEN_MAX 128			/* twice what we leave unacknowledged */
#define SEEN_TEXT (SEEN_MAX * 8 + 1)

struct seen {
	struct seen_one {
		uint16_t id;		/* 0 = none */
		uint32_t digest;
		uint64_t event;		/* that it was told in; 0 = gongd has it */
	} all[SEEN_MAX];
	size_t next;
};

uint32_t seen_digest(const char *topic, size_t topic_len, const char *payload, size_t len);
void seen_add(struct seen *, uint16_t id, uint32_t digest, uint64_t event);
const struct seen_one *seen_find(const struct seen *, uint16_t id, uint32_t digest);	/* NULL: unknown */
void seen_took(struct seen *, uint64_t event);
/* All of it, as text for `keep`: what is not yet taken is taken with it. */
void seen_format(const struct seen *, char out[SEEN_TEXT]);
void seen_parse(struct seen *, const char *text);	/* what is none of that is nothing */

#endif
