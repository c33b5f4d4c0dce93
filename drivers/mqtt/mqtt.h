/* mqtt.h -- what the files of gong-mqtt share. */
#ifndef GONG_MQTT_H
#define GONG_MQTT_H

#include <jansson.h>

#include "drivers/kit/kit.h"
#include "drivers/mqtt/session.h"
#include "drivers/mqtt/settings.h"

#define CLIENT_ID 65

struct mqtt {
	struct kit *kit;
	bool is_open;
	json_t *config, *kept;		/* settings and stale filters point into them */
	struct mqtt_settings settings;
	char client_id[CLIENT_ID];
	struct session session;
	json_t *documents;		/* of the batch that is read now */
	struct event minute;
	unsigned losses_logged;
	unsigned long long empty, too_long;
};

/* document.c: one message as a document, or NULL: it says nothing. */
json_t *document_of(const struct mqtt_settings *, const struct packet_publish *, const char *payload, size_t len);

/* health.c */
void health_tell(struct mqtt *);

/* keep.c: what gongd hands back at the next open. */
void keep_read(struct mqtt *, const char *state);
char *keep_text(const struct mqtt *);		/* caller frees */
bool keep_is_new(const struct mqtt *);		/* broker, client or filters are not what was kept */

/* confined.c */
void confined_to_broker(struct mqtt *);

#endif
