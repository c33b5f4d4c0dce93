/* hook.h -- gong-hook: HTTP requests that gongd hands it, one answer each.  From the ground: address.c;
 * post.c, a request; hook.c, the process. */
#ifndef GONG_HOOK_H
#define GONG_HOOK_H

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <jansson.h>
#include <sys/socket.h>

#include "drivers/kit/kit.h"

struct hook {
	struct kit *kit;
	CURLM *multi;
	struct event timer, leave;	/* of curl; of the last moment to go home */
	size_t running;
	bool closing;
};

/* May a callback go there?  `loopback`: also to this machine.  Never to addresses that are no host's, or
 * only a link's: clouds keep their keys at 169.254.169.254. */
bool address_is_allowed(const struct sockaddr *, bool loopback);

void post_init(struct hook *);
/* gongd's operation `post`: {"id", "method", "url", "key", "loopback"} and maybe "type", "body", "time",
 * "signature".  Answered by one `posted`. */
void post_start(struct hook *, json_t *op);

#endif
