/* questions.c -- what is asked and not yet answered; each ends with one answer or refusal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/phone.h"
#include "drivers/modem/driver.h"

void
question_forget(struct driver *d, struct question *q)
{
	size_t i = (size_t)(q - d->questions.all);

	free(q->id);
	free(q->what);
	free(q->text);
	free(q->to);
	if (d->questions.ussd == q)
		d->questions.ussd = NULL;
	else if (d->questions.ussd > q)
		d->questions.ussd--;
	memmove(q, q + 1, (--d->questions.count - i) * sizeof(*q));
}

void
question_refuse(struct driver *d, struct question *q, const char *reason)
{
	if (q->id)
		kit_refuse(d->kit, q->id, reason);
	else
		kit_log("no balance reason=\"%s\"", ENGLISH(reason));
	question_forget(d, q);
}

void
question_answer(struct driver *d, struct question *q, json_t *fields)
{
	if (!q->id) {			/* our own, and nobody waits for it */
		json_decref(fields);
		question_forget(d, q);
		return;
	}
	json_object_set_new(fields, "ok", json_true());
	json_object_set_new(fields, "ms", json_integer(driver_now() - q->asked_at));
	kit_answer(d->kit, q->id, fields);
	question_forget(d, q);
}

struct question *
question_add(struct driver *d, const char *what)
{
	struct question *q = &d->questions.all[d->questions.count++];

	*q = (struct question){ .what = xstrdup(what), .asked_at = driver_now(), .until = NEVER };
	return q;
}

struct question *
question_of(struct driver *d, const char *what)
{
	for (size_t i = 0; i < d->questions.count; i++)
		if (strcmp(d->questions.all[i].what, what) == 0)
			return &d->questions.all[i];
	return NULL;
}

void
question_turn(struct question *q, const char *what)
{
	free(q->what);
	q->what = xstrdup(what);
}

/* A test message has left; `state`: what the network reported of it, NULL = nothing in time. */
static void
answer_sent(struct driver *d, struct question *q, const char *state)
{
	char ref[16];
	json_t *fields;

	snprintf(ref, sizeof(ref), "%u", q->last_ref);
	fields = json_pack("{s:s,s:I}", "ref", ref, "submit_ms", (json_int_t)q->submit_ms);
	if (state) {
		json_object_set_new(fields, "receipt", json_string(state));
		json_object_set_new(fields, "receipt_ms", json_integer(driver_now() - q->asked_at));
	}
	question_answer(d, q, fields);
}

void
questions_due(struct driver *d, msec now)
{
	for (size_t i = d->questions.count; i-- > 0;) {
		struct question *q = &d->questions.all[i];

		if (now < q->until)
			continue;
		if (strcmp(q->what, "sent") == 0)
			answer_sent(d, q, NULL);
		else
			question_refuse(d, q, "no answer came from the network in time");
	}
}

msec
questions_next_at(const struct driver *d)
{
	msec at = NEVER;

	for (size_t i = 0; i < d->questions.count; i++)
		at = msec_min(at, d->questions.all[i].until);
	return at;
}

static struct question *
by_id(struct driver *d, const char *id)
{
	for (size_t i = 0; *id == ASK_MARK && i < d->questions.count; i++)
		if (d->questions.all[i].id && strcmp(d->questions.all[i].id, id + 1) == 0)
			return &d->questions.all[i];
	return NULL;
}

/* The end of a submit: true if it was a test message, which gongd has no `done` for. */
bool
question_sent(struct driver *d, const char *id, bool ok, unsigned ref, const char *reason)
{
	struct question *q = by_id(d, id);

	if (!q)
		return *id == ASK_MARK;
	q->submit_ms = driver_now() - q->asked_at;
	q->last_ref = ref;
	question_turn(q, "sent");
	if (!ok)
		question_refuse(d, q, reason);
	else if (q->failed)
		answer_sent(d, q, "failed");
	else
		q->until = driver_now() + (d->receipts ? q->receipt_wait_ms : 0);
	return true;
}

void
question_part(struct driver *d, const char *id, unsigned ref)
{
	struct question *q = by_id(d, id);

	if (q && q->parts < sizeof(q->refs))
		q->refs[q->parts++] = (unsigned char)ref;
}

static uint64_t
digits_of(const char *number)
{
	return strtoull(number + (*number == '+'), NULL, 10);
}

/* The newest one, for references come round again; parts[*part] is it. */
static struct question *
by_ref(struct driver *d, const char *to, unsigned ref, unsigned *part)
{
	for (size_t i = d->questions.count; i-- > 0;) {
		struct question *q = &d->questions.all[i];

		if (!q->parts || !phone_is_same(digits_of(to), digits_of(q->to)))
			continue;
		for (*part = 0; *part < q->parts; ++*part)
			if (q->refs[*part] == ref)
				return q;
	}
	return NULL;
}

bool
question_receipt(struct driver *d, const char *to, unsigned ref, const char *state)
{
	unsigned part;
	struct question *q = by_ref(d, to, ref, &part);

	if (!q || strcmp(state, "buffered") == 0)
		return q != NULL;
	if (strcmp(state, "delivered") == 0)
		q->delivered |= (uint32_t)1 << part;
	else
		q->failed = true;
	if (strcmp(q->what, "sent") != 0)
		return true;		/* a receipt may overtake the next part */
	if (q->failed)
		answer_sent(d, q, "failed");
	else if (__builtin_popcount(q->delivered) == (int)q->parts)
		answer_sent(d, q, "delivered");
	return true;
}
