/* national.h -- GSM 7 bit text that asks for a national language's tables.
 * 3GPP TS 23.038 A.2 (single shift), A.3 (locking shift); the user data header asks for them by
 * TS 23.040 9.2.3.24.15 and .16.  Pure.  Turkish, Spanish and Portuguese, whose tables agree in
 * ofono 1.31 (src/util.c) and in the tables that gsmcodecs took from TS 23.038 V18.0.0.  The
 * ten languages of India and Pakistan are not here: nothing independent was at hand to check
 * them by, and a phone that has them sends UCS-2 as readily. */
#ifndef GONG_MODEM_NATIONAL_H
#define GONG_MODEM_NATIONAL_H

#include <stdbool.h>
#include <stddef.h>

/* `ud`: the user data of `octets` octets, its header first if `has_udh`; `septets` is TP-UDL.
 * UTF-8, caller owns; NULL when no table of ours is asked for, so that the default alphabet
 * holds.  Lengths that lie are cut to what is there. */
char *national_text(const unsigned char *ud, size_t octets, unsigned septets, bool has_udh);

#endif
