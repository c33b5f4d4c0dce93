/* settings.c -- reads the options of an MQTT source; it refuses what it does not know. */
#include "drivers/mqtt/settings.h"

#include <stddef.h>
#include <string.h>

#include "core/buf.h"
#include "core/number.h"
#include "drivers/mqtt/topic.h"

#define PORT_PLAIN 1883			/* as IANA has them */
#define PORT_TLS 8883

enum shape { SHAPE_TEXT, SHAPE_PATH, SHAPE_NUMBER };

#define TEXT(name, shape, most) { #name, shape, offsetof(struct mqtt_settings, name), 1, 1, most }
#define NUMBER(name, field, unit, least, most) { name, SHAPE_NUMBER, \
	offsetof(struct mqtt_settings, field), unit, least, most }

/* Those of one value; "broker", "topics" and "payload" have functions of their own. */
static const struct {
	const char *name;
	enum shape shape;
	size_t offset;
	msec unit, least, most;
} options[] = {
	TEXT(username, SHAPE_TEXT, 255), TEXT(password, SHAPE_TEXT, 1000),
	TEXT(ca_file, SHAPE_PATH, 255), TEXT(client_cert, SHAPE_PATH, 255), TEXT(client_key, SHAPE_PATH, 255),
	TEXT(client_id, SHAPE_TEXT, 64),
	NUMBER("keepalive_seconds", keepalive_ms, SECONDS(1), 5, 600),
	NUMBER("bytes_max", bytes_max, 1, 64, 131072),
};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

static int
set_text(const char **place, size_t row, json_t *value, struct err *err)
{
	const char *name = options[row].name, *text = json_string_value(value);

	if (!text || !*text || (msec)strlen(text) > options[row].most)
		return err_field(err, name, "option `%s` must be a text in quotes, 1 to %lld bytes long", name,
				 (long long)options[row].most);
	if (options[row].shape == SHAPE_PATH && *text != '/')
		return err_field(err, name, "option `%s` must be a whole path that begins with \"/\", not "
				 "\"%.80s\"", name, text);
	*place = text;
	return 0;
}

/* Options of gong.conf arrive as texts, those of a JSON configuration as numbers. */
static int
set_number(msec *place, size_t row, json_t *value, struct err *err)
{
	const char *name = options[row].name, *text = json_string_value(value);
	msec least = options[row].least, most = options[row].most, number = json_integer_value(value);

	if (text ? whole_parse(&number, text, least, most) < 0
	    : !json_is_integer(value) || number < least || number > most)
		return err_field(err, name, "option `%s` must be a whole number from %lld to %lld", name,
				 (long long)least, (long long)most);
	*place = number * options[row].unit;
	return 0;
}

static int
broker_fault(const char *text, struct err *err)
{
	return err_field(err, "broker", "option `broker` must be \"mqtt://HOST:PORT\", or "
			 "\"mqtts://HOST:PORT\" with TLS, not \"%.100s\"", text ? text : "");
}

/* HOST, [IPV6], each with :PORT or without. */
static int
set_broker(struct mqtt_settings *s, json_t *value, struct err *err)
{
	const char *text = json_string_value(value), *host, *end;
	int64_t port;
	size_t len;

	s->tls = text && strncmp(text, "mqtts://", 8) == 0;
	if (!text || (!s->tls && strncmp(text, "mqtt://", 7) != 0))
		return broker_fault(text, err);
	host = text + (s->tls ? 8 : 7);
	if (*host == '[')
		end = strchr(++host, ']');
	else
		end = host + strcspn(host, ":/");
	if (!end || end == host || (len = (size_t)(end - host)) >= sizeof(s->host) ||
	    strcspn(host, " @?#%\t") < len)
		return broker_fault(text, err);
	memcpy(s->host, host, len);
	s->host[len] = '\0';
	end += *end == ']';
	port = s->tls ? PORT_TLS : PORT_PLAIN;
	if (*end && (*end != ':' || whole_parse(&port, end + 1, 1, 65535) < 0))
		return broker_fault(text, err);
	s->port = port;
	return 0;
}

static int
add_topic(struct mqtt_settings *s, const char *filter, struct err *err)
{
	const char *fault = filter ? topic_filter_fault(filter) : NULL;

	if (!filter)
		return err_field(err, "topics", "option `topics` must be texts in quotes");
	if (fault)
		return err_field(err, "topics", "option `topics`: \"%.100s\" %s", filter, fault);
	s->topics[s->topic_count++] = filter;
	return 0;
}

/* Of all together, as JSON has them. */
static size_t
topic_bytes(const struct mqtt_settings *s)
{
	size_t bytes = 0;

	for (size_t i = 0; i < s->topic_count; i++)
		for (const char *c = s->topics[i]; *c; c++)
			bytes += *c == '"' || *c == '\\' ? 2 : 1;
	return bytes;
}

/* A list, or one text. */
static int
set_topics(struct mqtt_settings *s, json_t *value, struct err *err)
{
	json_t *one;
	size_t i;

	if (json_is_string(value))
		return add_topic(s, json_string_value(value), err);
	if (!json_is_array(value) || !json_array_size(value) || json_array_size(value) > TOPICS_MAX)
		return err_field(err, "topics", "option `topics` must be a list of 1 to %d topics, as "
				 "[\"rain/+/mm\"]", TOPICS_MAX);
	json_array_foreach(value, i, one)
		if (add_topic(s, json_string_value(one), err) < 0)
			return -1;
	if (topic_bytes(s) > TOPICS_BYTES)
		return err_field(err, "topics", "option `topics` has more than %d bytes; a wildcard may stand for "
				 "several", TOPICS_BYTES);
	return 0;
}

static int
set_payload(struct mqtt_settings *s, json_t *value, struct err *err)
{
	const char *text = json_string_value(value);

	s->is_text = text && strcmp(text, "text") == 0;
	if (s->is_text || (text && strcmp(text, "json") == 0))
		return 0;
	return err_field(err, "payload", "option `payload` must be \"json\" or \"text\"");
}

static int
unknown_option(const char *name, struct err *err)
{
	struct buf known = { 0 };

	for (size_t i = 0; i < OPTIONS; i++)
		buf_printf(&known, ", %s", options[i].name);
	err_field(err, name, "gong-mqtt knows no option `%.60s`; it knows broker, topics, payload%s", name,
		  known.data);
	buf_fini(&known);
	return -1;
}

static int
set_option(struct mqtt_settings *s, const char *name, json_t *value, struct err *err)
{
	if (strcmp(name, "broker") == 0)
		return set_broker(s, value, err);
	if (strcmp(name, "topics") == 0)
		return set_topics(s, value, err);
	if (strcmp(name, "payload") == 0)
		return set_payload(s, value, err);
	for (size_t i = 0; i < OPTIONS; i++) {
		void *place = (char *)s + options[i].offset;

		if (strcmp(options[i].name, name) == 0)
			return options[i].shape == SHAPE_NUMBER ? set_number(place, i, value, err)
				: set_text(place, i, value, err);
	}
	return unknown_option(name, err);
}

/* A server may send what two filters fit twice (3.3.5): none is asked for that another one covers. */
static void
choose_wanted(struct mqtt_settings *s)
{
	for (size_t i = 0; i < s->topic_count; i++) {
		bool is_covered = false;

		for (size_t j = 0; j < s->topic_count; j++)
			is_covered |= j != i && topic_covers(s->topics[j], s->topics[i]) &&
				      (j < i || !topic_covers(s->topics[i], s->topics[j]));
		if (!is_covered)
			s->wanted[s->wanted_count++] = s->topics[i];
	}
}

/* Rules that join several options. */
static int
check(const struct mqtt_settings *s, struct err *err)
{
	if (!s->host[0])
		return err_field(err, "broker", "option `broker` is missing, as \"mqtt://192.168.1.5:1883\"");
	if (!s->topic_count)
		return err_field(err, "topics", "option `topics` is missing, as [\"rain/+/mm\"]");
	if (s->password && !s->username)
		return err_field(err, "username", "option `username` is missing: MQTT has no password without "
				 "a name");
	if (!s->client_cert != !s->client_key)
		return err_field(err, s->client_cert ? "client_key" : "client_cert", "options `client_cert` and "
				 "`client_key` belong together");
	if (!s->tls && (s->ca_file || s->client_cert))
		return err_field(err, "broker", "options `ca_file` and `client_cert` are of TLS: write "
				 "\"mqtts://\"");
	return 0;
}

int
mqtt_settings_parse(struct mqtt_settings *out, json_t *config, struct err *err)
{
	const char *name;
	json_t *value;

	*out = (struct mqtt_settings){ .keepalive_ms = SECONDS(30), .bytes_max = 65536 };
	json_object_foreach(config, name, value)
		if (set_option(out, name, value, err) < 0)
			return -1;
	if (check(out, err) < 0)
		return -1;
	choose_wanted(out);
	return 0;
}
