/* quirks.h -- what one model of modem does unlike others, read from a file (config/modems.conf).
 * A section `model "name" { match = … }` holds for a modem whose "maker model firmware" its
 * pattern (POSIX ERE, case ignored) finds; `model "*"` holds for all.  All that hold are laid
 * over one another in the order of the file, option by option, over what is built in. */
#ifndef GONG_MODEM_QUIRKS_H
#define GONG_MODEM_QUIRKS_H

#include <stddef.h>

#include "core/err.h"

enum quirk_receipts { RECEIPTS_DIRECT, RECEIPTS_STORED, RECEIPTS_NONE };
enum quirk_ussd { USSD_PLAIN, USSD_UCS2, USSD_PACKED };

#define QUIRK_LINES 16

struct quirk_lines {
	size_t count;
	const char *line[QUIRK_LINES];
};

struct quirk {				/* borrowed from struct quirks; NULL = has none */
	const char *name;		/* of the last section that held, "*" for none */
	struct quirk_lines init;	/* after the echo is set; a refusal does not matter */
	struct quirk_lines quiet;	/* unsolicited lines off; a refusal does not matter */
	struct quirk_lines mode_auto, mode_lte, mode_gsm;
	const char *storage;		/* SM, ME or MT for AT+CPMS */
	enum quirk_receipts receipts;
	const char *iccid;		/* command; the digits are in its answer */
	const char *temperature, *temperature_pattern;	/* command; degrees are the group */
	const char *pin_retries, *pin_retries_pattern;	/* command; tries left are the group */
	const char *keys_on, *keys_off, *keys_prefix;	/* commands; line that tells a key */
	const char *say, *say_end;	/* command with {ucs2} or {text}; line that tells the end */
	const char *hangup, *reset;	/* commands */
	enum quirk_ussd ussd_form;
	int boot_seconds;		/* from a reset to the first answer */
	size_t usb_ports_count;		/* USB interface numbers of its AT ports, best first */
	int usb_ports[QUIRK_LINES];
};

struct quirks;

/* -1: err says file, line, option and remedy, with the option as its field. */
int quirks_load(struct quirks **out, const char *path, struct err *err);
/* `identity`: "maker model firmware".  quirks may be NULL: what is built in. */
void quirks_pick(const struct quirks *, const char *identity, struct quirk *out);
void quirks_free(struct quirks *);	/* NULL is fine */
/* The number that the first group of `pattern` finds in `text`; -1 = none, or pattern is NULL. */
int quirk_number(const char *pattern, const char *text);

#endif
