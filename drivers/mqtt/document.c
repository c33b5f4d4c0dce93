/* document.c -- a message as gongd's fetchers hand it to a format: its bytes, and as labels what the
 * topic says.  What the bytes mean, the source's format knows. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "drivers/mqtt/mqtt.h"
#include "drivers/mqtt/topic.h"

static void
label_parts(json_t *labels, const struct mqtt_settings *s, const struct packet_publish *publish)
{
	struct topic_part parts[TOPIC_PARTS_MAX];
	int count = -1;
	char name[24];

	for (size_t i = 0; i < s->topic_count && count < 0; i++)
		count = topic_match(s->topics[i], publish->topic, publish->topic_len, parts);
	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "topic_%d", i + 1);
		json_object_set_new(labels, name, json_stringn(parts[i].text, parts[i].len));
	}
}

/* What JSON would write as six characters each: not what people or programs mean as text. */
static bool
has_controls(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)bytes[i] < ' ' && !strchr("\t\n\r", bytes[i]))
			return true;
	return memchr(bytes, '\0', len) != NULL;
}

/* Text as it is, everything else in base64: a format that cannot read it says so. */
static void
set_bytes(json_t *document, const char *bytes, size_t len)
{
	json_t *text = has_controls(bytes, len) ? NULL : json_stringn(bytes, len);
	char *encoded;

	if (text) {
		json_object_set_new(document, "body", text);
		return;
	}
	encoded = xmalloc(len / 3 * 4 + 5);
	EVP_EncodeBlock((unsigned char *)encoded, (const unsigned char *)bytes, (int)len);
	json_object_set_new(document, "base64", json_string(encoded));
	free(encoded);
}

/* Words become one JSON string, which the rules file reads at "". */
static void
set_words(json_t *document, const char *bytes, size_t len)
{
	json_t *text = has_controls(bytes, len) ? NULL : json_stringn(bytes, len);
	char *quoted = text ? json_dumps(text, JSON_ENCODE_ANY) : NULL;

	if (quoted)
		json_object_set_new(document, "body", json_string(quoted));
	else
		set_bytes(document, bytes, len);
	free(quoted);
	json_decref(text);
}

/* As much of it as is whole characters. */
static size_t
cut(const char *bytes, size_t len)
{
	size_t at = len;

	while (at && len - at < 4 && ((unsigned char)bytes[at - 1] & 0xc0) == 0x80)
		at--;
	return at && ((unsigned char)bytes[at - 1] & 0xc0) == 0xc0 ? at - 1 : len;
}

/* An empty message takes back what was kept under its topic (3.3.1.3), and says nothing else. */
json_t *
document_of(const struct mqtt_settings *s, const struct packet_publish *publish, const char *payload, size_t len)
{
	json_t *document, *labels;

	if (!publish->payload_len)
		return NULL;
	if (len < publish->payload_len)
		len = cut(payload, len);
	document = json_object();
	labels = json_pack("{s:o}", "topic", json_stringn(publish->topic, publish->topic_len));
	label_parts(labels, s, publish);
	if (s->is_text)
		set_words(document, payload, len);
	else
		set_bytes(document, payload, len);
	if (len < publish->payload_len)
		json_object_set_new(labels, "cut_bytes", json_sprintf("%zu", publish->payload_len - len));
	json_object_set_new(document, "labels", labels);
	json_object_set(document, "about", json_object_get(labels, "topic"));
	return document;
}
