/* keep.h -- what a modem's driver remembers over its own end: one short text, kept by gongd. */
#ifndef GONG_MODEM_KEEP_H
#define GONG_MODEM_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/msec.h"
#include "drivers/modem/blame.h"

struct kept {
	unsigned failures, acted;	/* in a row; at which of them the rung was climbed */
	bool is_down;			/* the ladder has come to its end since it last worked */
	char port[256];			/* where the modem was last */
	char model[176];		/* its "maker model firmware"; it may be too far gone to say */
	uint64_t bad_pin;		/* hash of a PIN the SIM refused or has yet to answer; 0 = none */
	int day, month;			/* local, 20261124 and 202611 */
	unsigned sms_today, sms_month;	/* segments */
	char smsc[24], smsc_iccid[24];	/* the last service centre told, and by which SIM */
	bool has_balance;
	double balance;
	msec balance_at;		/* Unix */
	struct blames blames;
};

void keep_parse(struct kept *, const char *text);	/* NULL or unreadable: nothing kept */
char *keep_format(const struct kept *);			/* caller owns */
/* A segment left at `now` (Unix ms). */
void keep_count(struct kept *, msec now);
void keep_new_day(struct kept *, msec now);
uint64_t keep_pin(const char *pin, const char *iccid);	/* never 0 */

#endif
