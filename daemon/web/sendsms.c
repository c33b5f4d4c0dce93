/* sendsms.c -- GET and POST /cgi-bin/sendsms: its `username` is a source's name, its `password` that
 * source's token.  A GET is read as it came, a POST as the GET that it stands for. */
#include "daemon/web/sendsms.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "daemon/web/source.h"

#define FOLDER "/cgi-bin/"
#define HEADERS "x-kannel-"
#define FAILURE_DELAY_S 1
#define BODY_MAX (64u * 1024)
#define VALUE_MAX 512

bool
sendsms_is(const struct settings *s, const char *path)
{
	size_t i = 0;

	while (i < s->source_count && s->sources[i].format != FORMAT_KANNEL)
		i++;
	return i < s->source_count && strncmp(path, FOLDER, strlen(FOLDER)) == 0;
}

/* A parameter of the query by one of its names; false: it is not there, or too long. */
static bool
in_query(const char *p, const char *name, char out[VALUE_MAX])
{
	size_t name_len = strlen(name);

	while (p && *p) {
		size_t len = strcspn(p, "&");

		if (len > name_len && strncmp(p, name, name_len) == 0 && p[name_len] == '=') {
			char *value = xstrndup(p + name_len + 1, len - name_len - 1);
			int rc;

			for (char *c = value; *c; c++)
				if (*c == '+')
					*c = ' ';
			rc = url_decode(out, VALUE_MAX, value, strlen(value));
			free(value);
			return rc == 0;
		}
		p += len + (p[len] == '&');
	}
	return false;
}

static bool
value_of(const struct http_request *r, const char *name, const char *old, char out[VALUE_MAX])
{
	char header[64];
	const char *value;

	if (strcmp(r->method, "GET") == 0)
		return in_query(r->query, name, out) || in_query(r->query, old, out);
	snprintf(header, sizeof(header), HEADERS "%s", name);
	value = http_header(r, header);
	if (!value || strlen(value) >= VALUE_MAX)
		return false;
	snprintf(out, VALUE_MAX, "%s", value);
	return true;
}

/* NULL: which of both is wrong nobody is told. */
static const struct source_conf *
who(const struct settings *s, const struct http_request *r)
{
	char name[VALUE_MAX], password[VALUE_MAX];
	const struct source_conf *c;

	if (!value_of(r, "username", "user", name) || !value_of(r, "password", "pass", password))
		return NULL;
	c = settings_source(s, name);
	return c && c->format == FORMAT_KANNEL && c->token && auth_is_secret(password, c->token) ? c : NULL;
}

static bool
is_text(const struct http_request *r)
{
	const char *type = http_header(r, "content-type");

	return type && strncasecmp(type, "text/plain", 10) == 0;
}

void
sendsms_head(struct web *web, struct http_conn *c, struct exchange *x)
{
	const struct http_request *r = http_request(c);
	bool is_post = strcmp(r->method, "POST") == 0;
	struct err err;

	x->sendsms = true;
	if (strcmp(r->path, FOLDER "sendsms") != 0) {
		err_say(&err, REFUSED_NOT_FOUND, about(CONCEPT_NONE), nothing_here);
		web_refuse(c, &err);
	} else if (!is_post && strcmp(r->method, "GET") != 0) {
		err_say(&err, REFUSED_NO_SUCH_VERB, about(CONCEPT_NONE), verbs_here, "GET, POST");
		web_refuse(c, &err);
	} else if (is_post && !is_text(r)) {
		err_say(&err, REFUSED_WRONG_TYPE, about_name(CONCEPT_HEADER, "Content-Type"), wrong_type, "text/plain");
		web_refuse(c, &err);
	} else if (!(x->source = who(x->settings, r))) {
		web->auth_failures++;
		err_say(&err, REFUSED_UNAUTHENTICATED, about(CONCEPT_NONE), source_unknown);
		web_refuse_with(c, &err, NULL, FAILURE_DELAY_S);
	} else if (source_has_room(web, c, x->source)) {
		x->by.kind = PRINCIPAL_SOURCE;
		snprintf(x->by.name, sizeof(x->by.name), SOURCE_PRINCIPAL "%s", x->source->name);
		http_body_max(c, is_post ? BODY_MAX : 0);
	}
}

static void
put_pair(struct buf *out, const char *name, const char *value, size_t len)
{
	buf_printf(out, "%s%s=", out->len ? "&" : "", name);
	for (size_t i = 0; i < len; i++)
		buf_printf(out, "%%%02X", (unsigned char)value[i]);
}

/* X-Kannel-NAME of each header, and the body as the text. */
static void
query_of(struct buf *out, const struct http_request *r, const struct buf *body)
{
	const char *type = http_header(r, "content-type"), *charset = type ? strcasestr(type, "charset=") : NULL;

	for (const char *const *h = r->headers; *h; h += 2)
		if (strncmp(h[0], HEADERS, strlen(HEADERS)) == 0)
			put_pair(out, h[0] + strlen(HEADERS), h[1], strlen(h[1]));
	if (charset && !http_header(r, HEADERS "charset")) {
		charset += strlen("charset=");
		charset += *charset == '"';
		put_pair(out, "charset", charset, strcspn(charset, "\"; \t"));
	}
	if (body->len)
		put_pair(out, "text", body->data, body->len);
}

void
sendsms_whole(struct web *web, struct http_conn *c, struct exchange *x)
{
	const struct http_request *r = http_request(c);
	struct buf query = { 0 };

	if (strcmp(r->method, "GET") == 0)
		buf_puts(&query, r->query ? r->query : "");
	else
		query_of(&query, r, http_body(c));
	source_hand_on(web, c, &(struct parse_ask){
		.source = x->source, .bytes = query.data ? query.data : "", .len = query.len,
		.now = web->ports.now(web->ports.ctx),
	});
	buf_fini(&query);
}

void
sendsms_give(struct http_conn *c, const char *json)
{
	char text[SENDSMS_TEXT];
	int status = sendsms_verdict(json, text);

	http_answer(c, status, "text/html", NULL, text, strlen(text), 0);
}
