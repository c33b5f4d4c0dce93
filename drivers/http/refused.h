/* refused.h -- streams of HTTP/2 that the provider has refused: surely nothing of theirs was taken. */
#ifndef GONG_HTTP_REFUSED_H
#define GONG_HTTP_REFUSED_H

#include <curl/curl.h>

/* From now on `refused` is called for each, while curl runs, before curl tries that request again or
 * gives it up.  One at a time; NULL ends it. */
void refused_watch(void (*refused)(void *ctx, CURL *easy), void *ctx);

#endif
