/* imap.c -- what stands in imap.h.  What is in a mail is a literal, and is never taken for an answer. */
#include "drivers/feed/imap.h"

#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/number.h"
#include "drivers/feed/steady.h"

#define LINE_MOST (1 << 20)		/* of an answer, without its literals */
#define UIDS_MAX 10000

struct imap {
	CURL *easy;
	curl_socket_t socket;
	msec until;
	unsigned tag;
	struct buf in;			/* received */
	size_t at;			/* of the first byte not yet read */
	size_t most;			/* bytes that a literal may have */
	bool dead;			/* what comes now cannot be understood any more */
	char error[CURL_ERROR_SIZE];
};

struct answer {				/* one response, its literals taken out */
	struct buf line, literal;	/* the first literal only */
	bool has_literal;
};

bool
imap_is_alive(const struct imap *m)
{
	return !m->dead;
}

static void
answer_fini(struct answer *a)
{
	buf_fini(&a->line);
	buf_fini(&a->literal);
}

/* -- bytes -- */

static int
wait_for(struct imap *m, short what, struct err *err)
{
	msec left = m->until - steady_now();
	struct pollfd p = { m->socket, what, 0 };

	if (left > 0 && poll(&p, 1, (int)left) > 0)
		return 0;
	return err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), mail_silent);
}

static int
send_all(struct imap *m, const struct buf *bytes, struct err *err)
{
	size_t done = 0, n;

	while (done < bytes->len) {
		CURLcode code = curl_easy_send(m->easy, bytes->data + done, bytes->len - done, &n);

		if (code == CURLE_OK)
			done += n;
		else if (code != CURLE_AGAIN)
			return err_set(err, "the mail server has gone: %s", curl_easy_strerror(code));
		else if (wait_for(m, POLLOUT, err) < 0)
			return -1;
	}
	return 0;
}

static int
receive(struct imap *m, struct err *err)
{
	char chunk[16384];
	size_t n = 0;
	CURLcode code;

	if (m->at) {
		memmove(m->in.data, m->in.data + m->at, m->in.len - m->at + 1);
		m->in.len -= m->at;
		m->at = 0;
	}
	while ((code = curl_easy_recv(m->easy, chunk, sizeof(chunk), &n)) == CURLE_AGAIN)
		if (wait_for(m, POLLIN, err) < 0)
			return -1;
	if (code != CURLE_OK || !n)
		return err_set(err, "the mail server has gone: %s", code ? curl_easy_strerror(code) : "it closed");
	buf_add(&m->in, chunk, n);
	return 0;
}

/* Appends what comes up to the end of a line, without that. */
static int
read_line(struct imap *m, struct buf *out, struct err *err)
{
	const char *end;

	while (!(end = m->in.len > m->at ? memchr(m->in.data + m->at, '\n', m->in.len - m->at) : NULL)) {
		if (m->in.len - m->at > LINE_MOST)
			return err_set(err, "the mail server's answer is too long");
		if (receive(m, err) < 0)
			return -1;
	}
	buf_add(out, m->in.data + m->at, (size_t)(end - m->in.data) - m->at);
	m->at = (size_t)(end - m->in.data) + 1;
	if (out->len && out->data[out->len - 1] == '\r')
		out->data[--out->len] = '\0';
	return out->len <= LINE_MOST ? 0 : err_set(err, "the mail server's answer is too long");
}

static int
read_literal(struct imap *m, size_t len, struct buf *out, struct err *err)
{
	while (len) {
		size_t n = m->in.len - m->at;

		if (!n) {
			if (receive(m, err) < 0)
				return -1;
			continue;
		}
		n = n < len ? n : len;
		if (out)
			buf_add(out, m->in.data + m->at, n);
		m->at += n;
		len -= n;
	}
	return 0;
}

/* RFC 3501 4.3: "{12}" at the end of a line; -1: it does not end so. */
static int64_t
literal_length(const struct buf *line)
{
	const char *open = line->len ? strrchr(line->data, '{') : NULL;
	char digits[16];
	size_t len = open ? strspn(open + 1, "0123456789") : 0;
	int64_t n = -1;

	if (!len || len >= sizeof(digits) || strcmp(open + 1 + len, "}") != 0)
		return -1;
	snprintf(digits, sizeof(digits), "%.*s", (int)len, open + 1);
	return whole_parse(&n, digits, 0, UINT32_MAX) < 0 ? -1 : n;
}

static int
read_answer(struct imap *m, struct answer *a, struct err *err)
{
	int64_t len;

	*a = (struct answer){ 0 };
	for (;;) {
		if (read_line(m, &a->line, err) < 0)
			return -1;
		len = literal_length(&a->line);
		if (len < 0)
			return 0;
		if ((uint64_t)len > m->most)
			return err_set(err, "the mail server sends %lld bytes, which nobody asked for", (long long)len);
		if (read_literal(m, (size_t)len, a->has_literal ? NULL : &a->literal, err) < 0)
			return -1;
		a->has_literal = true;
		buf_puts(&a->line, " ");
	}
}

/* -- commands -- */

typedef void (*on_answer)(void *ctx, struct answer *);

/* RFC 3501 2.2.2 and 7.1: 0 for OK. */
static int
judge(const char *word, const struct buf *command, struct err *err)
{
	if (strncasecmp(word, "OK", 2) == 0)
		return 0;
	return err_set(err, "the mail server refuses %.20s: %.200s", command->data, word);
}

static int
run(struct imap *m, const struct buf *command, on_answer each, void *ctx, struct err *err)
{
	struct buf line = { 0 };
	struct answer a;
	char tag[16];
	int rc;

	snprintf(tag, sizeof(tag), "gong%u ", ++m->tag);
	buf_printf(&line, "%s%s\r\n", tag, command->data);
	rc = send_all(m, &line, err);
	buf_fini(&line);
	m->dead |= rc < 0;
	while (rc == 0) {
		rc = read_answer(m, &a, err);
		m->dead |= rc < 0;
		if (rc == 0 && a.line.len > strlen(tag) && strncmp(a.line.data, tag, strlen(tag)) == 0) {
			rc = judge(a.line.data + strlen(tag), command, err);
			answer_fini(&a);
			break;
		}
		if (rc == 0 && each && a.line.len > 2 && strncmp(a.line.data, "* ", 2) == 0)
			each(ctx, &a);
		answer_fini(&a);
	}
	return rc;
}

/* A string of RFC 3501 4.3, of printable ASCII. */
static void
add_quoted(struct buf *out, const char *text)
{
	buf_puts(out, "\"");
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_puts(out, "\\");
		buf_add(out, text, 1);
	}
	buf_puts(out, "\"");
}

static bool
number_after(const char *line, const char *word, uint32_t *out)
{
	const char *at = strcasestr(line, word);
	char digits[16];
	size_t len;
	int64_t n;

	if (!at)
		return false;
	at += strlen(word);
	len = strspn(at, "0123456789");
	if (!len || len >= sizeof(digits))
		return false;
	snprintf(digits, sizeof(digits), "%.*s", (int)len, at);
	if (whole_parse(&n, digits, 0, UINT32_MAX) < 0)
		return false;
	*out = (uint32_t)n;
	return true;
}

static void
on_select(void *ctx, struct answer *a)
{
	number_after(a->line.data, "[UIDVALIDITY ", ctx);
}

int
imap_select(struct imap *m, const char *folder, uint32_t *validity, struct err *err)
{
	struct buf command = { 0 };
	int rc;

	*validity = 0;
	buf_puts(&command, "SELECT ");
	add_quoted(&command, folder);
	rc = run(m, &command, on_select, validity, err);
	buf_fini(&command);
	return rc;
}

static void
on_search(void *ctx, struct answer *a)
{
	struct imap_list *l = ctx;
	char *save, *word;
	int64_t n;

	if (strncasecmp(a->line.data, "* SEARCH", 8) != 0)
		return;
	for (word = strtok_r(a->line.data + 8, " ", &save); word && l->count < UIDS_MAX;
	     word = strtok_r(NULL, " ", &save)) {
		if (whole_parse(&n, word, 1, UINT32_MAX) < 0)
			continue;
		if ((l->count & (l->count - 1)) == 0)
			l->uids = xrealloc(l->uids, (l->count ? 2 * l->count : 1) * sizeof(*l->uids));
		l->uids[l->count++] = (uint32_t)n;
	}
}

int
imap_unseen(struct imap *m, const char *const *senders, size_t count, struct imap_list *out, struct err *err)
{
	struct buf command = { 0 };
	int rc;

	*out = (struct imap_list){ 0 };
	buf_puts(&command, "UID SEARCH UNSEEN UNDELETED");
	for (size_t i = 0; i < count; i++) {
		buf_puts(&command, i + 1 < count ? " OR FROM " : " FROM ");
		add_quoted(&command, senders[i]);
	}
	rc = run(m, &command, on_search, out, err);
	buf_fini(&command);
	return rc;
}

struct wanted {				/* of one mail */
	uint32_t uid, size;
	bool has_size;
	struct buf *body;
	bool has_body;
};

/* "* 3 FETCH (UID 12 …)": servers may tell of other mails in between. */
static void
on_fetch(void *ctx, struct answer *a)
{
	struct wanted *w = ctx;
	uint32_t uid = 0;

	if (!strcasestr(a->line.data, " FETCH (") || !number_after(a->line.data, "UID ", &uid) || uid != w->uid)
		return;
	w->has_size |= number_after(a->line.data, "RFC822.SIZE ", &w->size);
	if (w->body && a->has_literal && !w->has_body) {
		buf_add(w->body, a->literal.data ? a->literal.data : "", a->literal.len);
		w->has_body = true;
	}
}

static int
fetch(struct imap *m, struct wanted *w, const char *what, struct err *err)
{
	struct buf command = { 0 };
	int rc;

	buf_printf(&command, "UID FETCH %u (UID %s)", w->uid, what);
	rc = run(m, &command, on_fetch, w, err);
	buf_fini(&command);
	return rc;
}

int
imap_size(struct imap *m, uint32_t uid, uint32_t *size, struct err *err)
{
	struct wanted w = { .uid = uid };
	int rc = fetch(m, &w, "RFC822.SIZE", err);

	if (rc == 0 && !w.has_size)
		rc = err_set(err, "the mail server does not say how large a mail is");
	*size = w.size;
	return rc;
}

int
imap_fetch(struct imap *m, uint32_t uid, size_t most, struct buf *out, struct err *err)
{
	struct wanted w = { .uid = uid, .body = out };
	int rc;

	m->most = most;
	rc = fetch(m, &w, "BODY.PEEK[]", err);
	m->most = LINE_MOST;
	if (rc == 0 && !w.has_body)
		rc = err_set(err, "the mail server does not give the mail");
	return rc;
}

int
imap_mark_seen(struct imap *m, uint32_t uid, struct err *err)
{
	struct buf command = { 0 };
	int rc;

	buf_printf(&command, "UID STORE %u +FLAGS.SILENT (\\Seen)", uid);
	rc = run(m, &command, NULL, NULL, err);
	buf_fini(&command);
	return rc;
}

/* -- the connection -- */

static void
set_up(struct imap *m, const struct conf *c)
{
	CURL *e = m->easy;

	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, m->error);
	curl_easy_setopt(e, CURLOPT_URL, c->url);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "imaps");
	curl_easy_setopt(e, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)c->timeout_ms);
	curl_easy_setopt(e, CURLOPT_USERNAME, c->user);
	curl_easy_setopt(e, CURLOPT_PASSWORD, c->password);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(e, CURLOPT_CAINFO, c->ca_file);
	curl_easy_setopt(e, CURLOPT_SSLCERT, c->client_cert);
	curl_easy_setopt(e, CURLOPT_SSLKEY, c->client_key);
}

struct imap *
imap_open(const struct conf *c, msec until, struct err *err)
{
	struct imap *m = xcalloc(1, sizeof(*m));
	CURLcode code;

	*m = (struct imap){ .easy = curl_easy_init(), .until = until, .most = LINE_MOST,
			    .socket = CURL_SOCKET_BAD };
	set_up(m, c);
	code = curl_easy_perform(m->easy);
	if (code == CURLE_OK)
		curl_easy_getinfo(m->easy, CURLINFO_ACTIVESOCKET, &m->socket);
	if (m->socket != CURL_SOCKET_BAD)
		return m;
	if (code == CURLE_LOGIN_DENIED)
		err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), mail_denied);
	else
		err_set(err, "%.200s", m->error[0] ? m->error : curl_easy_strerror(code));
	curl_easy_cleanup(m->easy);
	free(m);
	return NULL;
}

void
imap_close(struct imap *m)
{
	struct buf command = { 0 };
	struct err err;

	if (!m)
		return;
	buf_puts(&command, "gong0 LOGOUT\r\n");
	send_all(m, &command, &err);
	buf_fini(&command);
	curl_easy_cleanup(m->easy);
	buf_fini(&m->in);
	free(m);
}
