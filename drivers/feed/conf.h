/* conf.h -- gong-feed's options, gong-feed(8): `config` of a source, read and checked.  Pure. */
#ifndef GONG_FEED_CONF_H
#define GONG_FEED_CONF_H

#include <jansson.h>
#include <stdbool.h>

#include "core/err.h"
#include "core/msec.h"
#include "drivers/feed/list.h"

#define HOSTS_MAX 64
#define SENDERS_MAX 256
#define DOCUMENT_MAX 700000L		/* bytes: so that one has room in a line of 1 MiB, whatever is in it */

struct conf {				/* texts are borrowed from the config */
	const char *url;
	bool mailbox;			/* imaps:, not http: or https: */
	const char *user, *password, *authorization;
	json_t *headers;		/* name: text; NULL = none */
	const char *ca_file, *client_cert, *client_key;
	const char *hosts[HOSTS_MAX];	/* fetch_from: "host" or "host:port" */
	size_t host_count;
	struct list_rules rules;
	const char *folder, *authserv;	/* of a mailbox */
	const char *senders[SENDERS_MAX];
	size_t sender_count;
	msec every_ms, timeout_ms, alarm_after_ms;
	long feed_max, document_max, items_max;	/* bytes, bytes, items of one poll */
};

/* -1: err names the option and the remedy. */
int feed_conf_read(struct conf *, json_t *config, struct err *);

#endif
