/* transfer.c -- requests over libcurl's multi interface on the kit's loop.  Never more handles
 * than connections (or streams): what does not fit waits with the caller, because curl's own queue
 * costs ten times the speed.  It follows no redirect and sends no request twice. */
#include "drivers/http/transfer.h"

#include <curl/curl.h>
#include <event2/event_struct.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/http/refused.h"
#include "drivers/http/sign.h"
#include "files/read.h"

#define ANSWER_MAX 65536
#define SLOW_MS MINUTES(5)		/* for a long answer that comes drop by drop */
#define NUMBER_MAX 512u			/* more of it for each number of a request */
#define IDLE_SECONDS_MAX 20L		/* providers close idle connections; do not race them */
#define QUESTION_SLOTS 2
#define CROWD 32u			/* connections of one */
#define BUFFER_SIZE 4096L		/* answers are short, and there may be a thousand of them */
#define DATE_EVERY_MS 1000		/* a Date header is read no more often */

/* Handles that share their idle connections.  For every request curl looks through all connections
 * to its host, so hundreds of them in one crowd would cost more than the request. */
struct crowd {
	struct transfers *transfers;
	CURLM *multi;
	struct event timer;
};

struct watch {				/* one socket of curl's */
	struct event event;
	struct crowd *crowd;
	short interest;			/* registered: EV_READ | EV_WRITE, 0 = none */
	bool ours;			/* opened by open_socket, so close_socket will be called */
	bool idle;			/* curl let go of it; kept registered for the next request */
};

struct slot {
	struct transfers *transfers;
	struct crowd *crowd;
	CURL *easy;
	bool busy;
	const struct operation *op;	/* what the handle is set up for */
	struct item **items;		/* of this request; room for the profile's numbers_max */
	size_t count;
	transfer_ended ended;
	void *ctx;
	struct curl_slist *headers;	/* of this request alone; NULL = the operation's */
	struct slot *next_free;
	size_t answer_max;
	struct buf url, path, query, body, coded, answer;
	unsigned starts;		/* times curl was about to write this request, but for refused ones */
	char error[CURL_ERROR_SIZE];
};

struct waiting {			/* a question without a slot */
	STAILQ_ENTRY(waiting) link;
	struct transfer transfer;
	struct item *item;
	char *ref;
};

struct transfers {
	struct kit *kit;
	struct event_base *base;
	const struct profile *profile;
	void (*room)(void *ctx);
	void *ctx;
	struct curl_slist *headers[OP_COUNT];
	struct crowd *crowds;
	unsigned crowd_count;
	struct watch **watches;		/* by descriptor */
	size_t watch_count, running;
	struct slot *slots, *free_slots;
	unsigned slot_count, free_count;
	STAILQ_HEAD(, waiting) questions;
	msec date_at;
};

/* Their clock, now and then. */
static msec
date_of(struct transfers *t, CURL *easy)
{
	struct curl_header *date;
	msec now = kit_now();
	time_t seconds;

	if (now - t->date_at < DATE_EVERY_MS && now >= t->date_at)
		return 0;
	if (curl_easy_header(easy, "Date", 0, CURLH_HEADER, -1, &date) != CURLHE_OK)
		return 0;
	t->date_at = now;
	seconds = curl_getdate(date->value, NULL);
	return seconds > 0 ? SECONDS(seconds) : 0;
}

static void
give_back(struct transfers *t, struct slot *s)
{
	s->busy = false;
	s->next_free = t->free_slots;
	t->free_slots = s;
	t->free_count++;
	t->running--;
}

static void
end_transfer(struct transfers *t, const CURLMsg *msg)
{
	struct transfer_result result = { .code = (int)msg->data.result };
	curl_off_t wait = 0;
	struct slot *s;

	curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&s);
	curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &result.status);
	if (result.status == 429 || result.status == 503)
		curl_easy_getinfo(s->easy, CURLINFO_RETRY_AFTER, &wait);
	result.retry_after_ms = SECONDS(wait);
	result.date = result.status ? date_of(t, s->easy) : 0;
	curl_multi_remove_handle(s->crowd->multi, s->easy);
	result.sent = s->starts > 0;
	result.error = s->error;
	result.body = s->answer.data;
	result.body_len = s->answer.len;
	result.path = &s->path;
	result.query = &s->query;
	result.sent_body = &s->body;
	s->ended(s->ctx, s->op, s->items, s->count, &result);
	if (s->answer.cap > ANSWER_MAX)
		buf_fini(&s->answer);
	give_back(t, s);
}

static void ask_waiting(struct transfers *);

static void
reap(struct crowd *c)
{
	struct transfers *t = c->transfers;
	CURLMsg *msg;
	int left;
	bool any = false;

	while ((msg = curl_multi_info_read(c->multi, &left))) {
		end_transfer(t, msg);
		any = true;
	}
	if (!any)
		return;
	ask_waiting(t);
	t->room(t->ctx);
}

static void
on_socket(evutil_socket_t fd, short what, void *ctx)
{
	struct crowd *c = ctx;
	struct watch *w = c->transfers->watches[fd];
	int running;

	if (w->idle) {			/* the peer closed it; curl finds out when it next looks */
		event_del(&w->event);
		w->interest = 0;
		return;
	}
	curl_multi_socket_action(c->multi, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) |
				 (what & EV_WRITE ? CURL_CSELECT_OUT : 0), &running);
	reap(c);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct crowd *c = ctx;
	int running;

	curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	reap(c);
}

static struct watch *
watch_of(struct transfers *t, curl_socket_t fd)
{
	size_t need = (size_t)fd + 1;

	if (need > t->watch_count) {
		t->watches = xrealloc(t->watches, need * sizeof(*t->watches));
		memset(t->watches + t->watch_count, 0,
		       (need - t->watch_count) * sizeof(*t->watches));
		t->watch_count = need;
	}
	if (!t->watches[fd])
		t->watches[fd] = xcalloc(1, sizeof(**t->watches));
	return t->watches[fd];
}

static void
watch_set(struct crowd *c, struct watch *w, curl_socket_t fd, short interest)
{
	if (w->interest == interest)
		return;
	if (w->interest)
		event_del(&w->event);
	w->interest = interest;
	if (!interest)
		return;
	event_assign(&w->event, c->transfers->base, fd, (short)(interest | EV_PERSIST), on_socket, c);
	event_add(&w->event, NULL);
}

/* Between two requests curl lets go of the socket and takes it again at once; staying registered
 * saves two system calls a message. */
static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct crowd *c = ctx;
	struct watch *w = watch_of(c->transfers, fd);

	if (what == CURL_POLL_REMOVE && w->ours && w->interest == EV_READ) {
		w->idle = true;
		return 0;
	}
	w->idle = false;
	watch_set(c, w, fd, (short)((what & CURL_POLL_IN ? EV_READ : 0) |
				    (what & CURL_POLL_OUT ? EV_WRITE : 0)) *
		  (what != CURL_POLL_REMOVE));
	return 0;
}

static int
want_timer(CURLM *multi, long timeout_ms, void *ctx)
{
	struct crowd *c = ctx;
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };

	if (timeout_ms < 0)
		event_del(&c->timer);
	else
		event_add(&c->timer, &tv);
	return 0;
}

static curl_socket_t
open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfers *t = ctx;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	if (fd >= 0)
		watch_of(t, fd)->ours = true;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int
close_socket(void *ctx, curl_socket_t fd)
{
	struct transfers *t = ctx;
	struct watch *w = watch_of(t, fd);

	watch_set(NULL, w, fd, 0);
	*w = (struct watch){ 0 };
	return close(fd);
}

/* The provider has refused the stream: nothing of it was taken, and curl may try again.  What has
 * begun to be answered was not refused, whatever the provider says. */
static void
on_refused(void *ctx, CURL *easy)
{
	struct transfers *t = ctx;
	struct slot *s = t->slots, *end = t->slots + t->slot_count;
	long status = 0;

	while (s < end && s->easy != easy)	/* never trusted: it may be no handle of curl's at all */
		s++;
	if (s == end || !s->busy || curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK ||
	    status || s->answer.len)
		return;
	s->starts = 0;
	for (size_t i = 0; i < s->count; i++)
		kit_stayed(t->kit, s->items[i]->slot);
}

/* Called when curl is about to write the request.  A second time means that a kept connection
 * died under the first and curl would send the same message again: whether the provider has the
 * first is unknown, so it ends here. */
static int
about_to_send(void *ctx, char *remote, char *local, int remote_port, int local_port)
{
	struct slot *s = ctx;

	if (++s->starts > 1)
		return CURL_PREREQFUNC_ABORT;
	for (size_t i = 0; i < s->count; i++)
		kit_leaving(s->transfers->kit, s->items[i]->slot);
	return CURL_PREREQFUNC_OK;
}

static size_t
take_answer(char *bytes, size_t size, size_t count, void *ctx)
{
	struct slot *s = ctx;

	if (s->answer.len + size * count > s->answer_max)
		return 0;		/* ends in CURLE_WRITE_ERROR: unknown */
	buf_add(&s->answer, bytes, size * count);
	return size * count;
}

static void
set_tls(const struct profile *p, CURL *e)
{
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (p->ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, p->ca_file);
	if (p->client_cert) {
		curl_easy_setopt(e, CURLOPT_SSLCERT, p->client_cert);
		curl_easy_setopt(e, CURLOPT_SSLKEY, p->client_key);
	}
}

static void
crowd_init(struct transfers *t, struct crowd *c, unsigned slots)
{
	*c = (struct crowd){ .transfers = t, .multi = curl_multi_init() };
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
	curl_multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)slots);
	curl_multi_setopt(c->multi, CURLMOPT_MAX_CONCURRENT_STREAMS, (long)slots);
	event_assign(&c->timer, t->base, -1, 0, on_timer, c);
}

static void
slot_init(struct crowd *c, struct slot *s)
{
	struct transfers *t = c->transfers;
	const struct profile *p = t->profile;
	CURL *e = curl_easy_init();

	s->transfers = t;
	s->crowd = c;
	s->easy = e;
	s->items = xcalloc(p->numbers_max, sizeof(struct item *));
	curl_easy_setopt(e, CURLOPT_PRIVATE, s);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, s->error);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_NOPROGRESS, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(e, CURLOPT_BUFFERSIZE, BUFFER_SIZE);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)(p->http2 ? CURL_HTTP_VERSION_2TLS
							 : CURL_HTTP_VERSION_1_1));
	curl_easy_setopt(e, CURLOPT_PIPEWAIT, p->http2 ? 1L : 0L);	/* one connection, many streams */
	curl_easy_setopt(e, CURLOPT_PROXY, p->proxy);	/* "": not even from the environment */
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, p->timeout_ms);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, p->connect_timeout_ms);
	curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, IDLE_SECONDS_MAX);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, t);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, about_to_send);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, s);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, s);
	set_tls(p, e);
	s->next_free = t->free_slots;
	t->free_slots = s;
	t->free_count++;
}

static void
add_line(struct curl_slist **headers, const char *name, const char *value)
{
	struct buf line = { 0 };

	buf_printf(&line, "%s: %s", name, value);
	*headers = curl_slist_append(*headers, line.data);
	buf_fini(&line);
}

static struct curl_slist *
make_headers(const struct operation *op)
{
	struct curl_slist *headers = NULL;
	bool has_type = false;
	const char *name;
	json_t *value;

	json_object_foreach(op->headers, name, value) {
		has_type = has_type || strcasecmp(name, "content-type") == 0;
		if (!strstr(json_string_value(value), "{{"))
			add_line(&headers, name, json_string_value(value));
	}
	if (op->content_type && !has_type)
		add_line(&headers, "Content-Type", op->content_type);
	else if (!has_type)
		headers = curl_slist_append(headers, "Content-Type:");	/* none */
	if (op->authorization)
		add_line(&headers, "Authorization", op->authorization);
	return curl_slist_append(headers, "Expect:");
}

static int
check_files(const struct profile *p, struct err *err)
{
	const char *const names[] = { "ca_file", "client_cert", "client_key" };
	const char *const paths[] = { p->ca_file, p->client_cert, p->client_key };
	struct err why = { 0 };

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		if (paths[i] && file_check(paths[i], FILE_CONF_MAX, &why) < 0)
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, names[i]), verbatim,
				       NEST(&why.said));
	return 0;
}

/* A connection each; the usual 1,024 are few. */
static void
raise_file_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

int
transfers_new(struct transfers **out, struct kit *kit, const struct profile *p,
	      void (*room)(void *ctx), void *ctx, struct err *err)
{
	struct transfers *t = xcalloc(1, sizeof(*t));
	unsigned in_crowd;

	*t = (struct transfers){ .kit = kit, .base = kit_base(kit), .profile = p, .room = room, .ctx = ctx };
	STAILQ_INIT(&t->questions);
	*out = t;
	if (check_files(p, err) < 0)
		return -1;
	raise_file_limit();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	refused_watch(on_refused, t);
	for (int i = 0; i < OP_COUNT; i++)
		t->headers[i] = profile_has(p, i) ? make_headers(&p->ops[i]) : NULL;
	t->slot_count = p->connections + QUESTION_SLOTS;
	in_crowd = p->http2 ? t->slot_count : CROWD;	/* streams share one connection */
	t->crowd_count = (t->slot_count + in_crowd - 1) / in_crowd;
	t->crowds = xcalloc(t->crowd_count, sizeof(*t->crowds));
	for (unsigned i = 0; i < t->crowd_count; i++)
		crowd_init(t, &t->crowds[i], in_crowd);
	t->slots = xcalloc(t->slot_count, sizeof(*t->slots));
	for (unsigned i = 0; i < t->slot_count; i++)
		slot_init(&t->crowds[i / in_crowd], &t->slots[i]);
	return 0;
}

unsigned
transfers_free_slots(const struct transfers *t)
{
	return t->free_count > QUESTION_SLOTS ? t->free_count - QUESTION_SLOTS : 0;
}

size_t
transfers_running(const struct transfers *t)
{
	return t->running;
}

static struct curl_slist *
headers_of(const struct slot *s)
{
	return s->transfers->headers[s->op - s->transfers->profile->ops];
}

static void
add_header(void *ctx, const char *name, const char *value)
{
	struct slot *s = ctx;

	if (!s->headers)
		for (const struct curl_slist *h = headers_of(s); h; h = h->next)
			s->headers = curl_slist_append(s->headers, h->data);
	add_line(&s->headers, name, value);
}

/* The bytes of one request, signed as the operation's scheme wants it. */
static void
fill(struct slot *s, struct request_values *v)
{
	const struct operation *op = s->op;
	const struct outgoing out = { .op = op, .host = operation_host(op), .path = &s->path, .query = &s->query, .body = &s->body,
				      .add_header = add_header, .ctx = s, .now = v->now };
	struct buf value = { 0 };

	curl_slist_free_all(s->headers);
	s->headers = NULL;
	buf_reset(&s->path);
	buf_reset(&s->query);
	buf_reset(&s->body);
	buf_reset(&s->coded);
	request_render(&op->path, v, &s->path);
	request_render(&op->query, v, &s->query);
	request_render(&op->body, v, &s->body);
	for (size_t i = 0; i < op->varying_count; i++) {
		buf_reset(&value);
		request_render(&op->varying[i].value, v, &value);
		add_header(s, op->varying[i].name, value.data);
	}
	scheme_sign(&op->sign, &out);
	if (op->base64)
		sign_base64(&s->coded, s->body.data, s->body.len);
	buf_fini(&value);
}

/* What differs from operation to operation. */
static void
set_up(struct slot *s, const struct operation *op)
{
	bool is_get = strcmp(op->method, "GET") == 0;

	s->op = op;
	curl_easy_setopt(s->easy, CURLOPT_HTTPGET, 1L);
	if (!is_get) {
		curl_easy_setopt(s->easy, CURLOPT_POST, 1L);
		curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, "");
		curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, 0L);
	}
	curl_easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST, is_get ? NULL : op->method);
}

/* A long answer may take its time; silence may not. */
static void
set_patience(struct slot *s, size_t answer_max)
{
	const struct profile *p = s->transfers->profile;
	long seconds = (p->timeout_ms + 999) / 1000;

	s->answer_max = answer_max ? answer_max : ANSWER_MAX + NUMBER_MAX * p->numbers_max;
	curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, answer_max ? (long)SLOW_MS : p->timeout_ms);
	curl_easy_setopt(s->easy, CURLOPT_LOW_SPEED_LIMIT, answer_max ? 1L : 0L);
	curl_easy_setopt(s->easy, CURLOPT_LOW_SPEED_TIME, answer_max ? seconds : 0L);
}

static void
hand_over(struct slot *s)
{
	const struct buf *body = s->op->base64 ? &s->coded : &s->body;

	buf_reset(&s->url);
	buf_puts(&s->url, s->op->origin);
	buf_add(&s->url, s->path.data, s->path.len);
	if (s->query.len) {
		buf_puts(&s->url, "?");
		buf_add(&s->url, s->query.data, s->query.len);
	}
	curl_easy_setopt(s->easy, CURLOPT_URL, s->url.data);
	curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers ? s->headers : headers_of(s));
	if (s->op->content_type) {
		curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, body->data ? body->data : "");
		curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)body->len);
	}
	curl_multi_add_handle(s->crowd->multi, s->easy);
}

void
transfers_start(struct transfers *t, const struct transfer *what)
{
	struct slot *s = t->free_slots;
	char nonce[REQUEST_NONCE] = "";

	t->free_slots = s->next_free;
	t->free_count--;
	t->running++;
	s->busy = true;
	if (what->count)
		memcpy(s->items, what->items, what->count * sizeof(struct item *));
	s->count = what->count;
	s->ended = what->ended;
	s->ctx = what->ctx;
	s->starts = 0;
	s->error[0] = '\0';
	buf_reset(&s->answer);
	if (s->op != what->op) {
		set_up(s, what->op);
		set_patience(s, what->answer_max);
	}
	fill(s, &(struct request_values){ .items = s->items, .count = s->count, .ref = what->ref, .nonce = nonce,
					  .country = t->profile->country, .now = kit_now() });
	hand_over(s);
}

void
transfers_ask(struct transfers *t, const struct transfer *what)
{
	struct waiting *w = xcalloc(1, sizeof(*w));

	w->transfer = *what;
	w->item = what->count ? what->items[0] : NULL;
	w->transfer.items = &w->item;
	w->ref = xstrdup(what->ref);
	w->transfer.ref = w->ref;
	STAILQ_INSERT_TAIL(&t->questions, w, link);
	ask_waiting(t);
}

static void
waiting_free(struct waiting *w)
{
	free(w->ref);
	free(w);
}

static void
ask_waiting(struct transfers *t)
{
	struct waiting *w;

	while (t->free_count && (w = STAILQ_FIRST(&t->questions))) {
		STAILQ_REMOVE_HEAD(&t->questions, link);
		transfers_start(t, &w->transfer);
		waiting_free(w);
	}
}

void
transfers_abandon(struct transfers *t,
		  void (*each)(void *ctx, const struct operation *, struct item *, bool sent),
		  void *ctx)
{
	struct waiting *w;

	while ((w = STAILQ_FIRST(&t->questions))) {
		STAILQ_REMOVE_HEAD(&t->questions, link);
		waiting_free(w);
	}
	for (unsigned i = 0; i < t->slot_count; i++) {
		struct slot *s = &t->slots[i];

		if (!s->busy)
			continue;
		curl_multi_remove_handle(s->crowd->multi, s->easy);
		give_back(t, s);
		for (size_t j = 0; j < s->count; j++)
			each(ctx, s->op, s->items[j], s->starts > 0);
	}
}

void
transfers_free(struct transfers *t)
{
	if (!t)
		return;
	refused_watch(NULL, NULL);
	for (unsigned i = 0; i < t->slot_count; i++) {
		struct slot *s = &t->slots[i];
		struct buf *bufs[] = { &s->url, &s->path, &s->query, &s->body, &s->coded, &s->answer };

		curl_multi_remove_handle(s->crowd->multi, s->easy);
		curl_easy_cleanup(s->easy);
		for (size_t j = 0; j < sizeof(bufs) / sizeof(*bufs); j++)
			buf_fini(bufs[j]);
		curl_slist_free_all(s->headers);
		free(s->items);
	}
	for (unsigned i = 0; i < t->crowd_count; i++) {
		curl_multi_cleanup(t->crowds[i].multi);
		event_del(&t->crowds[i].timer);
	}
	for (int i = 0; i < OP_COUNT; i++)
		curl_slist_free_all(t->headers[i]);
	for (size_t i = 0; i < t->watch_count; i++) {
		if (t->watches[i] && t->watches[i]->interest)
			event_del(&t->watches[i]->event);
		free(t->watches[i]);
	}
	free(t->watches);
	free(t->crowds);
	free(t->slots);
	free(t);
}
