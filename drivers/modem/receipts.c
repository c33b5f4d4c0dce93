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
	m->expected = expected < sizeof(m->refs) ? expected : sizeof(m->refs);
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

#define TELLING_DIGITS 8

/* Reports name people as their own network does: +8613800138000, 8613800138000, 13800138000. */
static bool
is_same_number(const char *a, const char *b)
{
	size_t a_len, b_len;

	a += *a == '+';
	b += *b == '+';
	a_len = strlen(a);
	b_len = strlen(b);
	if (a_len < TELLING_DIGITS || b_len < TELLING_DIGITS)
		return strcmp(a, b) == 0;
	return a_len < b_len ? strcmp(a, b + b_len - a_len) == 0
			     : strcmp(a + a_len - b_len, b) == 0;
}

/* Newest first: references come round again.  *part: the one of this reference that still waits
 * for its report, else one that has had it. */
static struct sent_message *
find(struct receipts *r, const char *to, unsigned ref, unsigned *part)
{
	struct sent_message *again = NULL;

	for (unsigned back = 1; back <= RECEIPTS_KEPT; back++) {
		struct sent_message *m =
			&r->ring[(r->next + RECEIPTS_KEPT - back) % RECEIPTS_KEPT];

		if (!is_same_number(m->to, to))
			continue;
		for (unsigned i = 0; i < m->parts; i++) {
			if (m->refs[i] != ref)
				continue;
			if (!(m->delivered >> i & 1)) {
				*part = i;
				return m;
			}
			if (!again) {
				again = m;
				*part = i;
			}
		}
	}
	return again;
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
		return m->expected == 1 && !m->settled;
	if (m->settled || m->delivered >> part & 1)
		return false;
	if (strcmp(state, "delivered") == 0) {
		m->delivered |= 1u << part;
		if (__builtin_popcount(m->delivered) < (int)m->expected)
			return false;		/* a receipt may overtake the next part */
	}
	m->settled = true;
	return true;
}
