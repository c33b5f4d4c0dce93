/* receipts.c -- joins the network's reports of parts into one receipt a message. */
#include "drivers/modem/receipts.h"

#include <stdio.h>
#include <string.h>

void
receipts_begin(struct receipts *r, const char *id, const char *to, unsigned expected)
{
	struct sent_message *m = &r->ring[r->next];

	r->next = (r->next + 1) % RECEIPTS_KEPT;
	memset(m, 0, sizeof(*m));
	m->expected = expected;
	snprintf(m->id, sizeof(m->id), "%s", id);
	snprintf(m->to, sizeof(m->to), "%s", to);
}

void
receipts_part(struct receipts *r, unsigned ref)
{
	struct sent_message *m = &r->ring[(r->next + RECEIPTS_KEPT - 1) % RECEIPTS_KEPT];

	m->last_ref = (unsigned char)ref;
	if (m->parts < sizeof(m->refs))
		m->refs[m->parts++] = (unsigned char)ref;
}

static const char *
digits(const char *number)
{
	return number + (*number == '+');
}

/* Newest first: references come round again. */
static struct sent_message *
find(struct receipts *r, const char *to, unsigned ref, unsigned *part)
{
	for (unsigned back = 1; back <= RECEIPTS_KEPT; back++) {
		struct sent_message *m =
			&r->ring[(r->next + RECEIPTS_KEPT - back) % RECEIPTS_KEPT];

		if (strcmp(digits(m->to), digits(to)) != 0)
			continue;
		for (*part = 0; *part < m->parts; ++*part)
			if (m->refs[*part] == ref && !(m->delivered >> *part & 1))
				return m;
	}
	return NULL;
}

bool
receipts_settle(struct receipts *r, const char *to, unsigned ref, const char *state,
		const struct sent_message **message)
{
	unsigned part;
	struct sent_message *m = find(r, to, ref, &part);

	*message = m;
	if (!m)
		return true;
	if (strcmp(state, "buffered") == 0)
		return m->expected == 1;
	if (m->settled)
		return false;
	if (strcmp(state, "delivered") == 0) {
		m->delivered |= 1u << part;
		if (__builtin_popcount(m->delivered) < (int)m->expected)
			return false;		/* a receipt may overtake the next part */
	}
	m->settled = true;
	return true;
}
