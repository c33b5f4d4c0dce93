/* reading.c -- a question to the reader, as a request's path and query put it. */
#include "daemon/web/internal.h"

#include <stdlib.h>
#include <string.h>

struct read_query *
read_prepare(struct web *web, struct http_conn *c, struct exchange *x)
{
	struct read_query *read;
	struct err err;
	struct query q;
	int rc = query_parse(&q, http_request(c)->query, x->call->query, web->ports.now(web->ports.ctx), &err);

	if (rc == 0 && q.unmasked && !http_is_unix(c))
		rc = err_say(&err, REFUSED_FORBIDDEN, about_name(CONCEPT_QUERY, "unmasked"), unmasked_here);
	if (rc < 0) {
		web_refuse(c, &err);
		return NULL;
	}
	read = xcalloc(1, sizeof(*read));
	*read = (struct read_query){
		.what = (enum read_what)x->call->kind, .reply_to = http_id(c),
		.alert = q.alert ? q.alert : x->place.id, .limit = q.limit, .open_only = q.open,
		.below = q.below, .state = q.state, .unmasked = q.unmasked, .filter = q.filter,
		.by = x->by, .lang = web_reader(c),
	};
	memcpy(read->after, q.after, sizeof(read->after));
	return read;
}

void
read_ask(struct web *web, struct http_conn *c, struct read_query *read)
{
	if (web->ports.read(web->ports.ctx, read))
		return;
	free(read);
	web_busy(c);
}
