/* seen.c -- what stands in seen.h. */
#include "drivers/mqtt/seen.h"

#include <stdio.h>
#include <string.h>

/* FNV-1a; the topic's length keeps "a" + "bc" from "ab" + "c". */
static uint32_t
mix(uint32_t hash, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * 16777619u;
	return hash;
}

uint32_t
seen_digest(const char *topic, size_t topic_len, const char *payload, size_t len)
{
	uint32_t hash = mix(2166136261u, &topic_len, sizeof(topic_len));

	return mix(mix(hash, topic, topic_len), payload, len);
}

/* An id that comes again, unmarked, was acknowledged: only its newest message counts. */
void
seen_add(struct seen *s, uint16_t id, uint32_t digest, uint64_t event)
{
	for (size_t i = 0; i < SEEN_MAX; i++)
		if (s->all[i].id == id)
			s->all[i].id = 0;
	s->all[s->next] = (struct seen_one){ id, digest, event };
	s->next = (s->next + 1) % SEEN_MAX;
}

const struct seen_one *
seen_find(const struct seen *s, uint16_t id, uint32_t digest)
{
	for (size_t i = 0; id && i < SEEN_MAX; i++)
		if (s->all[i].id == id && s->all[i].digest == digest)
			return &s->all[i];
	return NULL;
}

void
seen_took(struct seen *s, uint64_t event)
{
	for (size_t i = 0; i < SEEN_MAX; i++)
		if (s->all[i].event == event)
			s->all[i].event = 0;
}

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";

/* Six bits a character: 16 of the id and 32 of the digest are eight of them, the oldest first. */
void
seen_format(const struct seen *s, char out[SEEN_TEXT])
{
	char *at = out;

	for (size_t i = 0; i < SEEN_MAX; i++) {
		const struct seen_one *one = &s->all[(s->next + i) % SEEN_MAX];
		uint64_t bits = (uint64_t)one->id << 32 | one->digest;

		for (int c = 7; one->id && c >= 0; c--)
			*at++ = digits[bits >> (6 * c) & 63];
	}
	*at = '\0';
}

void
seen_parse(struct seen *s, const char *text)
{
	*s = (struct seen){ 0 };
	while (strlen(text) >= 8) {
		uint64_t bits = 0;

		for (int c = 0; c < 8; c++) {
			const char *digit = strchr(digits, *text++);

			if (!digit)
				return;
			bits = bits << 6 | (uint64_t)(digit - digits);
		}
		if (bits >> 32 & 0xffff)
			seen_add(s, (uint16_t)(bits >> 32), (uint32_t)bits, 0);
	}
}
