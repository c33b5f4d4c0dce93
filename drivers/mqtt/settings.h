/* settings.h -- the configuration of an MQTT source, checked: which broker, which topics, as whom.
 * It reads JSON and no file. */
#ifndef GONG_MQTT_SETTINGS_H
#define GONG_MQTT_SETTINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/msec.h"

#define TOPICS_MAX 16
#define TOPICS_BYTES 2000		/* of all filters together: they are kept in `keep` */
#define HOST_TEXT 256

struct mqtt_settings {			/* texts are borrowed from the JSON; NULL = not set */
	char host[HOST_TEXT];		/* a name or an address, without brackets */
	msec port;
	bool tls, is_text;		/* is_text: a payload is words, not JSON */
	const char *topics[TOPICS_MAX];	/* filters as they were said, for what their wildcards stand */
	size_t topic_count;
	const char *wanted[TOPICS_MAX];	/* those that no other one covers: what is subscribed to */
	size_t wanted_count;
	const char *username, *password;
	const char *ca_file, *client_cert, *client_key;
	const char *client_id;
	msec keepalive_ms;
	msec bytes_max;			/* of a payload; of a longer one only the beginning is told */
};

/* Every option must be known and of the right shape; err->field names it. */
int mqtt_settings_parse(struct mqtt_settings *out, json_t *config, struct err *);

#endif
