/* answer.c -- answers to the request in hand: JSON, or a refusal in the client's language. */
#include "daemon/web/internal.h"
#include "daemon/web/sendsms.h"

#include <stdio.h>
#include <string.h>

enum lang
web_language(const struct http_conn *c)
{
	return language_of(http_header(http_request(c), "accept-language"));
}

enum lang
web_reader(const struct http_conn *c)
{
	return http_header(http_request(c), "accept-language") ? web_language(c) : LANG_COUNT;
}

static void
answer_refusal(struct http_conn *c, const struct err *err, const struct faults *faults,
	       const char *extra, unsigned delay_s)
{
	const struct exchange *x = *http_user(c);
	char text[SENDSMS_TEXT];
	enum lang lang = web_language(c);
	int status = problem_status(err->kind);
	struct buf json = { 0 };
	char headers[256];

	if (x && x->sendsms) {
		status = sendsms_refusal(err, text);
		http_answer(c, status, "text/html", NULL, text, strlen(text), delay_s);
		return;
	}
	snprintf(headers, sizeof(headers), "Content-Language: %s\r\n%s%s", lang_name(lang),
		 status == 503 ? "Retry-After: 1\r\n" : status == 507 ? "Retry-After: 60\r\n" : "",
		 extra ? extra : "");
	problem_text(&json, err, faults, x ? x->form : FORM_PLAIN, lang);
	http_answer(c, status, "application/problem+json", headers, json.data, json.len, delay_s);
	buf_fini(&json);
}

void
web_refuse_with(struct http_conn *c, const struct err *err, const char *extra, unsigned delay_s)
{
	answer_refusal(c, err, NULL, extra, delay_s);
}

void
web_refuse(struct http_conn *c, const struct err *err)
{
	answer_refusal(c, err, NULL, NULL, 0);
}

void
web_refuse_file(struct http_conn *c, const struct err *err, const struct faults *faults)
{
	answer_refusal(c, err, faults, NULL, 0);
}

void
web_refuse_faults(struct http_conn *c, const struct faults *faults)
{
	struct err err;

	faults_err(faults, &err);
	web_refuse_file(c, &err, faults);
}

/* People read instants in the site's zone, wherever their terminal stands. */
const char *
web_headers(const struct web *web, const struct http_conn *c, char out[READ_HEADERS])
{
	const char *zone = web->settings->timezone;
	enum lang lang = web_reader(c);

	if (lang == LANG_COUNT)
		snprintf(out, READ_HEADERS, "Gong-Zone: %s\r\n", zone);
	else
		snprintf(out, READ_HEADERS, "Gong-Zone: %s\r\nContent-Language: %s\r\n", zone,
			 lang_name(lang));
	return out;
}

void
web_json(struct http_conn *c, int status, const char *json)
{
	http_answer(c, status, "application/json", NULL, json, strlen(json), 0);
}

void
web_busy(struct http_conn *c)
{
	struct err err;

	err_say(&err, REFUSED_BUSY, about(CONCEPT_NONE), busy);
	web_refuse(c, &err);
}
