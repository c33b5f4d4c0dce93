/* modem_options.c -- the command line of the simulated modem: every option with its range, and
 * what it is without them. */
#include <stddef.h>
#include <stdlib.h>

#include "tests/sim/modem.h"

const char modem_usage[] =
	"usage: modem --link PATH [options]\n"
	"       modem --tell CONTROL LINE...      send control lines to a running modem\n"
	"options: --log FILE --people FILE --control PATH --script FILE --seed N\n"
	"         --air-ms N --receipts delivered|failed|none|0xST --receipt-ms N\n"
	"         --receipt-loss R --receipt-duplicate R --lose R\n"
	"         --partner NUMBER=CONTROL --cnmi GROUPS\n"
	"         --imei D --imsi D --iccid D --operator NAME --number +999...\n"
	"         --registration 0-5 --signal 0-31 --ring-ms N\n"
	"         --sm-size N --me-size N --sr-size N\n"
	"         --maker T --model T --firmware T --temperature N --pin NNNN --puk NNNNNNNN\n"
	"         --port PATH=at|mute|diag --ussd-ms N\n"
	"         --calls FILE --keys quectel|simcom|none --tts quectel|simcom|none --tts-ms N\n"
	"         --dsci --ring-every-ms N\n"
	"         --lte --boot-ms N --reenumerate same|PATH\n"
	"See tests/sim/README.md.\n";

static int
whole(const char *name, const char *text, int min, int max)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (!*text || *end || value < min || value > max) {
		fprintf(stderr, "modem: --%s %s: must be a whole number from %d to %d\n",
			name, text, min, max);
		exit(2);
	}
	return (int)value;
}

/* Any TP-ST by its number: 0x01 is "forwarded, not confirmed". */
static int
option_status(const char *text, int *status)
{
	char *end;
	long value = strtol(text, &end, 16);

	if (strncmp(text, "0x", 2) || *end || value < 0 || value > 255)
		return -1;
	*status = (int)value;
	return 0;
}

int
option_receipts(const char *text, int *status)
{
	if (!strcmp(text, "delivered"))
		*status = 0;
	else if (!strcmp(text, "failed"))
		*status = 0x46;	/* 3GPP TS 23.040 9.2.3.15: validity period expired */
	else if (!strcmp(text, "none"))
		*status = -1;
	else
		return option_status(text, status);
	return 0;
}

static void
option_receipts_take(struct options *o, const char *value)
{
	if (!option_receipts(value, &o->receipt_status))
		return;
	fprintf(stderr, "modem: --receipts %s: must be delivered, failed, none or 0xST\n", value);
	exit(2);
}

/* NUMBER=CONTROL: the socket of the simulated modem that has this number. */
static void
option_partner(struct options *o, const char *value)
{
	const char *equals = strchr(value, '=');
	size_t len = equals ? (size_t)(equals - value) : 0;

	if (!len || len >= sizeof(o->partner[0].number) || !equals[1] ||
	    o->partner_count == PARTNERS) {
		fprintf(stderr, "modem: --partner %s: must be NUMBER=CONTROL, %d at most\n",
			value, PARTNERS);
		exit(2);
	}
	memcpy(o->partner[o->partner_count].number, value, len);
	o->partner[o->partner_count++].control = equals + 1;
}

static double
ratio(const char *name, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (!*text || *end || !(value >= 0 && value <= 1)) {
		fprintf(stderr, "modem: --%s %s: must be from 0 to 1\n", name,
			text);
		exit(2);
	}
	return value;
}

static const struct number_option {
	const char *name;
	size_t offset;
	int min, max;
} number_options[] = {
	{ "air-ms", offsetof(struct options, air_ms), 0, 600000 },
	{ "receipt-ms", offsetof(struct options, receipt_ms), 0, 86400000 },
	{ "ring-ms", offsetof(struct options, ring_ms), 0, 600000 },
	{ "signal", offsetof(struct options, signal), 0, 99 },
	{ "registration", offsetof(struct options, registration), 0, 5 },
	{ "sm-size", offsetof(struct options, sm_size), 1, 1000 },
	{ "me-size", offsetof(struct options, me_size), 1, 1000 },
	{ "sr-size", offsetof(struct options, sr_size), 1, 1000 },
	{ "ussd-ms", offsetof(struct options, ussd_ms), 0, 600000 },
	{ "ring-every-ms", offsetof(struct options, ring_every_ms), 1, 600000 },
	{ "tts-ms", offsetof(struct options, tts_ms), 0, 600000 },
	{ "temperature", offsetof(struct options, temperature), -40, 125 },
	{ "boot-ms", offsetof(struct options, boot_ms), 0, 600000 },
};
static const struct text_option {
	const char *name;
	size_t offset;
} text_options[] = {
	{ "link", offsetof(struct options, link) },
	{ "log", offsetof(struct options, log) },
	{ "people", offsetof(struct options, people) },
	{ "control", offsetof(struct options, control) },
	{ "script", offsetof(struct options, script) },
	{ "cnmi", offsetof(struct options, cnmi) },
	{ "calls", offsetof(struct options, calls) },
	{ "imei", offsetof(struct options, imei) },
	{ "imsi", offsetof(struct options, imsi) },
	{ "iccid", offsetof(struct options, iccid) },
	{ "operator", offsetof(struct options, operator) },
	{ "number", offsetof(struct options, number) },
	{ "maker", offsetof(struct options, maker) },
	{ "model", offsetof(struct options, model) },
	{ "firmware", offsetof(struct options, firmware) },
	{ "pin", offsetof(struct options, pin) },
	{ "puk", offsetof(struct options, puk) },
	{ "reenumerate", offsetof(struct options, reenumerate) },
};
static const struct ratio_option {
	const char *name;
	size_t offset;
} ratio_options[] = {
	{ "receipt-loss", offsetof(struct options, receipt_loss) },
	{ "receipt-duplicate", offsetof(struct options, receipt_duplicate) },
	{ "lose", offsetof(struct options, lose) },
};
static const struct flag_option {
	const char *name;
	size_t offset;
} flag_options[] = {
	{ "lte", offsetof(struct options, lte) },
	{ "dsci", offsetof(struct options, dsci) },
};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool
option_flag(struct options *o, const char *name)
{
	for (size_t i = 0; i < COUNT(flag_options); i++)
		if (!strcmp(name, flag_options[i].name))
			return *(bool *)((char *)o + flag_options[i].offset) = true;
	return false;
}

static bool
option_plain(struct options *o, const char *name, const char *value)
{
	for (size_t i = 0; i < COUNT(text_options); i++)
		if (!strcmp(name, text_options[i].name)) {
			*(const char **)((char *)o + text_options[i].offset) = value;
			return true;
		}
	for (size_t i = 0; i < COUNT(number_options); i++)
		if (!strcmp(name, number_options[i].name)) {
			const struct number_option *n = &number_options[i];

			*(int *)((char *)o + n->offset) =
				whole(name, value, n->min, n->max);
			return true;
		}
	for (size_t i = 0; i < COUNT(ratio_options); i++)
		if (!strcmp(name, ratio_options[i].name)) {
			*(double *)((char *)o + ratio_options[i].offset) =
				ratio(name, value);
			return true;
		}
	return false;
}

/* PATH=KIND: one more port of the same stick. */
static void
option_port(struct modem *m, const char *value)
{
	static const char *const kind[] = { "at", "mute", "diag" };
	const char *equals = strrchr(value, '=');

	for (int i = 0; equals && equals > value && i < 3 && m->port_count < PORTS; i++)
		if (!strcmp(equals + 1, kind[i])) {
			struct port *port = &m->port[m->port_count++];

			port->kind = (enum port_kind)(PORT_AT + i);
			port->path = xstrndup(value, (size_t)(equals - value));
			return;
		}
	fprintf(stderr, "modem: --port %s: must be PATH=at, PATH=mute or PATH=diag, %d at "
		"most\n", value, PORTS - 1);
	exit(2);
}

static enum maker
maker(const char *name, const char *value)
{
	static const char *const known[] = { "none", "quectel", "simcom" };

	for (int i = 0; i < 3; i++)
		if (!strcmp(value, known[i]))
			return (enum maker)i;
	fprintf(stderr, "modem: --%s %s: must be quectel, simcom or none\n", name, value);
	exit(2);
}

static bool
option_take(struct modem *m, const char *name, const char *value)
{
	if (option_plain(&m->o, name, value))
		return true;
	if (!strcmp(name, "seed"))
		m->o.seed = (unsigned short)whole(name, value, 0, 65535);
	else if (!strcmp(name, "keys"))
		m->o.keys = m->o.tts = maker(name, value);
	else if (!strcmp(name, "tts"))
		m->o.tts = maker(name, value);
	else if (!strcmp(name, "port"))
		option_port(m, value);
	else if (!strcmp(name, "receipts"))
		option_receipts_take(&m->o, value);
	else if (!strcmp(name, "partner"))
		option_partner(&m->o, value);
	else
		return false;
	return true;
}

static void
options_defaults(struct options *o)
{
	*o = (struct options){
		.imei = "999000000000017",
		.imsi = "999010000000001",
		.iccid = "8999901000000000001",
		.operator = "GONGSIM",
		.number = "+99910000000",
		.maker = "gong",
		.model = "SIM-MODEM",
		.firmware = "gong-sim-" GONG_VERSION,
		/* libGammu 1.42 needs more than "(0)" for <bm>. */
		.cnmi = "(0-2),(0-2),(0-3),(0-2),(0,1)",
		.puk = "12345678",
		.temperature = NO_TEMPERATURE,
		.ussd_ms = 100,
		.ring_every_ms = 3000,
		.tts_ms = 500,
		.receipt_ms = 200,
		.ring_ms = 20000,
		.signal = 20,
		.registration = 1,
		.sm_size = 20,
		.me_size = 50,
		.sr_size = 30,
		.seed = 1,
	};
}

void
options_read(struct modem *m, int argc, char **argv)
{
	options_defaults(&m->o);
	m->port_count = 1;
	for (int i = 1; i < argc; i++) {
		bool named = !strncmp(argv[i], "--", 2);

		if (named && option_flag(&m->o, argv[i] + 2))
			continue;
		if (named && i + 1 < argc && option_take(m, argv[i] + 2, argv[i + 1])) {
			i++;
			continue;
		}
		fprintf(stderr, "modem: %s: unknown option, or its value is missing\n%s",
			argv[i], modem_usage);
		exit(2);
	}
	for (int i = 0; i < PORTS; i++)
		m->port[i].m = m;
	if (!m->o.link) {
		fprintf(stderr, "modem: --link PATH is missing: the client opens it\n%s",
			modem_usage);
		exit(2);
	}
}
