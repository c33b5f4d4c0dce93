/* national.h -- GSM 7 bit text, also such as asks for a national language's tables.
 * 3GPP TS 23.038 6.2.1, A.2 (single shift), A.3 (locking shift); the user data header asks for them by
 * TS 23.040 9.2.3.24.15 and .16.  Pure.  Turkish, Spanish and Portuguese agree in ofono 1.31
 * (src/util.c) and in the tables that gsmcodecs took from TS 23.038 V18.0.0; where those of India
 * and Pakistan agree, national_tables.h says. */
#ifndef GONG_MODEM_NATIONAL_H
#define GONG_MODEM_NATIONAL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"

/* Where a part meets its neighbours: a character may be cut between them. */
struct seam {
	bool begins;			/* its first septet is known, and no escape */
	bool ends_escaped;		/* its last septet escapes the first one of the next part */
	unsigned char first;		/* septet */
	unsigned char locking, shift;	/* national language identifiers; 0 = the default */
};

/* `ud`: the user data of `octets` octets, its header first if `has_udh`; `septets` is TP-UDL.
 * UTF-8, caller owns; a table that is not here counts as the default alphabet.  Lengths that lie are
 * cut to what is there.  *seam may be NULL. */
char *national_text(const unsigned char *ud, size_t octets, unsigned septets, bool has_udh,
		    struct seam *seam);
/* One septet of the default alphabet. */
void national_put(struct buf *, unsigned septet);
/* What the part that begins so means after an escape. */
void national_put_escaped(struct buf *, const struct seam *);

#endif
