/* client.c -- one request to gongd over its unix socket, and what to do when it is not
 * there. */
#include "ctl/ctl.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/number.h"

#define LIMIT_MAX 10000000
#define CONNECT_S 5L
#define ANSWER_S 60L
#define IMPORT_S 600L

static size_t
take(char *data, size_t size, size_t count, void *to)
{
	buf_add(to, data, size * count);
	return size * count;
}

/* The headers that gongctl looks at: the zone of the site, and the tag of what was read. */
static size_t
take_header(char *data, size_t size, size_t count, void *to)
{
	static const char name[] = "Gong-Zone: ", tag[] = "ETag: ";
	size_t len = size * count, n = sizeof(name) - 1;
	struct ctl *ctl = to;
	char zone[64];

	if (len > sizeof(tag) - 1 && strncasecmp(data, tag, sizeof(tag) - 1) == 0)
		snprintf(ctl->etag, sizeof(ctl->etag), "%.*s",
			 (int)strcspn(data + sizeof(tag) - 1, "\r\n"), data + sizeof(tag) - 1);
	if (len > n && len - n < sizeof(zone) && strncasecmp(data, name, n) == 0) {
		size_t end = 0;

		while (n + end < len && (isalnum((unsigned char)data[n + end]) ||
					 (end && strchr("/_+-", data[n + end]))))
			end++;
		snprintf(zone, sizeof(zone), "%.*s", (int)end, data + n);
		if (*zone)
			zone_use(zone);
	}
	return len;
}

static const char *
cut_word(CURLcode code)
{
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return WORD(socket_no_answer);
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
		return WORD(socket_cut);
	default:
		return curl_easy_strerror(code);	/* a rare one */
	}
}

/* The answer got lost: was anything done, and may it be done again? */
static void
say_lost(const struct ctl *ctl, const struct client_request *q, const char *why, struct err *err)
{
	struct about at = about_name(CONCEPT_OPTION, "--socket");

	if (q->lost == LOST_LOOKING || (!q->body && !q->method))
		err_say(err, REFUSED_FAULT, at, socket_broke_looking, ctl->socket, why);
	else if (q->lost == LOST_IMPORT)
		err_say(err, REFUSED_FAULT, at, socket_broke_import, ctl->socket, why);
	else
		err_say(err, REFUSED_FAULT, at, socket_broke, ctl->socket, why);
}

/* Says what hinders the connection and how to mend it; `code` is curl's. */
static int
not_reached(struct ctl *ctl, const struct client_request *q, CURLcode code, struct err *err)
{
	struct about at = about_name(CONCEPT_OPTION, "--socket");
	long os = 0;

	curl_easy_getinfo(ctl->curl, CURLINFO_OS_ERRNO, &os);
	if (!os && access(ctl->socket, F_OK) < 0)
		os = errno;
	if (os == EACCES || os == EPERM)
		err_say(err, REFUSED_FAULT, at, socket_forbidden, ctl->socket);
	else if (code == CURLE_COULDNT_CONNECT)
		err_say(err, REFUSED_FAULT, at, socket_silent, ctl->socket);
	else
		say_lost(ctl, q, cut_word(code), err);
	return CTL_NOT_REACHED;
}

/* gongd has put it into our language; what it is about, we put into the command's own words. */
static int
refused(long status, json_t *answer, const struct buf *body, struct err *err)
{
	const char *concept = member_text(answer, "concept"),
		   *name = member_text(answer, "name"),
		   *field = member_text(answer, "field"),
		   *detail = member_text(answer, "detail");
	json_t *index = json_object_get(answer, "index");

	if (!detail) {
		err_say(err, REFUSED_FAULT, about(CONCEPT_NONE), answer_unreadable, NUM(status),
			QUOTE(body->data ? body->data : ""));
		return CTL_REFUSED;
	}
	err_field(err, field ? field : "", "%s", detail);
	if (concept && concept_parse(concept) >= 0)
		err->about = about_name((enum concept)concept_parse(concept), name ? name : "");
	if (json_is_integer(index))
		err->about.index = (int)json_integer_value(index);
	return CTL_REFUSED;
}

static CURLcode
perform(struct ctl *ctl, const struct client_request *q, struct buf *body)
{
	struct curl_slist *headers = NULL;
	struct buf url = { 0 };
	CURLcode rc;

	if (!ctl->curl)
		ctl->curl = curl_easy_init();
	curl_easy_reset(ctl->curl);
	buf_printf(&url, "http://gongd%s", q->path);
	curl_easy_setopt(ctl->curl, CURLOPT_UNIX_SOCKET_PATH, ctl->socket);
	curl_easy_setopt(ctl->curl, CURLOPT_URL, url.data);
	curl_easy_setopt(ctl->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(ctl->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(ctl->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(ctl->curl, CURLOPT_TIMEOUT,
			 q->wait_s ? q->wait_s : q->type ? IMPORT_S : ANSWER_S);
	curl_easy_setopt(ctl->curl, CURLOPT_USERAGENT, "gongctl/" GONG_VERSION);
	curl_easy_setopt(ctl->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(ctl->curl, CURLOPT_WRITEDATA, body);
	curl_easy_setopt(ctl->curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(ctl->curl, CURLOPT_HEADERDATA, ctl);
	ctl->etag[0] = '\0';
	headers = curl_slist_append(headers, ctl->lang == LANG_ZH ? "Accept-Language: zh"
							       : "Accept-Language: en");
	if (q->body) {
		struct buf type = { 0 };

		buf_printf(&type, "Content-Type: %s",
			   q->type ? q->type : "application/json");
		headers = curl_slist_append(headers, type.data);
		headers = curl_slist_append(headers, "Expect:");
		curl_easy_setopt(ctl->curl, CURLOPT_POSTFIELDS, q->body);
		curl_easy_setopt(ctl->curl, CURLOPT_POSTFIELDSIZE_LARGE,
				 (curl_off_t)q->len);
		buf_fini(&type);
	}
	if (q->method)
		curl_easy_setopt(ctl->curl, CURLOPT_CUSTOMREQUEST, q->method);
	if (q->if_match) {
		struct buf match = { 0 };

		buf_printf(&match, "If-Match: %s", q->if_match);
		headers = curl_slist_append(headers, match.data);
		buf_fini(&match);
	}
	curl_easy_setopt(ctl->curl, CURLOPT_HTTPHEADER, headers);
	rc = curl_easy_perform(ctl->curl);
	curl_slist_free_all(headers);
	buf_fini(&url);
	return rc;
}

int
client_ask(struct ctl *ctl, const struct client_request *q, json_t **out, struct err *err)
{
	struct buf body = { 0 };
	CURLcode rc = perform(ctl, q, &body);
	long status = 0;
	int code = CTL_OK;

	*out = NULL;
	if (rc != CURLE_OK) {
		code = not_reached(ctl, q, rc, err);
	} else {
		curl_easy_getinfo(ctl->curl, CURLINFO_RESPONSE_CODE, &status);
		*out = json_loadb(body.data ? body.data : "", body.len,
				  JSON_REJECT_DUPLICATES, NULL);
		if (status < 200 || status > 299)
			code = refused(status, *out, &body, err);
		else if (!*out)
			code = refused(status, NULL, &body, err);
	}
	if (code != CTL_OK && !ctl->json && !q->keep_problem) {
		json_decref(*out);
		*out = NULL;
	}
	buf_fini(&body);
	return code;
}

int
client_fetch(struct ctl *ctl, const char *path, struct buf *out)
{
	struct client_request q = { .path = path, .wait_s = IMPORT_S };
	CURLcode rc = perform(ctl, &q, out);
	struct err err = { 0 };
	long status = 0;
	json_t *answer;
	int code;

	if (rc != CURLE_OK)
		return ctl_fail(ctl, not_reached(ctl, &q, rc, &err), &err);
	curl_easy_getinfo(ctl->curl, CURLINFO_RESPONSE_CODE, &status);
	buf_puts(out, "");
	if (status == 200)
		return CTL_OK;
	answer = json_loadb(out->data, out->len, JSON_REJECT_DUPLICATES, NULL);
	code = refused(status, answer, out, &err);
	return client_failed(ctl, code, answer, &err);
}

void
client_close(struct ctl *ctl)
{
	if (ctl->curl)
		curl_easy_cleanup(ctl->curl);
	ctl->curl = NULL;
}

/* With --json a refusal is the problem document itself, on standard error. */
int
client_failed(struct ctl *ctl, int code, json_t *problem, const struct err *err)
{
	if (ctl->json && problem) {
		json_dumpf(problem, stderr, JSON_COMPACT);
		fputc('\n', stderr);
	} else {
		ctl_fail(ctl, code, err);
	}
	json_decref(problem);
	return code;
}

static int
answered(struct ctl *ctl, int code, json_t **out, const struct err *err)
{
	if (code == CTL_OK)
		return CTL_OK;
	client_failed(ctl, code, *out, err);
	*out = NULL;
	return code;
}

int
client_get(struct ctl *ctl, json_t **out, const char *fmt, ...)
{
	struct client_request q = { 0 };
	struct err err = { 0 };
	char path[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(path, sizeof(path), fmt, args);
	va_end(args);
	q.path = path;
	return answered(ctl, client_ask(ctl, &q, out, &err), out, &err);
}

int
client_post_request(struct ctl *ctl, const struct client_request *q, json_t **out)
{
	struct err err = { 0 };

	return answered(ctl, client_ask(ctl, q, out, &err), out, &err);
}

int
client_post(struct ctl *ctl, const char *path, json_t *body, json_t **out)
{
	return client_change(ctl, NULL, path, NULL, body, out);
}

int
client_change(struct ctl *ctl, const char *method, const char *path, const char *if_match, json_t *body,
	      json_t **out)
{
	char *text = json_dumps(body, JSON_COMPACT);
	struct client_request q = { .path = path, .body = text, .len = strlen(text), .method = method,
				    .if_match = if_match };
	int code;

	json_decref(body);
	code = client_post_request(ctl, &q, out);
	free(text);
	return code;
}

void
query_add(struct buf *path, const char *name, const char *value)
{
	buf_printf(path, "%c%s=", strchr(path->data, '?') ? '&' : '?', name);
	for (; *value; value++)
		buf_printf(path, isalnum((unsigned char)*value) || strchr("-._~,:", *value) ? "%c"
											    : "%%%02X",
			   (unsigned char)*value);
}

int
limit_option(struct ctl *ctl, size_t otherwise, size_t *out)
{
	const char *text = args_value(ctl, "--limit");
	int64_t value = (int64_t)otherwise;

	if (text && whole_parse(&value, text, 1, LIMIT_MAX) < 0)
		return ctl_usage(ctl,
				 say(ctl,
				     "--limit \"%s\" is not a number of rows (1 to %d)",
				     "--limit \"%s\" 不是行数(1 至 %d)"),
				 text, LIMIT_MAX);
	*out = (size_t)value;
	return CTL_OK;
}

/* `next` is opaque: whatever it is, it goes back escaped. */
static void
page_path(struct ctl *ctl, const char *path, json_t *next, struct buf *out)
{
	char number[32], *escaped;
	const char *cursor = json_string_value(next);

	buf_puts(out, path);
	if (!next)
		return;
	snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(next));
	escaped = curl_easy_escape(ctl->curl, cursor ? cursor : number, 0);
	buf_printf(out, "%cafter=%s", strchr(path, '?') ? '&' : '?', escaped);
	curl_free(escaped);
}

int
client_pages(struct ctl *ctl, const char *path, const char *member, size_t max,
	     json_t **rows, bool *more, struct err *err)
{
	json_t *next = NULL, *before = NULL, *problem;
	int code;

	*rows = json_array();
	*more = false;
	do {
		struct buf full = { 0 };
		struct client_request q = { 0 };
		json_t *page;

		page_path(ctl, path, next, &full);
		q.path = full.data;
		code = client_ask(ctl, &q, &page, err);
		buf_fini(&full);
		json_decref(before);
		before = next;
		next = NULL;
		if (code == CTL_OK) {
			json_array_extend(*rows, json_object_get(page, member));
			next = json_object_get(page, "next");
			/* A page may have looked at much and found nothing; one that stands still ends it. */
			next = json_is_null(next) || (before && json_equal(before, next)) ? NULL
											  : json_incref(next);
			json_decref(page);
		}
		problem = code == CTL_OK ? NULL : page;
	} while (code == CTL_OK && next && json_array_size(*rows) < max);
	json_decref(before);
	if (code != CTL_OK) {
		json_decref(*rows);
		*rows = problem;
		return code;
	}
	*more = next != NULL || json_array_size(*rows) > max;
	while (json_array_size(*rows) > max)
		json_array_remove(*rows, json_array_size(*rows) - 1);
	json_decref(next);
	return code;
}

int
ctl_fail(const struct ctl *ctl, int code, const struct err *err)
{
	struct buf line = { 0 }, address = { 0 };
	char text[sizeof(err->text)];

	address_put(ctl, err, &address);
	said_render(&err->said, ctl->lang, text, sizeof(text));
	text_clip(&line, address.data ? address.data : "", PATH_MAX);
	if (line.len)
		buf_puts(&line, ": ");
	text_clip(&line, text, sizeof(text));
	fprintf(stderr, "gongctl: %s\n", line.data ? line.data : "");
	buf_fini(&line);
	buf_fini(&address);
	return code;
}
