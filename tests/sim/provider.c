/* provider.c -- an SMS provider for tests: takes messages over HTTP, keeps its own books, pushes
 * receipts and people's replies.  Loopback only; see README.md.  It refuses nothing cleverly: its
 * misfortunes are drawn from a seed. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "tests/sim/provider.h"

struct counters counters;
struct push push;

int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
count(struct exchange *x)
{
	struct answer a = { .status = 200 };
	const struct counters *c = &counters;

	buf_printf(&a.body, "{\"messages\":%llu,\"refused\":%llu,\"dropped\":%llu,\"odd\":%llu,"
		   "\"receipts\":%llu,\"replies\":%llu,\"pushing\":%zu}",
		   (unsigned long long)c->accepted, (unsigned long long)c->refused,
		   (unsigned long long)c->dropped, (unsigned long long)c->odd,
		   (unsigned long long)c->receipts, (unsigned long long)c->replies, push.waiting);
	exchange_answer(x, &a);
}

static void
on_request(struct exchange *x, struct server_request *r)
{
	struct answer unknown = { .status = 404 };
	char *query = strchr(r->target, '?');

	if (query)
		*query++ = '\0';
	if (strcmp(r->target, "/books/count") == 0) {
		count(x);
	} else if (strcmp(r->target, "/pull/receipts") == 0) {
		pull_take(x, PULL_RECEIPT);
	} else if (strcmp(r->target, "/pull/replies") == 0) {
		pull_take(x, PULL_REPLY);
	} else if (strcmp(r->target, "/send") == 0) {
		send_take(x, r, query);
	} else {
		buf_puts(&unknown.body, "{\"code\":404}");
		exchange_answer(x, &unknown);
	}
}

/* The file appears whole: whoever waits for it never reads half a number. */
static void
announce(int port)
{
	char path[4096];
	FILE *f;

	if (options.port_file) {
		snprintf(path, sizeof(path), "%s.new", options.port_file);
		if (!(f = fopen(path, "w")) || fprintf(f, "%d\n", port) < 0 || fclose(f) != 0 ||
		    rename(path, options.port_file) < 0) {
			perror("provider: --port-file");
			exit(1);
		}
	}
	printf("ready %d\n", port);
	fflush(stdout);
}

static void
on_term(evutil_socket_t fd, short what, void *ctx)
{
	*(bool *)ctx = true;
}

/* A latency is what it says, not rounded up to the poll's next millisecond. */
static struct event_base *
precise_base(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

static bool
refuses_stream(void)
{
	return happens(options.refuse_streams);
}

int
main(int argc, char **argv)
{
	static struct server server;
	struct event_base *base = precise_base();
	struct event *term, *interrupt;
	bool leaving = false;
	int port;

	signal(SIGPIPE, SIG_IGN);
	options_parse(argc, argv);
	dice_init(options.seed);
	books_open(options.no_log ? NULL : options.log);
	if (options.tls.cert)
		server_use_tls(&server, &options.tls);
	server.streams = (uint32_t)options.streams;
	server.refuses = options.refuse_streams > 0 ? refuses_stream : NULL;
	server.goaway = options.goaway;
	port = server_listen(&server, base, options.port, on_request);
	if (port < 0) {
		fprintf(stderr, "provider: port %d: %s\n", options.port, strerror(errno));
		return 1;
	}
	push_init(&push, base);
	term = evsignal_new(base, SIGTERM, on_term, &leaving);
	interrupt = evsignal_new(base, SIGINT, on_term, &leaving);
	event_add(term, NULL);
	event_add(interrupt, NULL);
	announce(port);
	while (!leaving) {
		event_base_loop(base, EVLOOP_ONCE);
		books_write();
		server_flush(&server);
	}
	return 0;
}
