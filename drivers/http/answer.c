/* answer.c -- what a provider's answer, or its silence, means for the message: accepted,
 * rejected with a class, or unknown.  It never guesses: whatever may have been taken and was not
 * clearly refused is unknown. */
#include "drivers/http/answer.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "core/phrase.h"
#include "drivers/http/lenient.h"

void
answer_trim(char *text)
{
	size_t len = strlen(text), back = 0;

	while (back < len && back < 4 && ((unsigned char)text[len - 1 - back] & 0xc0) == 0x80)
		back++;
	if (back < len) {
		unsigned char lead = (unsigned char)text[len - 1 - back];
		size_t want = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;

		if (lead >= 0xc0 && back < want)
			text[len - 1 - back] = '\0';
	}
}

/* `reason`: a phrase as a value. */
static void
say(struct judgement *out, enum verdict verdict, enum reject class, const char *reason)
{
	out->verdict = verdict;
	out->class = class;
	snprintf(out->reason, sizeof(out->reason), "%s", reason);
}

static void
copy_text(char *out, size_t size, const struct pointer *at, json_t *body)
{
	char room[64];
	const char *text = pointer_text(at, body, room, sizeof(room));

	if (!text)
		text = pointer_get(at, body) ? "(no plain value)" : "";
	snprintf(out, size, "%s", text);
	for (char *c = out; *c; c++)		/* theirs: no phrase hides in it */
		if ((unsigned char)*c < ' ')
			*c = '?';
	answer_trim(out);
}

static void
judge_silence(struct judgement *out, const struct profile *p, const struct transfer_result *r)
{
	out->unreachable = true;
	if (r->sent && r->code == CURLE_OPERATION_TIMEDOUT)
		say(out, VERDICT_UNKNOWN, REJECT_NONE, SAID(http_silent_for, NUM(p->timeout_ms)));
	else if (r->sent)
		say(out, VERDICT_UNKNOWN, REJECT_NONE, SAID(http_broke, curl_easy_strerror((CURLcode)r->code)));
	else if (r->code == CURLE_SSL_CACERT_BADFILE || r->code == CURLE_URL_MALFORMAT ||
		 r->code == CURLE_UNSUPPORTED_PROTOCOL)
		say(out, VERDICT_REJECTED, REJECT_CONFIG, SAID(http_check_url, curl_easy_strerror((CURLcode)r->code)));
	else
		say(out, VERDICT_REJECTED, REJECT_RETRY_OTHER, SAID(http_unreachable, p->host,
		    r->error && r->error[0] ? r->error : curl_easy_strerror((CURLcode)r->code)));
}

static bool
status_is_in(json_t *list, long status)
{
	json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		if (json_integer_value(one) == status)
			return true;
	return false;
}

static const struct error_rule *
listed(const struct operation *op, long status, json_t *body)
{
	for (size_t i = 0; i < op->error_count; i++) {
		const struct error_rule *rule = &op->errors[i];

		if (rule->status && rule->status != status)
			continue;
		if (rule->pointer.count) {
			json_t *value = pointer_get(&rule->pointer, body);

			if (!value || !word_is(value, rule->equals))
				continue;
		}
		return rule;
	}
	return NULL;
}

/* The provider's own words, where the profile says that they may be shown. */
static void
add_words(struct judgement *out, const struct operation *op, const struct pointer *at,
	  long status, json_t *body)
{
	char code[64] = "", words[128] = "";

	copy_text(code, sizeof(code), at, body);
	copy_text(words, sizeof(words), &op->reason, body);
	snprintf(out->reason, sizeof(out->reason), "%s", code[0] && words[0]
		 ? SAID(http_answered_both, NUM(status), code, words)
		 : code[0] ? SAID(http_answered_code, NUM(status), code)
		 : words[0] ? SAID(http_answered_words, NUM(status), words)
		 : SAID(http_answered, NUM(status)));
}

/* Refusals that the profile does not list.  What is about our account or address stops the
 * route at once; the rest may be about one number, so the caller counts them (`unlisted`). */
static void
judge_unlisted(struct judgement *out, const struct operation *op, long status, json_t *body)
{
	add_words(out, op, &op->success, status, body);
	out->verdict = VERDICT_REJECTED;
	out->class = REJECT_RETRY_OTHER;
	switch (status) {
	case 401: case 403: case 404: case 405: case 407: case 410: case 411: case 415: case 426:
		out->class = REJECT_CONFIG;
		break;
	case 408: case 425: case 429:
		out->class = REJECT_RETRY;
		break;
	default:
		out->unlisted = true;
	}
}

static void
judge_status(struct judgement *out, const struct operation *op, const struct transfer_result *r,
	     json_t *body)
{
	json_t *value = pointer_get(&op->success, body);

	if (r->status >= 300 && r->status < 400)
		say(out, VERDICT_REJECTED, REJECT_CONFIG, SAID(http_redirect, NUM(r->status)));
	else if (r->status >= 400 && r->status < 500)
		judge_unlisted(out, op, r->status, body);
	else if (!status_is_in(op->success_status, r->status))
		say(out, VERDICT_UNKNOWN, REJECT_NONE, SAID(http_answered_late, NUM(r->status)));
	else if (!body)
		say(out, VERDICT_UNKNOWN, REJECT_NONE, SAID(http_answered_no_json, NUM(r->status)));
	else if (!value)
		say(out, VERDICT_UNKNOWN, REJECT_NONE, SAID(http_answered_no_field, NUM(r->status)));
	else
		judge_unlisted(out, op, r->status, body);
}

static void
judge_answer(struct judgement *out, const struct operation *op, const struct transfer_result *r,
	     bool fits, json_t *body)
{
	bool reads_body = op->success.count || op->id.count;
	json_t *value = pointer_get(&op->success, body);
	const struct error_rule *rule;

	if (fits && (body || !reads_body) &&
	    (!op->success.count || (value && word_is(value, op->success_equals)))) {
		out->verdict = VERDICT_ACCEPTED;
		copy_text(out->ref, sizeof(out->ref), &op->id, body);
		return;
	}
	rule = listed(op, r->status, body);
	if (!rule) {
		judge_status(out, op, r, body);
		return;
	}
	add_words(out, op, rule->pointer.count ? &rule->pointer : &op->success, r->status, body);
	out->verdict = rule->verdict;
	out->class = rule->class;
	out->unlisted = rule->unlisted;
	if (rule->verdict == VERDICT_ACCEPTED)
		copy_text(out->ref, sizeof(out->ref), &op->id, body);
}

/* The element of the answer's list that speaks of this number: in order as a rule. */
static json_t *
element_of(const struct profile *p, const struct operation *op, json_t *list,
	   const struct item *item, size_t at)
{
	for (size_t i = 0; i <= json_array_size(list); i++) {
		json_t *one = json_array_get(list, i ? i - 1 : at);
		char digits[32], room[64];
		const char *to = pointer_text(&op->each_to, one, digits, sizeof(digits));

		to = profile_number(p, to, room, sizeof(room));
		if (to && strcmp(to, item->to) == 0)
			return one;
	}
	return NULL;
}

static void
judge_each(const struct profile *p, const struct operation *op, const struct transfer_result *r,
	   json_t *list, struct item **items, size_t count, answer_judged judged, void *ctx)
{
	for (size_t i = 0; i < count; i++) {
		struct judgement o = { 0 };
		json_t *one = element_of(p, op, list, items[i], i);

		if (one)
			judge_answer(&o, op, r, true, one);
		else
			say(&o, VERDICT_UNKNOWN, REJECT_NONE, SAID(http_answered_no_number, NUM(r->status)));
		judged(ctx, &items[i], 1, &o);
	}
}

/* The worst of its parts: what has come in half has not come, and a doubt is a doubt. */
static void
judge_parts(struct judgement *out, const struct operation *op, const struct transfer_result *r,
	    bool fits, json_t *list)
{
	static const int rank[] = { [VERDICT_ACCEPTED] = 0, [VERDICT_REJECTED] = 1, [VERDICT_UNKNOWN] = 2 };
	size_t count = json_array_size(list);
	char why[sizeof(out->reason)];

	for (size_t i = 0; i < count; i++) {
		struct judgement one = { 0 };

		judge_answer(&one, op, r, fits, json_array_get(list, i));
		if (i && rank[one.verdict] <= rank[out->verdict])
			continue;
		*out = one;
		if (one.verdict == VERDICT_ACCEPTED || count == 1)
			continue;
		snprintf(why, sizeof(why), "%s", SAID(http_part, NUM(i + 1), NUM(count), one.reason));
		memcpy(out->reason, why, sizeof(why));
	}
	out->parts = (unsigned)count;
}

/* Plain text is read as {"text": "…"}. */
static json_t *
parse(const struct operation *op, const struct transfer_result *r)
{
	json_t *body;
	char *text;

	if (!r->body_len)
		return NULL;
	if (op->is_text) {
		text = lenient_text(r->body, r->body_len);
		body = json_pack("{s:s}", "text", text);
		free(text);
		return body;
	}
	body = lenient_json(r->body, r->body_len, JSON_DECODE_ANY);
	if (op->unpack.count)
		pointer_unpack(&op->unpack, body);
	return body;
}

void
answer_judge(const struct profile *p, const struct operation *op, const struct transfer_result *r,
	     struct item **items, size_t count, answer_judged judged, void *ctx)
{
	struct judgement o = { 0 };
	json_t *body, *list;
	bool fits = status_is_in(op->success_status, r->status);

	if (r->code != CURLE_OK || !r->status) {
		judge_silence(&o, p, r);
		judged(ctx, items, count, &o);
		return;
	}
	body = parse(op, r);
	list = pointer_get(&op->each, body);
	if (json_is_array(list) && (fits || status_is_in(op->each_status, r->status))) {
		judge_each(p, op, r, list, items, count, judged, ctx);
	} else {
		list = pointer_get(&op->parts, body);
		if (json_array_size(list))
			judge_parts(&o, op, r, fits, list);
		else
			judge_answer(&o, op, r, fits, body);
		judged(ctx, items, count, &o);
	}
	json_decref(body);
}

json_t *
answer_read(const struct profile *p, const struct operation *op, const struct transfer_result *r,
	    struct judgement *out)
{
	json_t *body;

	*out = (struct judgement){ 0 };
	if (r->code != CURLE_OK || !r->status) {
		judge_silence(out, p, r);
		return NULL;
	}
	body = parse(op, r);
	judge_answer(out, op, r, status_is_in(op->success_status, r->status), body);
	if (out->verdict == VERDICT_ACCEPTED)
		return body ? body : json_object();
	json_decref(body);
	return NULL;
}
