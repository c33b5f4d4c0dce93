/* provider_options.c -- the command line of the provider. */
#include <getopt.h>
#include <string.h>

#include "tests/sim/provider.h"

struct options options = { .streams = 1000 };

enum { O_PORT = 256, O_PORT_FILE, O_LOG, O_NO_LOG, O_LATENCY, O_JITTER, O_FAIL, O_DROP, O_MIX,
       O_RECEIPTS, O_RECEIPT_MS, O_RECEIPT_JITTER, O_RECEIPT_LOSS, O_RECEIPT_FAIL,
       O_RECEIPT_DUPLICATE, O_PEOPLE, O_REPLY_URL, O_SECRET, O_SEED, O_WHOLE, O_TLS,
       O_CLIENT_CA, O_TLS_MAX, O_NO_H2, O_STREAMS, O_PULL_LOSS, O_PART_RECEIPTS,
       O_REFUSE_STREAMS, O_GOAWAY };

static const struct option known[] = {
	{ "port", 1, NULL, O_PORT }, { "port-file", 1, NULL, O_PORT_FILE },
	{ "log", 1, NULL, O_LOG }, { "no-log", 0, NULL, O_NO_LOG },
	{ "latency-ms", 1, NULL, O_LATENCY }, { "jitter-ms", 1, NULL, O_JITTER },
	{ "fail", 1, NULL, O_FAIL }, { "drop", 1, NULL, O_DROP }, { "mix", 1, NULL, O_MIX },
	{ "receipts", 1, NULL, O_RECEIPTS }, { "receipt-ms", 1, NULL, O_RECEIPT_MS },
	{ "receipt-jitter-ms", 1, NULL, O_RECEIPT_JITTER },
	{ "receipt-loss", 1, NULL, O_RECEIPT_LOSS }, { "receipt-fail", 1, NULL, O_RECEIPT_FAIL },
	{ "receipt-duplicate", 1, NULL, O_RECEIPT_DUPLICATE },
	{ "people", 1, NULL, O_PEOPLE }, { "reply-url", 1, NULL, O_REPLY_URL },
	{ "secret", 1, NULL, O_SECRET }, { "seed", 1, NULL, O_SEED }, { "whole", 0, NULL, O_WHOLE },
	{ "tls", 1, NULL, O_TLS }, { "client-ca", 1, NULL, O_CLIENT_CA }, { "tls-max", 1, NULL, O_TLS_MAX },
	{ "no-h2", 0, NULL, O_NO_H2 }, { "streams", 1, NULL, O_STREAMS },
	{ "pull-loss", 1, NULL, O_PULL_LOSS }, { "part-receipts", 0, NULL, O_PART_RECEIPTS },
	{ "refuse-streams", 1, NULL, O_REFUSE_STREAMS }, { "goaway", 1, NULL, O_GOAWAY }, { 0 },
};

static _Noreturn void
refuse(const char *what)
{
	fprintf(stderr, "provider: %s; see tests/sim/README.md\n", what);
	exit(2);
}

/* "0.1:503" or "0.1:200:13": ratio, status, and the code in the body (default the status). */
static void
parse_fail(const char *text)
{
	char *end;

	options.fail = strtod(text, &end);
	options.fail_status = *end == ':' ? (int)strtol(end + 1, &end, 10) : 500;
	options.fail_code = *end == ':' ? (int)strtol(end + 1, &end, 10) : options.fail_status;
	if (*end || options.fail_status < 200 || options.fail_status > 599)
		refuse("--fail wants RATIO:STATUS[:CODE]");
}

static void
take_option(int option, const char *value)
{
	struct options *o = &options;

	switch (option) {
	case O_PORT: o->port = atoi(value); break;
	case O_PORT_FILE: o->port_file = value; break;
	case O_LOG: o->log = value; break;
	case O_NO_LOG: o->no_log = true; break;
	case O_LATENCY: o->latency_ms = atol(value); break;
	case O_JITTER: o->jitter_ms = atol(value); break;
	case O_FAIL: parse_fail(value); break;
	case O_DROP: o->drop = atof(value); break;
	case O_MIX:
		if (!mix_parse(value))
			refuse("--mix wants RATIO[:KIND,KIND…]");
		break;
	case O_RECEIPTS: o->receipts = value; break;
	case O_RECEIPT_MS: o->receipt_ms = atol(value); break;
	case O_RECEIPT_JITTER: o->receipt_jitter_ms = atol(value); break;
	case O_RECEIPT_LOSS: o->receipt_loss = atof(value); break;
	case O_RECEIPT_FAIL: o->receipt_fail = atof(value); break;
	case O_RECEIPT_DUPLICATE: o->receipt_duplicate = atof(value); break;
	case O_PEOPLE: o->people = value; break;
	case O_REPLY_URL: o->reply_url = value; break;
	case O_SECRET: o->secret = value; break;
	case O_SEED: o->seed = strtoull(value, NULL, 10); break;
	case O_WHOLE: o->whole = true; break;
	case O_TLS: o->tls.cert = value; break;
	case O_CLIENT_CA: o->tls.client_ca = value; break;
	case O_TLS_MAX: o->tls.max = value; break;
	case O_NO_H2: o->tls.no_h2 = true; break;
	case O_PULL_LOSS: o->pull_loss = atof(value); break;
	case O_PART_RECEIPTS: o->part_receipts = true; break;
	case O_STREAMS: o->streams = atoi(value); break;
	case O_REFUSE_STREAMS: o->refuse_streams = atof(value); break;
	case O_GOAWAY: o->goaway = strtoul(value, NULL, 10); break;
	default: exit(2);
	}
}

void
options_parse(int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		take_option(option, optarg);
		if (option == O_TLS && optind < argc)
			options.tls.key = argv[optind++];
	}
	if (optind < argc || (!options.log && !options.no_log))
		refuse("give --log FILE or --no-log");
	if (options.tls.cert && !options.tls.key)
		refuse("--tls wants two files: CERT KEY");
	if (!options.tls.cert && (options.tls.client_ca || options.tls.max || options.tls.no_h2))
		refuse("--client-ca, --tls-max and --no-h2 need --tls");
	if (options.streams < 1)
		refuse("--streams wants 1 or more");
}
