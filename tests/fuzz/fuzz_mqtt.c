/* fuzz_mqtt.c -- what a server sends, in any pieces; topics and filters of anybody. */
#include "tests/fuzz/fuzz.h"

#include "core/segment.h"
#include "drivers/mqtt/packet.h"
#include "drivers/mqtt/topic.h"

static void
check_publish(const struct packet *p, const uint8_t *body, size_t len)
{
	struct packet_publish whole, part;
	struct topic_part parts[TOPIC_PARTS_MAX];
	size_t have = len < p->body ? len : p->body;
	int rc = packet_publish_read(&whole, p, body, have);

	promise(rc == 0 || rc == 1 || rc == -1, "an answer is one of three");
	promise(rc != 0 || have < p->body, "of a whole packet nothing is missing");
	if (rc != 1)
		return;
	promise(whole.at <= have && whole.at + whole.payload_len == p->body, "a payload ends with its packet");
	promise(whole.topic_len && utf8_check(whole.topic, whole.topic_len, NULL) == 0, "a topic is UTF-8");
	promise(!whole.qos == !whole.id, "who wants an acknowledgement has an id");
	promise(packet_publish_read(&part, p, body, whole.at) == 1 && part.id == whole.id &&
		part.at == whole.at, "what begins a packet says all but the payload");
	for (size_t cut = 0; cut < whole.at; cut++)
		promise(packet_publish_read(&part, p, body, cut) == 0, "less of it is too little, never wrong");
	promise(topic_match("#", whole.topic, whole.topic_len, parts) == (whole.topic[0] == '$' ? -1 : 1),
		"# fits every topic but the server's own");
}

static void
check_suback(const struct packet *p, const uint8_t *body)
{
	uint16_t id;
	int refused;

	if (packet_suback_read(&id, &refused, p->body - 2, p, body) == 0)
		promise(refused >= -1 && refused < (int)p->body - 2, "what is refused is one of them");
}

/* One packet; how many bytes it has, 0 = no more can be read. */
static size_t
check_packet(const uint8_t *data, size_t size)
{
	struct packet p;
	uint16_t id;
	uint8_t code;
	bool present;

	if (packet_read(&p, data, size) != 1)
		return 0;
	promise(p.head >= 2 && p.head <= 5 && p.head <= size && p.body <= PACKET_BODY_MAX, "a header has its size");
	if (p.type == PACKET_PUBLISH)
		check_publish(&p, data + p.head, size - p.head);
	if (p.body > size - p.head)
		return 0;
	if (p.type == PACKET_SUBACK)
		check_suback(&p, data + p.head);
	if (p.type == PACKET_CONNACK)
		packet_connack_read(&present, &code, &p, data + p.head);
	if (p.type == PACKET_UNSUBACK)
		packet_unsuback_read(&id, &p, data + p.head);
	return p.head + p.body;
}

/* "FILTER\nFILTER\nTOPIC": whatever fits the second fits the first, when that covers it. */
static void
check_topics(char *text)
{
	char *other = strchr(text, '\n'), *topic = other ? strchr(other + 1, '\n') : NULL;
	struct topic_part parts[TOPIC_PARTS_MAX];
	size_t len;
	int count;

	if (!topic)
		return;
	*other++ = *topic++ = '\0';
	len = strlen(topic);
	if (topic_filter_fault(text) || topic_filter_fault(other))
		return;
	count = topic_match(text, topic, len, parts);
	for (int i = 0; i < count; i++)
		promise(parts[i].text >= topic && parts[i].text + parts[i].len <= topic + len, "a part is of the topic");
	if (topic_covers(text, other) && topic_match(other, topic, len, parts) >= 0)
		promise(count >= 0, "a filter covers what it says");
	promise(topic_covers(text, text) || *text == '#' || *text == '+' || *text == '$', "a filter covers itself");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *exact = xmalloc(size + 1);	/* what lies behind it is the sanitizer's */
	char *text = fuzz_text(data, size);

	memcpy(exact, data, size);
	exact = xrealloc(exact, size ? size : 1);
	for (size_t at = 0, len; at < size && (len = check_packet(exact + at, size - at)) > 0; at += len)
		;
	check_topics(text);
	free(text);
	free(exact);
	return 0;
}
