/* shown.h -- a request as somebody at the office may see it: readable, and without what is secret. */
#ifndef GONG_HTTP_SHOWN_H
#define GONG_HTTP_SHOWN_H

#include "drivers/http/transfer.h"

#define SHOWN_BYTES 900

/* Appends method, path, query and body of what was sent, at most SHOWN_BYTES; no header.  Every text
 * that the config keeps secret (its "hidden", keys, passwords, the callback's secret) is "***". */
void shown_request(const struct profile *, const struct operation *, const struct transfer_result *,
		   struct buf *out);

#endif
