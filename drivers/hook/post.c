/* post.c -- one request over libcurl's multi interface on the kit's loop.  It follows no redirect, asks no
 * proxy, and connects to no address that address.c does not allow. */
#include "drivers/hook/hook.h"

#include <string.h>
#include <unistd.h>

#include "core/url.h"

#define WITHIN_MS 15000L
#define CONNECT_MS 5000L
#define ANSWER_MAX 65536		/* nobody reads it; more is not waited for */
#define IDLE_SECONDS_MAX 20L		/* receivers close idle connections; do not race them */
#define CONNECTIONS 64L

struct post {
	struct hook *hook;
	CURL *easy;
	struct curl_slist *headers;
	json_t *op;			/* what curl borrows is in it */
	size_t answered;
	bool loopback, was_kept_off;
	char error[CURL_ERROR_SIZE];
};

/* -- what curl wants of the loop -- */

static void reap(struct hook *);

static void
on_socket(evutil_socket_t fd, short what, void *ctx)
{
	struct hook *h = ctx;
	int running;

	curl_multi_socket_action(h->multi, fd, (what & EV_READ ? CURL_CSELECT_IN : 0) |
				 (what & EV_WRITE ? CURL_CSELECT_OUT : 0), &running);
	reap(h);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct hook *h = ctx;
	int running;

	curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	reap(h);
}

static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct hook *h = ctx;
	struct event *event = socket_ctx;
	short interest = (short)((what & CURL_POLL_IN ? EV_READ : 0) | (what & CURL_POLL_OUT ? EV_WRITE : 0));

	if (event)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE) {
		event = event_new(kit_base(h->kit), fd, (short)(interest | EV_PERSIST), on_socket, h);
		event_add(event, NULL);
	}
	curl_multi_assign(h->multi, fd, event);
	return 0;
}

static int
want_timer(CURLM *multi, long timeout_ms, void *ctx)
{
	struct hook *h = ctx;
	struct timeval tv = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };

	if (timeout_ms < 0)
		event_del(&h->timer);
	else
		event_add(&h->timer, &tv);
	return 0;
}

void
post_init(struct hook *h)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	h->multi = curl_multi_init();
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS);
	event_assign(&h->timer, kit_base(h->kit), -1, 0, on_timer, h);
}

/* -- what became of it -- */

/* What a receiver says of this very request, or of where it was sent: it would say so again. */
static bool
is_final(long status)
{
	return (status >= 300 && status < 400) || status == 400 || status == 405 || status == 410 ||
	       (status >= 413 && status <= 415) || status == 422 || status == 501;
}

static void
say(struct hook *h, json_t *op, const char *fate, long status, const char *reason)
{
	kit_event(h->kit, json_pack("{s:s,s:O,s:s,s:I,s:s*}", "ev", "posted", "id", json_object_get(op, "id"), "fate",
				    fate, "status", (json_int_t)status, "reason", reason));
}

static void
post_free(struct post *p)
{
	curl_easy_cleanup(p->easy);
	curl_slist_free_all(p->headers);
	json_decref(p->op);
	free(p);
}

static void
end_post(struct post *p, CURLcode code)
{
	struct hook *h = p->hook;
	long status = 0;

	curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_multi_remove_handle(h->multi, p->easy);
	if (status >= 200 && status < 300)
		say(h, p->op, "taken", status, NULL);
	else if (status)
		say(h, p->op, is_final(status) ? "never" : "later", status, NULL);
	else if (p->was_kept_off)
		say(h, p->op, "later", 0, "loopback");
	else
		say(h, p->op, "later", 0, p->error[0] ? p->error : curl_easy_strerror(code));
	post_free(p);
	h->running--;
	if (h->closing && !h->running)
		event_active(&h->leave, EV_TIMEOUT, 0);
}

static void
reap(struct hook *h)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(h->multi, &left))) {
		CURLcode code = msg->data.result;
		struct post *p;

		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&p);
		end_post(p, code);
	}
}

/* -- a request -- */

static curl_socket_t
open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct post *p = ctx;
	int fd;

	if (!address_is_allowed(&address->addr, p->loopback)) {
		p->was_kept_off = true;
		return CURL_SOCKET_BAD;
	}
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static size_t
take_answer(char *bytes, size_t size, size_t count, void *ctx)
{
	struct post *p = ctx;

	p->answered += size * count;
	return p->answered > ANSWER_MAX ? 0 : size * count;
}

static void
add_header(struct post *p, const char *name, const char *value)
{
	struct buf line = { 0 };

	if (!value)
		return;
	buf_printf(&line, "%s: %s", name, value);
	p->headers = curl_slist_append(p->headers, line.data);
	buf_fini(&line);
}

static const char *
text_of(const struct post *p, const char *name)
{
	return json_string_value(json_object_get(p->op, name));
}

static void
put_body(struct post *p)
{
	const char *body = text_of(p, "body");

	if (strcmp(text_of(p, "method"), "POST") != 0)
		return;
	curl_easy_setopt(p->easy, CURLOPT_POST, 1L);
	curl_easy_setopt(p->easy, CURLOPT_POSTFIELDS, body ? body : "");
	curl_easy_setopt(p->easy, CURLOPT_POSTFIELDSIZE, (long)(body ? strlen(body) : 0));
	add_header(p, "Content-Type", text_of(p, "type"));
}

static void
set_up(struct post *p)
{
	CURL *e = p->easy;

	curl_easy_setopt(e, CURLOPT_PRIVATE, p);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, p->error);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_NOPROGRESS, 1L);
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_PROXY, "");		/* not even from the environment */
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, WITHIN_MS);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(e, CURLOPT_MAXAGE_CONN, IDLE_SECONDS_MAX);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, p);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, p);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "gong/" GONG_VERSION);
	curl_easy_setopt(e, CURLOPT_URL, text_of(p, "url"));
	put_body(p);
	add_header(p, "Idempotency-Key", text_of(p, "key"));
	add_header(p, "X-Gong-Time", text_of(p, "time"));
	add_header(p, "X-Gong-Signature", text_of(p, "signature"));
	add_header(p, "Expect", "");
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, p->headers);
}

void
post_start(struct hook *h, json_t *op)
{
	const char *url = json_string_value(json_object_get(op, "url"));
	struct post *p;
	struct url origin;

	if (!json_is_string(json_object_get(op, "id")))
		return;
	if (!url || !json_is_string(json_object_get(op, "method")) || url_parse(&origin, url) < 0 || h->closing) {
		say(h, op, h->closing ? "later" : "never", 0, h->closing ? "closing" : "it has no URL");
		return;
	}
	p = xcalloc(1, sizeof(*p));
	*p = (struct post){ .hook = h, .easy = curl_easy_init(), .op = json_incref(op),
			    .loopback = json_is_true(json_object_get(op, "loopback")) };
	set_up(p);
	h->running++;
	curl_multi_add_handle(h->multi, p->easy);
}
