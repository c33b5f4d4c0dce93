/* source.h -- the door of other systems. */
#ifndef GONG_WEB_SOURCE_H
#define GONG_WEB_SOURCE_H

#include "daemon/parse/parse.h"
#include "daemon/web/internal.h"

#define SOURCE_PREFIX "/v1/in/"

/* POST /v1/in/NAME[/TOKEN]: who it is, is asked before its body is taken, but for an HMAC of it. */
void source_head(struct web *, struct http_conn *, struct exchange *);
void source_whole(struct web *, struct http_conn *, struct exchange *);
/* POST /v1/sources/{name}/test: the body as that source would send it; nothing comes of it. */
void source_try(struct web *, struct http_conn *, struct exchange *);
/* Is there room for one more signal of it?  false: it was refused. */
bool source_has_room(struct web *, struct http_conn *, const struct source_conf *);
/* Reads that as the source's format, and hands it to the engine, which answers. */
void source_hand_on(struct web *, struct http_conn *, const struct parse_ask *);
void source_queues_free(struct web *);

#endif
