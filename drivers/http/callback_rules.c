/* callback_rules.c -- the "callback" of a profile, compiled: what a receipt, a reply and the news
 * of a call look like, and how it is proved that they come from the provider. */
#include "drivers/http/profile.h"

#include <stdio.h>
#include <string.h>

static int
take_receipt_rules(struct receipt_rules *r, json_t *receipt, struct err *err)
{
	r->is_set = receipt != NULL;
	if (!receipt)
		return 0;
	if (option_only(receipt, "receipt", " id provider_id to country state reason delivered failed "
			"part parts part_ref ", err) < 0 ||
	    option_pointer(receipt, "id", &r->id, err) < 0 ||
	    option_pointer(receipt, "provider_id", &r->provider_id, err) < 0 ||
	    option_pointer(receipt, "to", &r->to, err) < 0 ||
	    option_pointer(receipt, "country", &r->country, err) < 0 ||
	    option_pointer(receipt, "part", &r->part, err) < 0 ||
	    option_pointer(receipt, "parts", &r->parts, err) < 0 ||
	    option_pointer(receipt, "part_ref", &r->part_ref, err) < 0 ||
	    option_pointer(receipt, "state", &r->state, err) < 0 ||
	    option_pointer(receipt, "reason", &r->reason, err) < 0 ||
	    option_words(receipt, "delivered", &r->delivered, err) < 0 ||
	    option_words(receipt, "failed", &r->failed, err) < 0)
		return -1;
	if (!r->state.count || !r->delivered)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "receipt"), http_receipt_state);
	if (!r->id.count && !r->provider_id.count)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "receipt"), http_receipt_id);
	return 0;
}

static int
take_reply_rules(struct reply_rules *r, json_t *reply, struct err *err)
{
	r->is_set = reply != NULL;
	if (!reply)
		return 0;
	if (option_only(reply, "reply", " id from country text part parts part_of ", err) < 0 ||
	    option_pointer(reply, "id", &r->id, err) < 0 ||
	    option_pointer(reply, "from", &r->from, err) < 0 ||
	    option_pointer(reply, "country", &r->country, err) < 0 ||
	    option_pointer(reply, "part", &r->part, err) < 0 ||
	    option_pointer(reply, "parts", &r->parts, err) < 0 ||
	    option_pointer(reply, "part_of", &r->part_of, err) < 0 ||
	    option_pointer(reply, "text", &r->text, err) < 0)
		return -1;
	if (!r->part.count != !r->parts.count || !r->part.count != !r->part_of.count)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "reply"), http_reply_parts);
	if (!r->from.count || !r->text.count)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "reply"), http_reply_from);
	return 0;
}

static int
check_states(const struct call_rule *r, struct err *err)
{
	static const char known[] = " ringing picked_up ended answered no_answer busy unreachable failed "
		"drop config retry retry_other ";
	const char *theirs;
	json_t *ours;

	json_object_foreach(r->states, theirs, ours) {
		char padded[32];

		snprintf(padded, sizeof(padded), " %s ", json_string_value(ours) ? json_string_value(ours)
			 : "?");
		if (!strstr(known, padded))
			return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "states"), http_states_one, theirs, known);
	}
	return 0;
}

static int
take_answer(struct request_template *t, bool *has, json_t *rule, const char *name,
	    const struct request_context *context, struct err *err)
{
	const char *text = NULL;

	if (option_text(rule, name, &text, err) < 0)
		return -1;
	*has = text != NULL;
	return text && request_compile(t, text, ESCAPE_NONE, context, err) < 0
		? option_within(err, name) : 0;
}

static int
take_call_rule(struct call_rule *r, json_t *rule, const struct request_context *context,
	       struct err *err)
{
	if (!json_is_object(rule))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_rule_object);
	if (option_only(rule, "", " has id provider_id to country digits state states machine answer "
			"wrong ", err) < 0 ||
	    option_pointer(rule, "has", &r->has, err) < 0 ||
	    option_pointer(rule, "id", &r->id, err) < 0 ||
	    option_pointer(rule, "provider_id", &r->provider_id, err) < 0 ||
	    option_pointer(rule, "to", &r->to, err) < 0 ||
	    option_pointer(rule, "country", &r->country, err) < 0 ||
	    option_pointer(rule, "digits", &r->digits, err) < 0 ||
	    option_pointer(rule, "state", &r->state, err) < 0 ||
	    option_pointer(rule, "machine", &r->machine, err) < 0 ||
	    option_object(rule, "states", &r->states, err) < 0 ||
	    take_answer(&r->answer, &r->has_answer, rule, "answer", context, err) < 0 ||
	    take_answer(&r->wrong, &r->has_wrong, rule, "wrong", context, err) < 0)
		return -1;
	if (!r->has.count || (!r->id.count && !r->provider_id.count))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_rule_needs);
	if (!r->state.count != !r->states)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), http_rule_states);
	return check_states(r, err);
}

static int
take_call_rules(struct callback_rules *c, json_t *callback, const struct request_context *context,
		struct err *err)
{
	json_t *rules = json_object_get(callback, "calls"), *rule;
	size_t i;

	if (rules && !json_is_array(rules))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "calls"), http_a_list);
	c->calls = xcalloc(json_array_size(rules) + 1, sizeof(*c->calls));
	json_array_foreach(rules, i, rule) {
		c->call_count++;
		if (take_call_rule(&c->calls[i], rule, context, err) < 0)
			return option_within(err, "calls");
	}
	return 0;
}

static bool
fits_vonage(const struct verify_rules *v, const struct verify_request *r)
{
	return verify_vonage(r, v->digest.hash, v->digest.key);
}

static bool
fits_hmac(const struct verify_rules *v, const struct verify_request *r)
{
	struct buf text = { 0 };
	bool ok = proof_text_add(&text, &v->of, r) &&
		verify_hmac(r, v->header, v->digest.hash, v->digest.as, v->digest.key, text.data, text.len);

	buf_fini(&text);
	return ok;
}

static bool
fits_header(const struct verify_rules *v, const struct verify_request *r)
{
	return verify_header(r, v->header, v->digest.key);
}

static const struct proof {
	const char *name;
	bool (*by_key)(const struct verify_request *, const char *key);	/* or, where it needs more, … */
	bool (*by_rules)(const struct verify_rules *, const struct verify_request *);
	bool needs_header;
} proofs[] = {
	{ "twilio", verify_twilio, NULL, false }, { "vonage", NULL, fits_vonage, false },
	{ "vonage-md5hash", verify_vonage_md5hash, NULL, false }, { "plivo", verify_plivo, NULL, false },
	{ "plivo-v2", verify_plivo_v2, NULL, false }, { "huawei", verify_huawei, NULL, false },
	{ "yunpian", verify_yunpian, NULL, false }, { "submail", verify_submail, NULL, false },
	{ "netease", verify_netease, NULL, false }, { "hmac", NULL, fits_hmac, true },
	{ "header", NULL, fits_header, true },
};

bool
callback_is_proved(const struct verify_rules *v, const struct verify_request *r)
{
	if (!v->proof)
		return true;
	return v->proof->by_key ? v->proof->by_key(r, v->digest.key) : v->proof->by_rules(v, r);
}

static const struct proof *
find_proof(const char *name)
{
	for (size_t i = 0; name && i < sizeof(proofs) / sizeof(*proofs); i++)
		if (strcmp(proofs[i].name, name) == 0)
			return &proofs[i];
	return NULL;
}

static int
take_proof(struct verify_rules *v, json_t *verify, struct err *err)
{
	bool is_hmac = v->proof->by_rules == fits_hmac;
	const char *of = NULL;

	if (option_text(verify, "header", &v->header, err) < 0 || option_text(verify, "of", &of, err) < 0 ||
	    digest_options(&v->digest, verify, err) < 0)
		return -1;
	if (of && !is_hmac)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "of"), http_of_hmac);
	if (is_hmac && proof_text_compile(&v->of, of ? of : "{{body}}", err) < 0)
		return -1;
	if (!v->digest.key || (v->proof->needs_header && !v->header))
		return v->proof->needs_header
			? err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "key"), http_proof_key_header,
				  v->proof->name)
			: err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "key"), http_proof_key,
				  v->proof->name);
	return 0;
}

/* {"scheme": "none"} is a scheme, too: a site that has no key to prove them by says so. */
static int
take_verify(struct verify_rules *v, json_t *verify, struct err *err)
{
	const char *scheme = NULL;

	if (!verify)
		return 0;
	if (option_only(verify, "verify", " scheme key header hash as of ", err) < 0 ||
	    option_text(verify, "scheme", &scheme, err) < 0)
		return -1;
	if (scheme && strcmp(scheme, "none") == 0)
		return 0;
	v->proof = find_proof(scheme);
	if (!v->proof)
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "verify/scheme"), http_verify_scheme);
	return take_proof(v, verify, err) < 0 ? option_within(err, "verify") : 0;
}

/* One pointer or two. */
static int
take_unpack(struct callback_rules *c, json_t *callback, struct err *err)
{
	json_t *unpack = json_object_get(callback, "unpack");
	size_t count = json_is_array(unpack) ? json_array_size(unpack) : 1;

	if (!unpack || json_is_string(unpack))
		return option_pointer(callback, "unpack", &c->unpack[0], err);
	if (!json_is_array(unpack) || !count || count > sizeof(c->unpack) / sizeof(*c->unpack))
		return err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "unpack"), http_unpack);
	for (size_t i = 0; i < count; i++) {
		json_t *one = json_pack("{s:O}", "unpack", json_array_get(unpack, i));
		int rc = option_pointer(one, "unpack", &c->unpack[i], err);

		json_decref(one);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int
take_charset(struct form_charset *c, json_t *charset, struct err *err)
{
	if (!charset)
		return 0;
	if (option_only(charset, "charset", " of in names ", err) < 0 ||
	    option_object(charset, "names", &c->names, err) < 0 ||
	    option_text(charset, "of", &c->of, err) < 0 || option_text(charset, "in", &c->in, err) < 0)
		return -1;
	return c->of && c->in ? 0 : err_say(err, REFUSED_INVALID, about_name(CONCEPT_FIELD, "charset"), http_charset);
}

int
callback_compile(struct callback_rules *c, json_t *config, const struct request_context *context,
		 struct err *err)
{
	json_t *callback, *receipt, *reply, *verify, *charset;

	c->answer = "{\"code\":0}";
	c->answer_type = "application/json";
	if (option_object(config, "callback", &callback, err) < 0)
		return -1;
	if (!callback)
		return 0;
	if (option_only(callback, "callback", " list unpack receipt reply calls verify answer answer_type "
			"within_ms charset ", err) < 0)
		return -1;
	if (option_object(callback, "receipt", &receipt, err) < 0 ||
	    option_object(callback, "reply", &reply, err) < 0 ||
	    option_object(callback, "verify", &verify, err) < 0 ||
	    option_pointer(callback, "list", &c->list, err) < 0 || take_unpack(c, callback, err) < 0 ||
	    option_text(callback, "answer", &c->answer, err) < 0 ||
	    option_text(callback, "answer_type", &c->answer_type, err) < 0 ||
	    option_object(callback, "charset", &charset, err) < 0 ||
	    take_charset(&c->charset, charset, err) < 0 ||
	    option_number(callback, "within_ms", 100, 30000, &c->within_ms, err) < 0 ||
	    take_receipt_rules(&c->receipt, receipt, err) < 0 ||
	    take_reply_rules(&c->reply, reply, err) < 0 ||
	    take_call_rules(c, callback, context, err) < 0 ||
	    take_verify(&c->verify, verify, err) < 0)
		return option_within(err, "callback");
	return 0;
}

void
callback_fini(struct callback_rules *c)
{
	struct pointer *pointers[] = { &c->list, &c->unpack[0], &c->unpack[1], &c->receipt.id, &c->receipt.provider_id, &c->receipt.to,
				       &c->receipt.country, &c->reply.country, &c->receipt.part,
				       &c->receipt.parts, &c->receipt.part_ref, &c->reply.part,
				       &c->reply.parts, &c->reply.part_of, &c->receipt.state, &c->receipt.reason, &c->reply.id,
				       &c->reply.from, &c->reply.text };

	for (size_t i = 0; i < sizeof(pointers) / sizeof(*pointers); i++)
		pointer_fini(pointers[i]);
	proof_text_fini(&c->verify.of);
	for (size_t i = 0; i < c->call_count; i++) {
		struct call_rule *r = &c->calls[i];
		struct pointer *of[] = { &r->has, &r->id, &r->provider_id, &r->to, &r->country, &r->digits,
					 &r->state, &r->machine };

		for (size_t j = 0; j < sizeof(of) / sizeof(*of); j++)
			pointer_fini(of[j]);
		request_template_fini(&r->answer);
		request_template_fini(&r->wrong);
	}
	free(c->calls);
}
