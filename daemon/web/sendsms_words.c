/* sendsms_words.c -- what Kannel's smsbox answers (1.4.5, measured): a status and one line. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "daemon/web/sendsms.h"

/* Its names of the parameters in "… field misformed, rejected". */
static const char *
field_name(const char *name)
{
	static const char *const names[][2] = {
		{ "coding", "Coding" }, { "mclass", "MClass" }, { "priority", "Priority" }, { "udh", "UDH" },
		{ "mwi", "MWI" }, { "compress", "Compress" }, { "validity", "Validity" }, { "deferred", "Deferred" },
		{ "alt-dcs", "Alt-dcs" }, { "dlr-mask", "DLR-Mask" }, { "dlr-url", "DLR-Url" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i][0], name) == 0)
			return names[i][1];
	return name;
}

static int
put(char out[SENDSMS_TEXT], int status, const char *text)
{
	snprintf(out, SENDSMS_TEXT, "%s", text);
	return status;
}

static int
misformed(char out[SENDSMS_TEXT], const char *name)
{
	snprintf(out, SENDSMS_TEXT, "%s field misformed, rejected", name);
	return 400;
}

static int
invalid(const struct err *err, char out[SENDSMS_TEXT])
{
	switch (err->said.phrase) {
	case PHRASE_sendsms_field:
		return misformed(out, field_name(err->about.name));
	case PHRASE_sendsms_no_to:
		return put(out, 400, "Missing receiver number, rejected");
	case PHRASE_sendsms_empty_to:
		return put(out, 400, "Empty receiver number not allowed, rejected");
	case PHRASE_sendsms_no_text:
		return put(out, 400, "Empty text not allowed, rejected");
	case PHRASE_sendsms_charset:
		return put(out, 400, "Charset or body misformed, rejected");
	case PHRASE_sendsms_long:
		return put(out, 400, "Text too long, rejected");
	case PHRASE_sendsms_many:
		return put(out, 400, "Too many receiver numbers, rejected");
	case PHRASE_wrong_type:
		return put(out, 400, "Invalid content-type");
	case PHRASE_nothing_here:
		return put(out, 404, "Unknown request.");
	default:
		return put(out, 400, "Request misformed, rejected");
	}
}

int
sendsms_refusal(const struct err *err, char out[SENDSMS_TEXT])
{
	switch (err->kind) {
	case REFUSED_UNAUTHENTICATED:
	case REFUSED_FORBIDDEN:
		return put(out, 403, "Authorization failed for sendsms");
	case REFUSED_NO_SUCH_VERB:
		return put(out, 400, "");
	case REFUSED_BUSY:
	case REFUSED_FULL:
	case REFUSED_NO_ANSWER:
	case REFUSED_FAULT:
		return put(out, 503, "Temporal failure, try again later.");
	default:
		return invalid(err, out);
	}
}

/* Nobody is told: he must hear so, and not that it was accepted. */
static int
not_told(const char *reason, char out[SENDSMS_TEXT])
{
	if (strcmp(reason, "signal_to_stranger") == 0 || strcmp(reason, "signal_to_nobody") == 0)
		return put(out, 400, "Number(s) has/have been denied by white- and/or black-lists.");
	if (strcmp(reason, "signal_text_long") == 0)
		return put(out, 400, "Text too long, rejected");
	if (strcmp(reason, "signal_dlr_host") == 0)
		return misformed(out, "DLR-Url");
	snprintf(out, SENDSMS_TEXT, "Not routable. Reason: %s", reason);
	return 403;
}

int
sendsms_verdict(const char *json, char out[SENDSMS_TEXT])
{
	json_t *whole = json_loads(json ? json : "", 0, NULL);
	json_t *signal = json_array_get(json_object_get(whole, "signals"), 0);
	const char *state = json_string_value(json_object_get(signal, "state"));
	const char *reason = json_string_value(json_object_get(signal, "reason"));
	int status;

	if (!state)
		status = put(out, 503, "Temporal failure, try again later.");
	else if (strcmp(state, "refused") == 0 || strcmp(state, "unmatched") == 0)
		status = not_told(reason ? reason : state, out);
	else if (strcmp(state, "matched") == 0)
		status = put(out, 202, "0: Accepted for delivery");
	else if (reason && (strcmp(reason, "signal_limit") == 0 || strcmp(reason, "signal_covered") == 0))
		status = not_told(reason, out);
	else				/* it waits for a person or a rule, or is only noted */
		status = put(out, 202, "3: Queued for later delivery");
	json_decref(whole);
	return status;
}
