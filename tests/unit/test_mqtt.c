/* test_mqtt.c -- MQTT packets as the standard's octets, topics and their wildcards, what may be
 * acknowledged when, what is known already, and the options. */
#include "tests/unit/unit.h"

#include "drivers/mqtt/flight.c"
#include "drivers/mqtt/packet.c"
#include "drivers/mqtt/seen.c"
#include "drivers/mqtt/settings.c"
#include "drivers/mqtt/topic.c"

/* -- what we write -- */

static void
is_octets(const char *sentence, struct buf *got, const char *want, size_t len)
{
	holds(sentence, got->len == len && memcmp(got->data, want, len) == 0, "%zu octets", got->len);
	buf_fini(got);
}
#define OCTETS(sentence, got, text) is_octets(sentence, &(got), text, sizeof(text) - 1)

static void
writes(void **state)
{
	static const char *const filters[] = { "a/+", "b" };
	struct buf out = { 0 };

	packet_connect(&out, &(struct packet_connect){ .client_id = "gong1", .keepalive_s = 30 });
	OCTETS("a session that lasts", out, "\x10\x11\0\4MQTT\4\0\0\x1e\0\5gong1");
	packet_connect(&out, &(struct packet_connect){ .client_id = "g", .username = "u", .password = "pw",
						       .keepalive_s = 256, .clean = true });
	OCTETS("a name, a password and a clean session", out, "\x10\x14\0\4MQTT\4\xc2\1\0\0\1g\0\1u\0\2pw");
	packet_connect(&out, &(struct packet_connect){ .client_id = "g", .username = "u" });
	OCTETS("a name alone", out, "\x10\x10\0\4MQTT\4\x80\0\0\0\1g\0\1u");
	packet_subscribe(&out, 0x1234, filters, 2);
	OCTETS("filters with QoS 1", out, "\x82\x0c\x12\x34\0\3a/+\1\0\1b\1");
	packet_unsubscribe(&out, 2, filters, 2);
	OCTETS("filters taken back", out, "\xa2\x0a\0\2\0\3a/+\0\1b");
	packet_puback(&out, 0xfffe);
	OCTETS("an acknowledgement", out, "\x40\2\xff\xfe");
	packet_pingreq(&out);
	packet_disconnect(&out);
	OCTETS("two without a body", out, "\xc0\0\xe0\0");
}

static void
writes_long_ones(void **state)
{
	char *filter = xmalloc(300);
	const char *const filters[] = { filter };
	struct buf out = { 0 };

	memset(filter, 'x', 299);
	filter[299] = '\0';
	packet_subscribe(&out, 1, filters, 1);
	holds("a length of two octets", out.len == 307 && memcmp(out.data, "\x82\xb0\2\0\1\1\x2b", 7) == 0,
	      "%zu", out.len);
	buf_fini(&out);
	free(filter);
}

/* -- what a server says -- */

static const struct {
	const char *sentence, *bytes;
	size_t len;
	int rc;
	size_t head, body;
} heads[] = {
#define HEAD(sentence, text, ...) { sentence, text, sizeof(text) - 1, __VA_ARGS__ }
	HEAD("nothing is too little", "", 0, 0, 0),
	HEAD("one octet is too little", "\x30", 0, 0, 0),
	HEAD("a length that goes on is too little", "\x30\x80", 0, 0, 0),
	HEAD("one octet of length", "\x30\x7f", 1, 2, 127),
	HEAD("two octets of length", "\x30\x80\x01", 1, 3, 128),
	HEAD("four octets of length", "\x30\xff\xff\xff\x7f", 1, 5, PACKET_BODY_MAX),
	HEAD("five are malformed", "\x30\xff\xff\xff\xff", -1, 0, 0),
	HEAD("type 0 is reserved", "\0\0", -1, 0, 0),
	HEAD("type 15 is reserved", "\xf0\0", -1, 0, 0),
	HEAD("a server does not connect", "\x10\2", -1, 0, 0),
	HEAD("nor subscribes", "\x82\5", -1, 0, 0),
	HEAD("nor acknowledges who never publishes", "\x40\2", -1, 0, 0),
	HEAD("an answer to a ping", "\xd0\0", 1, 2, 0),
	HEAD("which has no body", "\xd0\1", -1, 0, 0),
	HEAD("and no flags", "\xd1\0", -1, 0, 0),
	HEAD("QoS 2 was not asked for", "\x34\6", -1, 0, 0),
	HEAD("QoS 3 there is none", "\x36\6", -1, 0, 0),
};

static void
reads_heads(void **state)
{
	for (size_t i = 0; i < COUNT(heads); i++) {
		struct packet p;
		int rc = packet_read(&p, (const uint8_t *)heads[i].bytes, heads[i].len);

		holds(heads[i].sentence, rc == heads[i].rc, "%d", rc);
		if (rc == 1)
			holds(heads[i].sentence, p.head == heads[i].head && p.body == heads[i].body,
			      "%zu and %zu", p.head, p.body);
	}
}

static const struct {
	const char *sentence, *bytes;
	size_t len;
	int rc;
	const char *topic;
	struct packet_publish want;
} publishes[] = {
	HEAD("QoS 1 has an id", "\x32\7\0\3a/b\0\7", 1, "a/b", { .id = 7, .qos = 1, .at = 7 }),
	HEAD("and a payload behind it", "\x32\x09\0\3a/b\0\7hi", 1, "a/b",
	     { .id = 7, .qos = 1, .at = 7, .payload_len = 2 }),
	HEAD("what is kept is marked, and so is what comes again", "\x3b\7\0\3a/b\1\0", 1, "a/b",
	     { .id = 256, .qos = 1, .at = 7, .dup = true, .retain = true }),
	HEAD("QoS 0 has no id", "\x30\6\0\3a/bx", 1, "a/b", { .at = 5, .payload_len = 1 }),
	HEAD("its payload may still be on the way", "\x32\x7f\0\3a/b\0\7", 1, "a/b",
	     { .id = 7, .qos = 1, .at = 7, .payload_len = 120 }),
	HEAD("its id must be there", "\x32\x7f\0\3a/b\0", 0, NULL, { 0 }),
	HEAD("its topic must be there", "\x32\x7f\0\3a", 0, NULL, { 0 }),
	HEAD("a topic longer than the packet", "\x32\7\0\xff" "a/b\0\7", -1, NULL, { 0 }),
	HEAD("an id of 0", "\x32\7\0\3a/b\0\0", -1, NULL, { 0 }),
	HEAD("an empty topic", "\x32\4\0\0\0\7", -1, NULL, { 0 }),
	HEAD("a wildcard in a topic", "\x32\7\0\3a/+\0\7", -1, NULL, { 0 }),
	HEAD("a NUL in a topic", "\x32\7\0\3a\0b\0\7", -1, NULL, { 0 }),
	HEAD("a topic that is no UTF-8", "\x32\7\0\3a/\xff\0\7", -1, NULL, { 0 }),
	HEAD("QoS 0 comes once", "\x38\6\0\3a/bx", -1, NULL, { 0 }),
};

static void
reads_publishes(void **state)
{
	for (size_t i = 0; i < COUNT(publishes); i++) {
		const uint8_t *bytes = (const uint8_t *)publishes[i].bytes;
		const struct packet_publish *want = &publishes[i].want;
		struct packet_publish got;
		struct packet p;
		int rc = packet_read(&p, bytes, publishes[i].len);

		holds(publishes[i].sentence, rc == 1, "head %d", rc);
		rc = packet_publish_read(&got, &p, bytes + p.head, publishes[i].len - p.head);
		holds(publishes[i].sentence, rc == publishes[i].rc, "%d", rc);
		if (rc != 1)
			continue;
		holds(publishes[i].sentence, got.id == want->id && got.qos == want->qos && got.dup == want->dup &&
		      got.retain == want->retain && got.at == want->at && got.payload_len == want->payload_len,
		      "id %u, at %zu, %zu octets", got.id, got.at, got.payload_len);
		holds(publishes[i].sentence, got.topic_len == strlen(publishes[i].topic) &&
		      memcmp(got.topic, publishes[i].topic, got.topic_len) == 0, "%zu", got.topic_len);
	}
}

static void
reads_connacks(void **state)
{
	const struct packet p = { .type = PACKET_CONNACK, .head = 2, .body = 2 };
	uint8_t code;
	bool present;

	holds("the session is still there", packet_connack_read(&present, &code, &p, (const uint8_t *)"\1\0") == 0 &&
	      present && code == CONNACK_ACCEPTED, "%d", code);
	holds("it is not", packet_connack_read(&present, &code, &p, (const uint8_t *)"\0\0") == 0 && !present,
	      "%d", code);
	holds("a password is wrong", packet_connack_read(&present, &code, &p, (const uint8_t *)"\0\4") == 0 &&
	      code == CONNACK_BAD_PASSWORD, "%d", code);
	holds("no refusal has a session", packet_connack_read(&present, &code, &p, (const uint8_t *)"\1\5") < 0,
	      "%d", code);
	holds("reserved bits", packet_connack_read(&present, &code, &p, (const uint8_t *)"\2\0") < 0, "%d", code);
}

static void
reads_subacks(void **state)
{
	const struct packet p = { .type = PACKET_SUBACK, .head = 2, .body = 4 };
	uint16_t id;
	int refused, rc;

	rc = packet_suback_read(&id, &refused, 2, &p, (const uint8_t *)"\0\7\1\1");
	holds("both are granted", rc == 0 && id == 7 && refused == -1, "%d", refused);
	rc = packet_suback_read(&id, &refused, 2, &p, (const uint8_t *)"\0\7\1\x80");
	holds("the second is refused", rc == 0 && refused == 1, "%d", refused);
	rc = packet_suback_read(&id, &refused, 2, &p, (const uint8_t *)"\0\7\0\1");
	holds("QoS 0 would lose what comes meanwhile", rc == 0 && refused == 0, "%d", refused);
	holds("QoS 2 was not asked for", packet_suback_read(&id, &refused, 2, &p, (const uint8_t *)"\0\7\2\1") < 0,
	      "%d", refused);
	holds("as many as were asked for", packet_suback_read(&id, &refused, 3, &p, (const uint8_t *)"\0\7\1\1") < 0,
	      "%d", refused);
}

/* -- topics -- */

static const struct {
	const char *filter, *topic;
	int count;
	const char *parts[3];
} matches[] = {
	{ "a/b", "a/b", 0, { 0 } },
	{ "a/b", "a/b/c", -1, { 0 } },
	{ "a/b", "a", -1, { 0 } },
	{ "a/b", "A/b", -1, { 0 } },
	{ "+/b", "a/b", 1, { "a" } },
	{ "+/b", "/b", 1, { "" } },
	{ "rain/+/mm", "rain/990121103/mm", 1, { "990121103" } },
	{ "rain/+/mm", "rain/990121103/x/mm", -1, { 0 } },
	{ "+/+", "/finance", 2, { "", "finance" } },	/* 4.7.1.3 */
	{ "/+", "/finance", 1, { "finance" } },
	{ "+", "/finance", -1, { 0 } },
	{ "a/+", "a/", 1, { "" } },
	{ "a/+", "a", -1, { 0 } },
	{ "#", "a/b/c", 1, { "a/b/c" } },
	{ "a/#", "a", 1, { "" } },			/* 4.7.1.2 */
	{ "a/#", "a/", 1, { "" } },
	{ "a/#", "a/b/c", 1, { "b/c" } },
	{ "a/#", "ab", -1, { 0 } },
	{ "+/x/#", "g/x", 2, { "g", "" } },
	{ "+/x/#", "g/x/1/2", 2, { "g", "1/2" } },
	{ "#", "$SYS/load", -1, { 0 } },		/* 4.7.2 */
	{ "+/load", "$SYS/load", -1, { 0 } },
	{ "$SYS/+", "$SYS/load", 1, { "load" } },
	{ "雨/+", "雨/村", 1, { "村" } },
};

static void
matches_topics(void **state)
{
	for (size_t i = 0; i < COUNT(matches); i++) {
		struct topic_part parts[TOPIC_PARTS_MAX];
		char sentence[100];
		int count = topic_match(matches[i].filter, matches[i].topic, strlen(matches[i].topic), parts);

		snprintf(sentence, sizeof(sentence), "%s against %s", matches[i].filter, matches[i].topic);
		holds(sentence, count == matches[i].count, "%d", count);
		for (int p = 0; p < count; p++)
			holds(sentence, parts[p].len == strlen(matches[i].parts[p]) &&
			      memcmp(parts[p].text, matches[i].parts[p], parts[p].len) == 0, "part %d: %.*s", p,
			      (int)parts[p].len, parts[p].text);
	}
}

static const struct {
	const char *filter, *other;
	bool covers;
} covered[] = {
	{ "a/b", "a/b", true }, { "a/+", "a/b", true }, { "a/b", "a/+", false }, { "a/#", "a/b/+", true },
	{ "a/#", "a", true }, { "a/+", "a", false }, { "#", "a/#", true }, { "a/+/c", "a/b/+", false },
	{ "a/+/#", "a/#", false }, { "a/#", "a/+/#", true }, { "+/+", "a/#", false }, { "#", "$SYS/x", false },
	{ "a/b", "a/bc", false }, { "+/b", "#", false },
};

static void
covers_filters(void **state)
{
	for (size_t i = 0; i < COUNT(covered); i++) {
		char sentence[100];

		snprintf(sentence, sizeof(sentence), "%s of %s", covered[i].filter, covered[i].other);
		holds(sentence, topic_covers(covered[i].filter, covered[i].other) == covered[i].covers, "%d",
		      !covered[i].covers);
	}
}

static void
refuses_filters(void **state)
{
	static const char *const bad[] = { "", "a+", "a/+b/c", "#/a", "a#", "a/\n", "a/\xff",
					   "+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+/+" };
	static const char *const good[] = { "a", "+", "#", "/", "a/+/b/#", "$SYS/#", "a b", "雨量/+" };

	for (size_t i = 0; i < COUNT(bad); i++)
		holds(bad[i], topic_filter_fault(bad[i]) != NULL, "no fault");
	for (size_t i = 0; i < COUNT(good); i++)
		holds(good[i], !topic_filter_fault(good[i]), "%s", topic_filter_fault(good[i]));
}

/* -- what may be acknowledged -- */

static void
acknowledges_in_order(void **state)
{
	struct flight f = { 0 };

	flight_add(&f, 10, 1);
	flight_add(&f, 11, 1);
	flight_add(&f, 12, 2);
	holds("nothing before gongd has it", flight_next(&f) == -1, "something");
	holds("another's event is none of ours", !flight_took(&f, 9), "it is");
	holds("the later event", flight_took(&f, 2), "is not there");
	holds("waits for what is older", flight_next(&f) == -1, "it does not");
	flight_took(&f, 1);
	holds("then all of them, as they came", flight_next(&f) == 10 && flight_next(&f) == 11 &&
	      flight_next(&f) == 12 && flight_next(&f) == -1, "in another order");
	flight_add(&f, 0, 3);
	flight_add(&f, 13, 3);
	flight_took(&f, 3);
	holds("QoS 0 wants none", flight_next(&f) == 13 && f.count == 0, "%zu left", f.count);
	flight_add(&f, 14, 4);
	flight_add(&f, 15, FLIGHT_TAKEN);
	holds("what nobody is told of waits for its turn", flight_next(&f) == -1, "it does not");
	flight_took(&f, 4);
	holds("which comes", flight_next(&f) == 14 && flight_next(&f) == 15, "it does not");
}

static void
is_full_at_64(void **state)
{
	struct flight f = { .first = 50 };

	for (unsigned i = 1; i <= FLIGHT_MAX; i++) {
		holds("there is room for 64", !flight_is_full(&f), "full at %u", i);
		flight_add(&f, (uint16_t)i, i);
	}
	holds("and no more", flight_is_full(&f), "%zu", f.count);
	for (unsigned i = 1; i <= FLIGHT_MAX; i++) {
		int id;

		flight_took(&f, i);
		id = flight_next(&f);
		holds("each comes out where it went in", id == (int)i, "%d", id);
	}
}

/* -- what is known already -- */

static uint32_t
digest(const char *topic, const char *payload)
{
	return seen_digest(topic, strlen(topic), payload, strlen(payload));
}

static void
knows_what_it_was_told(void **state)
{
	const uint32_t one = digest("a", "1"), two = digest("a", "2");
	char text[SEEN_TEXT];
	struct seen s = { 0 }, again;

	holds("a topic ends where it ends", digest("a", "bc") != digest("ab", "c"), "the same");
	seen_add(&s, 7, one, 1);
	seen_add(&s, 8, two, 2);
	holds("by id and content", seen_find(&s, 7, one) && !seen_find(&s, 7, two) && !seen_find(&s, 9, one), "not so");
	holds("it is not yet taken", seen_find(&s, 7, one)->event == 1, "it is");
	seen_took(&s, 1);
	holds("then it is, alone", seen_find(&s, 7, one)->event == 0 && seen_find(&s, 8, two)->event == 2, "not so");
	seen_format(&s, text);
	seen_parse(&again, text);
	holds("what is kept is taken", seen_find(&again, 7, one) && seen_find(&again, 8, two) &&
	      seen_find(&again, 8, two)->event == 0, "%s", text);
	seen_add(&s, 7, two, 3);
	holds("an id that came again was acknowledged", !seen_find(&s, 7, one), "it is still known");
	holds("QoS 0 comes once", !seen_find(&s, 0, one), "it is known");
}

static void
keeps_the_newest(void **state)
{
	char text[SEEN_TEXT], broken[] = "004oLjLT00!QBPqm00d3v7IC";
	struct seen s = { 0 }, again;

	for (unsigned i = 1; i <= SEEN_MAX + 10; i++)
		seen_add(&s, (uint16_t)i, i * 2654435761u, i);
	seen_format(&s, text);
	holds("128 of eight characters", strlen(text) == SEEN_MAX * 8, "%zu", strlen(text));
	seen_parse(&again, text);
	for (unsigned i = 1; i <= SEEN_MAX + 10; i++)
		holds("the oldest go first", !seen_find(&again, (uint16_t)i, i * 2654435761u) == (i <= 10), "%u", i);
	seen_parse(&again, broken);
	holds("what is no such text ends there", again.next == 1, "%zu",
	      again.next);
}

/* -- options -- */

static const struct {
	const char *json, *field;	/* NULL: it is good */
} settings[] = {
	{ "{'broker':'mqtt://h','topics':['a']}", NULL },
	{ "{'broker':'mqtts://[::1]:99','topics':['a','#'],'keepalive_seconds':5}", NULL },
	{ "{'broker':'mqtt://h/x','topics':['a']}", "broker" },
	{ "{'broker':'mqtt://h:65536','topics':['a']}", "broker" },
	{ "{'broker':'mqtt://[::1','topics':['a']}", "broker" },
	{ "{'broker':5,'topics':['a']}", "broker" },
	{ "{'topics':['a']}", "broker" },
	{ "{'broker':'mqtt://h'}", "topics" },
	{ "{'broker':'mqtt://h','topics':'a/+','keepalive_seconds':'45'}", NULL },	/* as gong.conf's options */
	{ "{'broker':'mqtt://h','topics':{}}", "topics" },
	{ "{'broker':'mqtt://h','topics':['a'],'password':'x'}", "username" },
	{ "{'broker':'mqtt://h','topics':['a'],'keepalive_seconds':'4s'}", "keepalive_seconds" },
	{ "{'broker':'mqtt://h','topics':[5]}", "topics" },
	{ "{'broker':'mqtt://h','topics':['a+']}", "topics" },
	{ "{'broker':'mqtt://h','topics':['a'],'username':''}", "username" },
	{ "{'broker':'mqtts://h','topics':['a'],'ca_file':'ca.pem'}", "ca_file" },
	{ "{'broker':'mqtts://h','topics':['a'],'client_key':'/k'}", "client_cert" },
	{ "{'broker':'mqtt://h','topics':['a'],'keepalive_seconds':601}", "keepalive_seconds" },
	{ "{'broker':'mqtt://h','topics':['a'],'qos':1}", "qos" },
};

static json_t *
config_of(const char *quoted)
{
	char *json = xstrdup(quoted);
	json_t *config;

	for (char *p = json; *p; p++)
		if (*p == '\'')
			*p = '"';
	config = json_loads(json, 0, NULL);
	free(json);
	return config;
}

static void
reads_options(void **state)
{
	for (size_t i = 0; i < COUNT(settings); i++) {
		json_t *config = config_of(settings[i].json);
		struct err err = { .text = "" };
		struct mqtt_settings s;
		int rc = mqtt_settings_parse(&s, config, &err);

		holds(settings[i].json, (rc == 0) == !settings[i].field, "%d: %s", rc, err.text);
		if (rc < 0)
			holds(settings[i].json, strcmp(err.field, settings[i].field) == 0, "%s", err.field);
		json_decref(config);
	}
}

static void
wants_what_no_other_filter_covers(void **state)
{
	json_t *config = config_of("{'broker':'mqtts://[fe80::1]','topics':['a/b','a/+','a/b','c','a/+','d/#','d']}");
	struct mqtt_settings s;

	assert_int_equal(mqtt_settings_parse(&s, config, NULL), 0);
	holds("an address without its brackets, and the port of TLS", strcmp(s.host, "fe80::1") == 0 && s.port == 8883,
	      "%s %lld", s.host, (long long)s.port);
	holds("three of seven", s.wanted_count == 3 && strcmp(s.wanted[0], "a/+") == 0 && strcmp(s.wanted[1], "c") == 0 &&
	      strcmp(s.wanted[2], "d/#") == 0 && s.topic_count == 7, "%zu", s.wanted_count);
	json_decref(config);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes),
		cmocka_unit_test(writes_long_ones),
		cmocka_unit_test(reads_heads),
		cmocka_unit_test(reads_publishes),
		cmocka_unit_test(reads_connacks),
		cmocka_unit_test(reads_subacks),
		cmocka_unit_test(matches_topics),
		cmocka_unit_test(covers_filters),
		cmocka_unit_test(refuses_filters),
		cmocka_unit_test(acknowledges_in_order),
		cmocka_unit_test(is_full_at_64),
		cmocka_unit_test(knows_what_it_was_told),
		cmocka_unit_test(keeps_the_newest),
		cmocka_unit_test(reads_options),
		cmocka_unit_test(wants_what_no_other_filter_covers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
