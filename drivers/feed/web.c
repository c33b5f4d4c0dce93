/* web.c -- what stands in web.h.  Redirects are looked at one by one, as if they were links. */
#include "drivers/feed/web.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/feed/address.h"
#include "drivers/feed/steady.h"

#define REDIRECTS_MAX 3
#define RETRY_AFTER_MAX SECONDS(900)

struct web {
	CURL *easy;
	const struct conf *conf;
	/* of the request in hand */
	struct web_answer *answer;
	size_t most;
	bool too_large, forbidden, literal;
	char address[INET6_ADDRSTRLEN];	/* that was forbidden */
	char error[CURL_ERROR_SIZE];
};

/* -- addresses -- */

static char *
part_of(const char *url, CURLUPart part, unsigned flags)
{
	CURLU *u = curl_url();
	char *got = NULL, *out = NULL;

	if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, part, &got, flags) == CURLUE_OK)
		out = xstrdup(got);
	curl_free(got);
	curl_url_cleanup(u);
	return out;
}

char *
web_resolve(const char *base, const char *link)
{
	CURLU *u = curl_url();
	char *got = NULL, *out = NULL;

	if (curl_url_set(u, CURLUPART_URL, base, 0) == CURLUE_OK &&
	    curl_url_set(u, CURLUPART_URL, link, 0) == CURLUE_OK &&
	    curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_URL, &got, 0) == CURLUE_OK &&
	    (strncmp(got, "http://", 7) == 0 || strncmp(got, "https://", 8) == 0))
		out = xstrdup(got);
	curl_free(got);
	curl_url_cleanup(u);
	return out;
}

char *
web_shown(const char *url)
{
	static const CURLUPart secret[] = {
		CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT,
	};
	CURLU *u = curl_url();
	char *got = NULL, *out;

	if (curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
		for (size_t i = 0; i < sizeof(secret) / sizeof(*secret); i++)
			curl_url_set(u, secret[i], NULL, 0);
		curl_url_get(u, CURLUPART_URL, &got, 0);
	}
	out = xstrdup(got ? got : "(no address)");
	curl_free(got);
	curl_url_cleanup(u);
	return out;
}

static bool
same_part(const char *url, const char *other, CURLUPart part)
{
	char *a = part_of(url, part, CURLU_DEFAULT_PORT), *b = part_of(other, part, CURLU_DEFAULT_PORT);
	bool same = a && b && strcasecmp(a, b) == 0;

	free(a);
	free(b);
	return same;
}

/* Scheme, host and port: there the feed's own password may go. */
static bool
is_own(const struct conf *c, const char *url)
{
	return same_part(c->url, url, CURLUPART_SCHEME) && same_part(c->url, url, CURLUPART_HOST) &&
		same_part(c->url, url, CURLUPART_PORT);
}

static int
say_unlisted(struct err *err, const char *host, const char *port)
{
	char entry[160];

	snprintf(entry, sizeof(entry), "%.140s:%.8s", host, port);
	return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), feed_unlisted, entry);
}

int
web_may_ask(const struct conf *c, const char *url, struct err *err)
{
	char *host = part_of(url, CURLUPART_HOST, 0), *port = part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	char *user = part_of(url, CURLUPART_USER, 0);
	int rc = 0;

	if (!host || !port || user)
		rc = err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), feed_address);
	else if (strncasecmp(c->url, "https:", 6) == 0 && strncasecmp(url, "https:", 6) != 0)
		rc = err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), feed_weaker);
	else if (!is_own(c, url) && !address_is_listed(c, host, port))
		rc = say_unlisted(err, host, port);
	free(host);
	free(port);
	free(user);
	return rc;
}

/* The address that is about to be connected to: nothing can change it after this look. */
static curl_socket_t
open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct web *w = ctx;
	int fd;

	if (!w->literal && !address_may_connect(w->conf, &to->addr, w->address, sizeof(w->address))) {
		w->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* -- the request -- */

static size_t
take_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct web *w = ctx;

	if (w->answer->body.len + size * count > w->most) {
		w->too_large = true;
		return 0;
	}
	buf_add(&w->answer->body, bytes, size * count);
	return size * count;
}

static struct curl_slist *
add_line(struct curl_slist *list, const char *name, const char *value)
{
	struct buf line = { 0 };

	if (value && *value) {
		buf_printf(&line, "%s: %s", name, value);
		list = curl_slist_append(list, line.data);
		buf_fini(&line);
	}
	return list;
}

static bool
has_accept(const struct conf *c)
{
	const char *name;
	json_t *text;

	json_object_foreach(c->headers, name, text)
		if (strcasecmp(name, "Accept") == 0)
			return true;
	return false;
}

static struct curl_slist *
headers_of(const struct conf *c, const struct web_wish *wish, bool own)
{
	struct curl_slist *list = add_line(NULL, "If-None-Match", wish->etag);
	const char *name;
	json_t *text;

	list = add_line(list, "If-Modified-Since", wish->modified);
	list = add_line(list, "Accept", own && has_accept(c) ? NULL : wish->accept);
	if (!own)
		return list;
	list = add_line(list, "Authorization", c->authorization);
	json_object_foreach(c->headers, name, text)
		list = add_line(list, name, json_string_value(text));
	return list;
}

struct web *
web_new(const struct conf *c)
{
	struct web *w = xcalloc(1, sizeof(*w));
	CURL *e = curl_easy_init();

	w->easy = e;
	w->conf = c;
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, w->error);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PROXY, "");	/* not even from the environment */
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "gong/" GONG_VERSION);
	curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)c->timeout_ms);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, w);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, w);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_CAINFO, c->ca_file);
	return w;
}

void
web_free(struct web *w)
{
	if (!w)
		return;
	curl_easy_cleanup(w->easy);
	free(w);
}

/* The feed's password is for the feed's own host. */
static void
set_credentials(struct web *w, bool own)
{
	const struct conf *c = w->conf;

	curl_easy_setopt(w->easy, CURLOPT_USERNAME, own ? c->user : NULL);
	curl_easy_setopt(w->easy, CURLOPT_PASSWORD, own ? c->password : NULL);
	curl_easy_setopt(w->easy, CURLOPT_SSLCERT, own ? c->client_cert : NULL);
	curl_easy_setopt(w->easy, CURLOPT_SSLKEY, own ? c->client_key : NULL);
}

static int
say_failure(struct web *w, CURLcode code, struct err *err)
{
	if (w->too_large)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), feed_too_large, NUM(w->most));
	if (w->forbidden)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), feed_near, w->address);
	return err_set(err, "%.200s", w->error[0] ? w->error : curl_easy_strerror(code));
}

static void
copy_header(struct web *w, const char *name, char *out, size_t size)
{
	struct curl_header *h;

	out[0] = '\0';
	if (curl_easy_header(w->easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK && strlen(h->value) < size)
		snprintf(out, size, "%s", h->value);
}

static int
get_once(struct web *w, const char *url, const struct web_wish *wish, struct err *err)
{
	bool own = is_own(w->conf, url);
	struct curl_slist *headers = headers_of(w->conf, wish, own);
	msec left = wish->until - steady_now();
	curl_off_t wait = 0;
	char *host = part_of(url, CURLUPART_HOST, 0);
	CURLcode code;

	buf_reset(&w->answer->body);
	w->answer->status = 0;
	w->too_large = w->forbidden = false;
	w->literal = host && address_is_literal(host);
	w->error[0] = '\0';
	free(host);
	set_credentials(w, own);
	curl_easy_setopt(w->easy, CURLOPT_URL, url);
	curl_easy_setopt(w->easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(w->easy, CURLOPT_TIMEOUT_MS, (long)(left < 1 ? 1 : msec_min(left, w->conf->timeout_ms)));
	code = curl_easy_perform(w->easy);
	curl_easy_setopt(w->easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	if (code != CURLE_OK)
		return say_failure(w, code, err);
	curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &w->answer->status);
	curl_easy_getinfo(w->easy, CURLINFO_RETRY_AFTER, &wait);
	w->answer->retry_after_ms = msec_min(SECONDS(wait < 0 ? 0 : wait), RETRY_AFTER_MAX);
	copy_header(w, "ETag", w->answer->etag, sizeof(w->answer->etag));
	copy_header(w, "Last-Modified", w->answer->modified, sizeof(w->answer->modified));
	return 0;
}

/* Where it leads, caller frees; NULL: it leads nowhere. */
static char *
redirection(const struct web *w)
{
	char *to = NULL;

	if (w->answer->status / 100 != 3 || w->answer->status == 304)
		return NULL;
	curl_easy_getinfo(w->easy, CURLINFO_REDIRECT_URL, &to);
	return xstrdup(to);
}

static int
judge(const struct web *w, struct err *err)
{
	if (w->answer->status == 200 || w->answer->status == 304)
		return 0;
	if (w->answer->status == 401 || w->answer->status == 403)
		return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), feed_denied, NUM(w->answer->status));
	return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), feed_answers, NUM(w->answer->status));
}

int
web_get(struct web *w, const struct web_wish *wish, struct web_answer *answer, struct err *err)
{
	char *url = xstrdup(wish->url);
	int rc;

	*answer = (struct web_answer){ 0 };
	w->answer = answer;
	w->most = wish->most;
	for (int hops = 0; (rc = web_may_ask(w->conf, url, err)) == 0; hops++) {
		char *next;

		rc = get_once(w, url, wish, err);
		next = rc == 0 && hops < REDIRECTS_MAX ? redirection(w) : NULL;
		if (!next) {
			rc = rc < 0 ? -1 : judge(w, err);
			break;
		}
		free(url);
		url = next;
	}
	free(url);
	return rc;
}

void
web_answer_fini(struct web_answer *a)
{
	buf_fini(&a->body);
}
