/* told.c -- things told of a record of the journal bear an id, by which gongd says that it has them. */
#include <inttypes.h>
#include <stdio.h>

#include "drivers/http/http.h"

void
told_owe(struct http *h, const char *id)
{
	if (h->telling.record)
		journal_owe(kit_journal(h->kit), h->telling.record, id);
}

const char *
told_took(struct http *h, char id[TOLD_ID])
{
	if (!h->telling.record)
		return NULL;
	snprintf(id, TOLD_ID, "j%016" PRIx64 ".%u", h->telling.record->in.id, ++h->telling.count);
	told_owe(h, id);
	return id;
}

void
told_inbound(struct http *h, const char *id, const char *from, const char *text)
{
	told_owe(h, id);
	kit_inbound(h->kit, id, from, text, kit_now());
}
