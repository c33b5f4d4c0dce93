/* transfer.c -- requests over libcurl's multi interface on the kit's loop.  Never more handles
 * than connections: what does not fit waits with the caller, because curl's own queue costs ten
 * times the speed.  It follows no redirect and sends no request twice. */
#include "drivers/http/http.h"
#include "drivers/http/sign.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX 65536
#define NUMBER_MAX 512u			/* more of it for each number of a request */
#define IDLE_SECONDS_MAX 20L		/* providers close idle connections; do not race them */

struct watch {				/* one socket of curl's */
	struct event event;
	short interest;			/* registered: EV_READ | EV_WRITE, 0 = none */
	bool ours;			/* opened by open_socket, so close_socket will be called */
	bool idle;			/* curl let go of it; kept registered for the next request */
};

struct slot {
	struct transfers *transfers;
	CURL *easy;
	struct item **items;		/* of this request; room for the profile's numbers_max */
	size_t count;			/* 0 = free */
	struct curl_slist *headers;	/* of this request alone; NULL = the profile's */
	struct slot *next_free;
	struct buf url, body, answer, work;
	unsigned starts;		/* times curl was about to write this request */
	char error[CURL_ERROR_SIZE];
};

struct transfers {
	struct event_base *base;
	const struct profile *profile;
	transfer_ended ended;
	void (*room)(void *ctx);
	void *ctx;
	CURLM *multi;
	struct curl_slist *headers;
	struct event timer;
	struct watch **watches;		/* by descriptor */
	size_t watch_count, running;
	struct slot *slots, *free_slots;
	unsigned free_count;
};

static void
reap(struct transfers *t)
{
	CURLMsg *msg;
	int left;
	bool any = false;

	while ((msg = curl_multi_info_read(t->multi, &left))) {
		struct transfer_result result = { .code = (int)msg->data.result };
		size_t count;
		struct slot *s;

		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&s);
		curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &result.status);
		curl_multi_remove_handle(t->multi, s->easy);
		count = s->count;
		s->count = 0;
		result.sent = s->starts > 0;
		result.error = s->error;
		result.body = s->answer.data;
		result.body_len = s->answer.len;
		t->running--;
		t->ended(t->ctx, s->items, count, &result);
		s->next_free = t->free_slots;
		t->free_slots = s;
		t->free_count++;
		any = true;
	}
	if (any)
		t->room(t->ctx);
}

static void
on_socket(evutil_socket_t fd, short what, void *ctx)
{
	struct transfers *t = ctx;
	struct watch *w = t->watches[fd];
	int running;

	if (w->idle) {			/* the peer closed it; curl finds out when it next looks */
		event_del(&w->event);
		w->interest = 0;
		return;
	}
	curl_multi_socket_action(t->multi, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) |
				 (what & EV_WRITE ? CURL_CSELECT_OUT : 0), &running);
	reap(t);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct transfers *t = ctx;
	int running;

	curl_multi_socket_action(t->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	reap(t);
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
watch_set(struct transfers *t, struct watch *w, curl_socket_t fd, short interest)
{
	if (w->interest == interest)
		return;
	if (w->interest)
		event_del(&w->event);
	w->interest = interest;
	if (!interest)
		return;
	event_assign(&w->event, t->base, fd, (short)(interest | EV_PERSIST), on_socket, t);
	event_add(&w->event, NULL);
}

/* Between two requests curl lets go of the socket and takes it again at once; staying registered
 * saves two system calls a message. */
static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct transfers *t = ctx;
	struct watch *w = watch_of(t, fd);

	if (what == CURL_POLL_REMOVE && w->ours && w->interest == EV_READ) {
		w->idle = true;
		return 0;
	}
	w->idle = false;
	watch_set(t, w, fd, (short)((what & CURL_POLL_IN ? EV_READ : 0) |
				    (what & CURL_POLL_OUT ? EV_WRITE : 0)) *
		  (what != CURL_POLL_REMOVE));
	return 0;
}

static int
want_timer(CURLM *multi, long timeout_ms, void *ctx)
{
	struct transfers *t = ctx;
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };

	if (timeout_ms < 0)
		event_del(&t->timer);
	else
		event_add(&t->timer, &tv);
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

	watch_set(t, w, fd, 0);
	*w = (struct watch){ 0 };
	return close(fd);
}

/* Called when curl is about to write the request.  A second time means that a kept connection
 * died under the first and curl would send the same message again: whether the provider has the
 * first is unknown, so it ends here. */
static int
about_to_send(void *ctx, char *remote, char *local, int remote_port, int local_port)
{
	struct slot *s = ctx;

	return ++s->starts > 1 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t
take_answer(char *bytes, size_t size, size_t count, void *ctx)
{
	struct slot *s = ctx;

	if (s->answer.len + size * count > ANSWER_MAX + NUMBER_MAX * s->transfers->profile->numbers_max)
		return 0;		/* ends in CURLE_WRITE_ERROR: unknown */
	buf_add(&s->answer, bytes, size * count);
	return size * count;
}

static void
slot_init(struct transfers *t, struct slot *s)
{
	const struct profile *p = t->profile;
	CURL *e = curl_easy_init();

	s->transfers = t;
	s->easy = e;
	s->items = xcalloc(p->numbers_max, sizeof(struct item *));
	curl_easy_setopt(e, CURLOPT_URL, p->url);
	curl_easy_setopt(e, CURLOPT_PRIVATE, s);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, s->error);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_NOPROGRESS, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_PROXY, p->proxy);	/* "": not even from the environment */
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, p->timeout_ms);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, p->connect_timeout_ms);
	curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, IDLE_SECONDS_MAX);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(e, CURLOPT_CLOSESOCKETDATA, t);
	curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, about_to_send);
	curl_easy_setopt(e, CURLOPT_PREREQDATA, s);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, s);
	if (p->ca_file)
		curl_easy_setopt(e, CURLOPT_CAINFO, p->ca_file);
	if (strcmp(p->method, "GET") != 0) {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, "");
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, p->method);
	}
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

static void
make_headers(struct transfers *t)
{
	const struct profile *p = t->profile;
	bool has_type = false;
	const char *name;
	json_t *value;

	json_object_foreach(p->headers, name, value) {
		has_type = has_type || strcasecmp(name, "content-type") == 0;
		add_line(&t->headers, name, json_string_value(value));
	}
	if (p->content_type && !has_type)
		add_line(&t->headers, "Content-Type", p->content_type);
	if (p->authorization)
		add_line(&t->headers, "Authorization", p->authorization);
	t->headers = curl_slist_append(t->headers, "Expect:");
}

int
transfers_new(struct transfers **out, struct event_base *base, const struct profile *p,
	      transfer_ended ended, void (*room)(void *ctx), void *ctx, struct err *err)
{
	struct transfers *t = xcalloc(1, sizeof(*t));

	*t = (struct transfers){ .base = base, .profile = p, .ended = ended, .room = room,
				  .ctx = ctx };
	*out = t;
	if (p->ca_file && access(p->ca_file, R_OK) < 0)
		return err_field(err, "ca_file", "%s cannot be read", p->ca_file);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	t->multi = curl_multi_init();
	curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t);
	curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t);
	curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, (long)p->connections);
	event_assign(&t->timer, base, -1, 0, on_timer, t);
	make_headers(t);
	t->slots = xcalloc(p->connections, sizeof(*t->slots));
	for (unsigned i = 0; i < p->connections; i++)
		slot_init(t, &t->slots[i]);
	return 0;
}

unsigned
transfers_free_slots(const struct transfers *t)
{
	return t->free_count;
}

size_t
transfers_running(const struct transfers *t)
{
	return t->running;
}

static void
sign_tc3_headers(struct slot *s, msec now)
{
	const struct profile *p = s->transfers->profile;
	const struct sign_tc3 tc3 = {
		.key_id = p->sign.key_id, .key = p->sign.key, .service = p->sign.service,
		.host = p->host, .action = p->sign.action, .at = now,
	};
	char seconds[24];

	curl_slist_free_all(s->headers);
	s->headers = NULL;
	for (struct curl_slist *h = s->transfers->headers; h; h = h->next)
		s->headers = curl_slist_append(s->headers, h->data);
	snprintf(seconds, sizeof(seconds), "%lld", (long long)(now / 1000));
	add_line(&s->headers, "X-TC-Action", p->sign.action);
	add_line(&s->headers, "X-TC-Timestamp", seconds);
	buf_reset(&s->work);
	sign_tc3(&s->work, &tc3, s->body.data, s->body.len);
	add_line(&s->headers, "Authorization", s->work.data);
	curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
}

static void
sign_aliyun_body(struct slot *s, msec now)
{
	const struct profile *p = s->transfers->profile;
	time_t seconds = (time_t)(now / 1000);
	unsigned char nonce[16];
	char time[24];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	strftime(time, sizeof(time), "%Y-%m-%dT%H%%3A%M%%3A%SZ", &tm);
	buf_puts(&s->body, "&AccessKeyId=");
	sign_percent(&s->body, p->sign.key_id, strlen(p->sign.key_id));
	buf_printf(&s->body, "&SignatureMethod=HMAC-SHA1&SignatureVersion=1.0&Timestamp=%s"
		   "&SignatureNonce=", time);
	RAND_bytes(nonce, sizeof(nonce));
	for (size_t i = 0; i < sizeof(nonce); i++)
		buf_printf(&s->body, "%02x", nonce[i]);
	sign_aliyun_rpc(&s->body, p->method, p->sign.key);
}

/* The bytes of one request, signed as the profile's scheme wants it. */
static void
fill(struct slot *s, struct request_values *v)
{
	const struct profile *p = s->transfers->profile;
	struct buf digest = { 0 };

	if (p->sign.scheme == SIGN_MD5) {
		buf_reset(&s->work);
		request_render(&p->sign.of, v, &s->work);
		sign_md5(&digest, s->work.data, s->work.len);
		v->signature = digest.data;
	}
	if (p->query.count) {
		buf_reset(&s->url);
		buf_puts(&s->url, p->url);
		buf_puts(&s->url, strchr(p->url, '?') ? "&" : "?");
		request_render(&p->query, v, &s->url);
		curl_easy_setopt(s->easy, CURLOPT_URL, s->url.data);
	}
	buf_reset(&s->body);
	request_render(&p->body, v, &s->body);
	if (p->sign.scheme == SIGN_ALIYUN_RPC)
		sign_aliyun_body(s, kit_now());
	if (p->sign.scheme == SIGN_TC3)
		sign_tc3_headers(s, kit_now());
	if (p->base64) {
		buf_reset(&s->work);
		sign_base64(&s->work, s->body.data, s->body.len);
	}
	buf_fini(&digest);
}

void
transfers_start(struct transfers *t, struct item *const *items, size_t count)
{
	const struct profile *p = t->profile;
	struct slot *s = t->free_slots;

	t->free_slots = s->next_free;
	t->free_count--;
	t->running++;
	memcpy(s->items, items, count * sizeof(struct item *));
	s->count = count;
	s->starts = 0;
	s->error[0] = '\0';
	buf_reset(&s->answer);
	fill(s, &(struct request_values){ .items = s->items, .count = count,
					  .country = p->country, .join = p->numbers_join });
	if (p->body.count) {
		const struct buf *body = p->base64 ? &s->work : &s->body;

		curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, body->data);
		curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)body->len);
	}
	curl_multi_add_handle(t->multi, s->easy);
}

void
transfers_abandon(struct transfers *t, void (*each)(void *ctx, struct item *, bool sent),
		  void *ctx)
{
	for (unsigned i = 0; i < t->profile->connections; i++) {
		struct slot *s = &t->slots[i];

		if (!s->count)
			continue;
		curl_multi_remove_handle(t->multi, s->easy);
		t->running--;
		for (size_t j = 0; j < s->count; j++)
			each(ctx, s->items[j], s->starts > 0);
		s->count = 0;
	}
}

void
transfers_free(struct transfers *t)
{
	if (!t)
		return;
	for (unsigned i = 0; t->slots && i < t->profile->connections; i++) {
		struct slot *s = &t->slots[i];

		curl_multi_remove_handle(t->multi, s->easy);
		curl_easy_cleanup(s->easy);
		buf_fini(&s->url);
		buf_fini(&s->body);
		buf_fini(&s->answer);
		buf_fini(&s->work);
		curl_slist_free_all(s->headers);
		free(s->items);
	}
	curl_multi_cleanup(t->multi);
	curl_slist_free_all(t->headers);
	if (t->multi)
		event_del(&t->timer);
	for (size_t i = 0; i < t->watch_count; i++) {
		if (t->watches[i] && t->watches[i]->interest)
			event_del(&t->watches[i]->event);
		free(t->watches[i]);
	}
	free(t->watches);
	free(t->slots);
	free(t);
}
