/* sendsms.h -- Kannel's own address, for systems that were written for it (docs/sources.md, Kannel). */
#ifndef GONG_WEB_SENDSMS_H
#define GONG_WEB_SENDSMS_H

#include "daemon/web/internal.h"

/* Is it that address, and is there a source of that format? */
bool sendsms_is(const struct settings *, const char *path);
void sendsms_head(struct web *, struct http_conn *, struct exchange *);
void sendsms_whole(struct web *, struct http_conn *, struct exchange *);
/* The engine's answer to it, as Kannel gives it. */
void sendsms_give(struct http_conn *, const char *json);

/* sendsms_words.c: status and text, as Kannel has them for the like. */
#define SENDSMS_TEXT 160
int sendsms_refusal(const struct err *, char out[SENDSMS_TEXT]);
int sendsms_verdict(const char *json, char out[SENDSMS_TEXT]);

#endif
