/* provider.c -- an SMS provider for tests: takes messages over HTTP, keeps its own books, pushes
 * receipts and people's replies.  Loopback only; see README.md.  It refuses nothing cleverly: its
 * misfortunes are drawn from a seed. */
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/sim/push.h"
#include "tests/sim/server.h"

struct options {
	const char *port_file, *log, *receipts, *people, *reply_url, *secret;
	int port, fail_status, fail_code;
	long latency_ms, jitter_ms, receipt_ms;
	double fail, drop, receipt_loss, receipt_fail, receipt_duplicate;
	uint64_t seed;
	bool no_log;
};

struct man {				/* one line of the people file */
	char number[24];
	bool is_prefix;
	long delay_ms;
	char *text;			/* NULL = silent */
};

struct provider {
	struct options o;
	struct server server;
	struct push push;
	struct buf books;
	int log_fd;
	uint64_t random, accepted, refused, dropped, receipts, replies;
	struct man *people;
	size_t people_count;
	time_t people_mtime;
	long people_nsec;
	int64_t people_looked_at;
};

static struct provider p;

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static double
chance(void)
{
	p.random ^= p.random << 13;
	p.random ^= p.random >> 7;
	p.random ^= p.random << 17;
	return (double)(p.random >> 11) / 9007199254740992.0;
}

static void
books_write(void)
{
	size_t done = 0;

	while (p.log_fd >= 0 && done < p.books.len) {
		ssize_t n = write(p.log_fd, p.books.data + done, p.books.len - done);

		if (n < 0 && errno != EINTR) {
			perror("provider: books");
			exit(1);
		}
		done += n > 0 ? (size_t)n : 0;
	}
	buf_reset(&p.books);
}

static void
book(const char *ev, const char *to, const char *text, const char *ref, const char *id)
{
	const struct { const char *name, *value; } members[] = {
		{ ",\"to\":", to }, { ",\"text\":", text }, { ",\"ref\":", ref }, { ",\"id\":", id },
	};

	if (p.log_fd < 0)
		return;
	buf_printf(&p.books, "{\"at\":%lld,\"ev\":\"%s\"", (long long)now_ms(), ev);
	for (size_t i = 0; i < 4; i++) {
		if (!members[i].value)
			continue;
		buf_puts(&p.books, members[i].name);
		buf_json(&p.books, members[i].value);
	}
	buf_puts(&p.books, "}\n");
}

static void
on_receipt_pushed(const char *note)
{
	p.receipts++;
	book("receipt", NULL, NULL, NULL, note);
}

static void
on_reply_pushed(const char *note)
{
	p.replies++;
	book("reply", NULL, NULL, NULL, note);
}

static void
read_people(FILE *f)
{
	char line[2048], number[24], delay[16];
	int used;

	while (fgets(line, sizeof(line), f)) {
		struct man *man;

		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '#' ||
		    sscanf(line, " %22s %15s %n", number, delay, &used) < 2)
			continue;
		p.people = xrealloc(p.people, (p.people_count + 1) * sizeof(*p.people));
		man = &p.people[p.people_count++];
		*man = (struct man){ .delay_ms = strtol(delay, NULL, 10) };
		man->is_prefix = number[strlen(number) - 1] == '*';
		number[strcspn(number, "*")] = '\0';
		snprintf(man->number, sizeof(man->number), "%s", number + (number[0] == '+'));
		if (strcmp(line + used, "-") != 0 && strcmp(delay, "-") != 0)
			man->text = xstrdup(line + used);
	}
}

static void
refresh_people(void)
{
	struct stat st;
	FILE *f;

	if (!p.o.people || now_ms() - p.people_looked_at < 100)
		return;
	p.people_looked_at = now_ms();
	if (stat(p.o.people, &st) < 0 ||
	    (st.st_mtim.tv_sec == p.people_mtime && st.st_mtim.tv_nsec == p.people_nsec) ||
	    !(f = fopen(p.o.people, "r")))
		return;
	p.people_mtime = st.st_mtim.tv_sec;
	p.people_nsec = st.st_mtim.tv_nsec;
	for (size_t i = 0; i < p.people_count; i++)
		free(p.people[i].text);
	p.people_count = 0;
	read_people(f);
	fclose(f);
}

/* A full number beats every prefix; among prefixes the first line wins. */
static const struct man *
find_man(const char *to)
{
	const struct man *found = NULL;

	refresh_people();
	to += to[0] == '+';
	for (size_t i = 0; i < p.people_count; i++) {
		const struct man *man = &p.people[i];

		if (!man->is_prefix && strcmp(man->number, to) == 0)
			return man;
		if (!found && man->is_prefix &&
		    strncmp(man->number, to, strlen(man->number)) == 0)
			found = man;
	}
	return found;
}

static void
push_receipt(const char *url, const char *to, const char *ref, const char *id)
{
	struct buf body = { 0 };
	int times = p.o.receipt_duplicate && chance() < p.o.receipt_duplicate ? 2 : 1;

	if (!url || (p.o.receipt_loss && chance() < p.o.receipt_loss))
		return;
	buf_printf(&body, "{\"msgid\":\"%s\",\"ref\":", id);
	buf_json(&body, ref);
	buf_puts(&body, ",\"to\":");
	buf_json(&body, to);
	buf_printf(&body, ",\"state\":\"%s\"}",
		   p.o.receipt_fail && chance() < p.o.receipt_fail ? "UNDELIV" : "DELIVRD");
	while (times--)
		push_later(&p.push, url, body.data, p.o.receipt_ms, id, on_receipt_pushed);
	buf_fini(&body);
}

static void
push_reply(const char *url, const char *to, const char *id)
{
	const struct man *man = find_man(to);
	struct buf body = { 0 };

	if (!url || !man || !man->text)
		return;
	buf_printf(&body, "{\"id\":\"r%s\",\"from\":", id);
	buf_json(&body, to);
	buf_puts(&body, ",\"to\":\"10690000\",\"text\":");
	buf_json(&body, man->text);
	buf_printf(&body, ",\"at\":%lld}", (long long)(now_ms() + man->delay_ms));
	push_later(&p.push, url, body.data, man->delay_ms, id, on_reply_pushed);
	buf_fini(&body);
}

static void
answer(struct conn *c, int status, int code, const char *id)
{
	long jitter = p.o.jitter_ms ? (long)(chance() * (double)p.o.jitter_ms) : 0;
	char body[128];

	if (id)
		snprintf(body, sizeof(body), "{\"code\":%d,\"id\":\"%s\"}", code, id);
	else
		snprintf(body, sizeof(body), "{\"code\":%d,\"message\":\"refused\"}", code);
	conn_answer_later(c, status, body, p.o.latency_ms + jitter);
}

static void
take_message(struct conn *c, const char *to, const char *text, const char *ref,
	     const char *callback)
{
	char id[24];

	if (!to || !text) {
		answer(c, 400, 3, NULL);
		return;
	}
	if (p.o.fail && chance() < p.o.fail) {
		p.refused++;
		book("refused", to, text, ref, NULL);
		answer(c, p.o.fail_status, p.o.fail_code, NULL);
		return;
	}
	snprintf(id, sizeof(id), "p%06llu", (unsigned long long)++p.accepted);
	book("message", to, text, ref, id);
	push_receipt(p.o.receipts ? p.o.receipts : callback, to, ref, id);
	push_reply(p.o.reply_url ? p.o.reply_url : p.o.receipts ? p.o.receipts : callback, to, id);
	if (p.o.drop && chance() < p.o.drop) {
		p.dropped++;
		conn_answer_later(c, 0, "", p.o.latency_ms);
		if (!c->waiting)
			conn_hang_up(c);
		return;
	}
	answer(c, 200, 0, id);
}

static void
take_form(struct conn *c, const char *form)
{
	struct evkeyvalq fields;

	if (evhttp_parse_query_str(form, &fields) < 0) {
		answer(c, 400, 2, NULL);
		return;
	}
	take_message(c, evhttp_find_header(&fields, "to"), evhttp_find_header(&fields, "text"),
		     evhttp_find_header(&fields, "ref"), evhttp_find_header(&fields, "callback"));
	evhttp_clear_headers(&fields);
}

static void
take_json(struct conn *c, struct server_request *r)
{
	json_t *json = json_loadb(r->body, r->body_len, 0, NULL);

	if (json)
		take_message(c, json_string_value(json_object_get(json, "to")),
			     json_string_value(json_object_get(json, "text")),
			     json_string_value(json_object_get(json, "ref")),
			     json_string_value(json_object_get(json, "callback")));
	else
		answer(c, 400, 2, NULL);
	json_decref(json);
}

static void
count(struct conn *c)
{
	char body[256];

	snprintf(body, sizeof(body), "{\"messages\":%llu,\"refused\":%llu,\"dropped\":%llu,"
		 "\"receipts\":%llu,\"replies\":%llu,\"pushing\":%zu}",
		 (unsigned long long)p.accepted, (unsigned long long)p.refused,
		 (unsigned long long)p.dropped, (unsigned long long)p.receipts,
		 (unsigned long long)p.replies, p.push.waiting);
	conn_answer(c, 200, body);
}

static void
on_request(struct conn *c, struct server_request *r)
{
	char *query = strchr(r->target, '?');

	if (query)
		*query++ = '\0';
	if (strcmp(r->target, "/books/count") == 0) {
		count(c);
	} else if (strcmp(r->target, "/send") != 0) {
		conn_answer(c, 404, "{\"code\":404}");
	} else if (p.o.secret && (strncmp(r->authorization, "Bearer ", 7) != 0 ||
				  strcmp(r->authorization + 7, p.o.secret) != 0)) {
		answer(c, 401, 401, NULL);
	} else if (query) {
		take_form(c, query);
	} else if (strncmp(r->type, "application/x-www-form-urlencoded", 33) == 0) {
		take_form(c, r->body);
	} else {
		take_json(c, r);
	}
}

/* "0.1:503" or "0.1:200:13": ratio, status, and the code in the body (default the status). */
static void
parse_fail(const char *text)
{
	char *end;

	p.o.fail = strtod(text, &end);
	p.o.fail_status = *end == ':' ? (int)strtol(end + 1, &end, 10) : 500;
	p.o.fail_code = *end == ':' ? (int)strtol(end + 1, &end, 10) : p.o.fail_status;
	if (*end || p.o.fail_status < 200 || p.o.fail_status > 599) {
		fprintf(stderr, "provider: --fail %s is not RATIO:STATUS[:CODE]\n", text);
		exit(2);
	}
}

enum { O_PORT = 256, O_PORT_FILE, O_LOG, O_NO_LOG, O_LATENCY, O_JITTER, O_FAIL, O_DROP, O_RECEIPTS,
       O_RECEIPT_MS, O_RECEIPT_LOSS, O_RECEIPT_FAIL, O_RECEIPT_DUPLICATE, O_PEOPLE, O_REPLY_URL,
       O_SECRET, O_SEED };

static void
take_option(int option, const char *value)
{
	switch (option) {
	case O_PORT: p.o.port = atoi(value); break;
	case O_PORT_FILE: p.o.port_file = value; break;
	case O_LOG: p.o.log = value; break;
	case O_NO_LOG: p.o.no_log = true; break;
	case O_LATENCY: p.o.latency_ms = atol(value); break;
	case O_JITTER: p.o.jitter_ms = atol(value); break;
	case O_FAIL: parse_fail(value); break;
	case O_DROP: p.o.drop = atof(value); break;
	case O_RECEIPTS: p.o.receipts = value; break;
	case O_RECEIPT_MS: p.o.receipt_ms = atol(value); break;
	case O_RECEIPT_LOSS: p.o.receipt_loss = atof(value); break;
	case O_RECEIPT_FAIL: p.o.receipt_fail = atof(value); break;
	case O_RECEIPT_DUPLICATE: p.o.receipt_duplicate = atof(value); break;
	case O_PEOPLE: p.o.people = value; break;
	case O_REPLY_URL: p.o.reply_url = value; break;
	case O_SECRET: p.o.secret = value; break;
	case O_SEED: p.o.seed = strtoull(value, NULL, 10); break;
	default: exit(2);
	}
}

static void
parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "port", 1, NULL, O_PORT }, { "port-file", 1, NULL, O_PORT_FILE },
		{ "log", 1, NULL, O_LOG }, { "no-log", 0, NULL, O_NO_LOG },
		{ "latency-ms", 1, NULL, O_LATENCY }, { "jitter-ms", 1, NULL, O_JITTER },
		{ "fail", 1, NULL, O_FAIL }, { "drop", 1, NULL, O_DROP },
		{ "receipts", 1, NULL, O_RECEIPTS }, { "receipt-ms", 1, NULL, O_RECEIPT_MS },
		{ "receipt-loss", 1, NULL, O_RECEIPT_LOSS },
		{ "receipt-fail", 1, NULL, O_RECEIPT_FAIL },
		{ "receipt-duplicate", 1, NULL, O_RECEIPT_DUPLICATE },
		{ "people", 1, NULL, O_PEOPLE }, { "reply-url", 1, NULL, O_REPLY_URL },
		{ "secret", 1, NULL, O_SECRET }, { "seed", 1, NULL, O_SEED }, { 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		take_option(option, optarg);
	if (optind < argc || (!p.o.log && !p.o.no_log)) {
		fprintf(stderr, "provider: give --log FILE or --no-log; see tests/sim/README.md\n");
		exit(2);
	}
}

static void
open_books(void)
{
	p.log_fd = -1;
	if (p.o.no_log)
		return;
	p.log_fd = open(p.o.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (p.log_fd < 0) {
		fprintf(stderr, "provider: --log %s: %s\n", p.o.log, strerror(errno));
		exit(1);
	}
}

/* The file appears whole: whoever waits for it never reads half a number. */
static void
announce(int port)
{
	char path[4096];
	FILE *f;

	if (p.o.port_file) {
		snprintf(path, sizeof(path), "%s.new", p.o.port_file);
		if (!(f = fopen(path, "w")) || fprintf(f, "%d\n", port) < 0 || fclose(f) != 0 ||
		    rename(path, p.o.port_file) < 0) {
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

int
main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct event *term, *interrupt;
	bool leaving = false;
	int port;

	signal(SIGPIPE, SIG_IGN);
	parse_options(argc, argv);
	p.random = (p.o.seed + 1) * 0x9e3779b97f4a7c15u;
	open_books();
	port = server_listen(&p.server, base, p.o.port, on_request);
	if (port < 0) {
		fprintf(stderr, "provider: port %d: %s\n", p.o.port, strerror(errno));
		return 1;
	}
	push_init(&p.push, base);
	term = evsignal_new(base, SIGTERM, on_term, &leaving);
	interrupt = evsignal_new(base, SIGINT, on_term, &leaving);
	event_add(term, NULL);
	event_add(interrupt, NULL);
	announce(port);
	while (!leaving) {
		event_base_loop(base, EVLOOP_ONCE);
		books_write();
		server_flush(&p.server);
	}
	return 0;
}
