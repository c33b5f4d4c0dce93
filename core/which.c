/* which.c -- an answer finds its request; it knows nothing of people, texts or clocks. */
#include "core/which.h"

#include <stdint.h>
#include <string.h>

const char *
which_rule_name(enum which_rule rule)
{
	static const char *const names[] = {
		[WHICH_BY_NOTHING] = "none", [WHICH_BY_CODE] = "code",
		[WHICH_BY_NEAR_CODE] = "near code", [WHICH_BY_TOKEN] = "token",
		[WHICH_BY_BEING_ONLY] = "only one", [WHICH_BY_ORDER] = "order",
		[WHICH_BY_RINGING] = "rang", [WHICH_BY_BEING_LAST] = "last one",
	};

	return names[rule];
}

enum which_code
which_code_match(const char *given, const char *code)
{
	size_t len = strlen(given), other = 0;

	if (!len || len != strlen(code))
		return WHICH_NO_CODE;
	for (size_t i = 0; i < len; i++)
		other += given[i] != code[i];
	return other == 0 ? WHICH_SAME_CODE : other == 1 ? WHICH_NEAR_CODE : WHICH_NO_CODE;
}

/* Of the same request: who was told by this telephone, then who has not answered yet. */
static bool
goes_before(const struct which_one *a, const struct which_one *b)
{
	if (a->open != b->open)
		return a->open;
	if (a->asks != b->asks)
		return a->asks;
	if (a->open && a->drill != b->drill)
		return b->drill;
	if (a->open && a->severity != b->severity)
		return a->severity > b->severity;
	if (a->alert != b->alert)
		return a->alert > b->alert;
	if (a->by_number != b->by_number)
		return a->by_number;
	return !a->answered && b->answered;
}

/* A set of candidates: those of which `is_one` says so. */
typedef bool (*is_one_fn)(const struct which_view *, const struct which_one *);

struct found {
	size_t best;			/* WHICH_NOBODYS: none */
	size_t requests;		/* one that two people have heard of is one */
};

static struct found
find(const struct which_view *v, is_one_fn is_one)
{
	struct found found = { .best = WHICH_NOBODYS };

	for (size_t i = 0; i < v->count; i++) {
		bool again = false;

		if (!is_one(v, &v->ones[i]))
			continue;
		for (size_t j = 0; j < i; j++)
			again |= v->ones[j].alert == v->ones[i].alert && is_one(v, &v->ones[j]);
		found.requests += !again;
		if (found.best == WHICH_NOBODYS || goes_before(&v->ones[i], &v->ones[found.best]))
			found.best = i;
	}
	return found;
}

/* "That number" tells only those apart who share a telephone. */
static bool
is_his(const struct which_view *v, const struct which_one *one)
{
	if (!v->shared || one->by_number)
		return true;
	for (size_t i = 0; i < v->count; i++)
		if (v->ones[i].by_number && v->ones[i].heard >= WHICH_IN_DOUBT)
			return false;
	return true;
}

static bool
was_touched(const struct which_view *v, const struct which_one *one)
{
	return one->heard >= (v->waited ? WHICH_IN_DOUBT : WHICH_IN_AIR);
}

static bool
has_code(const struct which_view *v, const struct which_one *one)
{
	/* Who has the code has the text, whatever the route thinks. */
	return one->code == WHICH_SAME_CODE && one->heard >= WHICH_IN_AIR;
}

static bool
has_near_code(const struct which_view *v, const struct which_one *one)
{
	return one->code == WHICH_NEAR_CODE && one->open && one->heard >= WHICH_IN_AIR;
}

static bool
is_open(const struct which_view *v, const struct which_one *one)
{
	return one->heard == WHICH_ACCEPTED && one->open && one->asks && is_his(v, one);
}

static bool
was_read(const struct which_view *v, const struct which_one *one)
{
	return is_open(v, one) && one->heard_at <= v->written_at - WHICH_READING_MS;
}

static bool
is_open_and_knows(const struct which_view *v, const struct which_one *one)
{
	return is_open(v, one) && one->knows;
}

static bool
was_read_and_knows(const struct which_view *v, const struct which_one *one)
{
	return was_read(v, one) && one->knows;
}

/* What he may well mean though it is over, for nobody has heard from him. */
static bool
is_owed(const struct which_view *v, const struct which_one *one)
{
	return one->heard == WHICH_ACCEPTED && !one->open && one->recent && one->asks &&
		!one->answered && is_his(v, one);
}

/* He has answered it, it is satisfied, and he says more. */
static bool
goes_further(const struct which_view *v, const struct which_one *one)
{
	return one->heard == WHICH_ACCEPTED && !one->open && one->recent && one->knows && is_his(v, one);
}

static bool
is_in_doubt(const struct which_view *v, const struct which_one *one)
{
	return one->heard == WHICH_IN_DOUBT && one->open && one->knows && is_his(v, one);
}

static bool
is_in_air(const struct which_view *v, const struct which_one *one)
{
	return one->heard == WHICH_IN_AIR && one->open && one->knows && is_his(v, one);
}

static bool
is_over(const struct which_view *v, const struct which_one *one)
{
	return one->heard >= WHICH_IN_DOUBT && is_his(v, one);
}

static struct which_decision
by_code(const struct which_view *v)
{
	struct found found = find(v, has_code);

	if (found.best != WHICH_NOBODYS)
		return (struct which_decision){ WHICH_BOOK, found.best, WHICH_BY_CODE };
	found = v->lost ? (struct found){ .best = WHICH_NOBODYS } : find(v, has_near_code);
	if (found.requests == 1)
		return (struct which_decision){ WHICH_BOOK, found.best, WHICH_BY_NEAR_CODE };
	return (struct which_decision){ WHICH_UNCLEAR, v->lost ? WHICH_NOBODYS : find(v, was_touched).best,
					WHICH_BY_NOTHING };
}

static size_t
first_heard(const struct which_view *v, size_t best)
{
	for (size_t i = 0; i < v->count; i++)
		if (is_open_and_knows(v, &v->ones[i]) && v->ones[i].heard_at < v->ones[best].heard_at)
			best = i;
	return best;
}

/* Of several that are open: what came too late to be read is not meant.  Of those read the one whose
 * map alone has it, else by order; if none can have been read, at most the first was. */
static struct which_decision
among_open(const struct which_view *v, size_t requests)
{
	size_t read = requests > 1 ? find(v, was_read).requests : 0;
	struct found knowing = find(v, read ? was_read_and_knows : is_open_and_knows);
	struct which_decision d = { WHICH_BOOK, knowing.best, WHICH_BY_ORDER };

	if (knowing.best == WHICH_NOBODYS)
		return (struct which_decision){ WHICH_UNCLEAR, find(v, is_open).best, WHICH_BY_NOTHING };
	if (requests == 1)
		d.rule = WHICH_BY_BEING_ONLY;
	else if (!read)
		d.index = first_heard(v, d.index);
	else if (v->said == WHICH_TOKEN && knowing.requests == 1 && read > 1)
		d.rule = WHICH_BY_TOKEN;
	return d;
}

static struct which_decision
by_order(const struct which_view *v)
{
	struct found open = find(v, is_open), air = find(v, is_in_air), other;
	struct which_decision d = { WHICH_UNCLEAR, WHICH_NOBODYS, WHICH_BY_NOTHING };

	if (open.best != WHICH_NOBODYS) {
		d = among_open(v, open.requests);
		if (d.verdict == WHICH_BOOK)
			return d;
	}
	/* Nothing open that he has received knows it. */
	other = find(v, goes_further);
	if (v->said == WHICH_TOKEN && open.best != WHICH_NOBODYS && other.requests == 1)
		return (struct which_decision){ WHICH_BOOK, other.best, WHICH_BY_TOKEN };
	other = find(v, is_owed);
	if (open.best == WHICH_NOBODYS && other.best != WHICH_NOBODYS)
		return (struct which_decision){ WHICH_BOOK, other.best, WHICH_BY_BEING_LAST };
	if (air.best != WHICH_NOBODYS && !v->waited)
		return (struct which_decision){ WHICH_WAIT, air.best, WHICH_BY_NOTHING };
	other = find(v, is_in_doubt);
	if (other.best != WHICH_NOBODYS)
		return (struct which_decision){ WHICH_BOOK, other.best, other.requests == 1
						? WHICH_BY_BEING_ONLY : WHICH_BY_ORDER };
	if (open.best != WHICH_NOBODYS)
		return d;
	other = find(v, is_over);
	if (other.best != WHICH_NOBODYS)
		return (struct which_decision){ WHICH_BOOK, other.best, WHICH_BY_BEING_LAST };
	d.index = air.best;
	return d;
}

/* A missed call answers the call that it missed; who was only written to answers that. */
static struct which_decision
by_ringing(const struct which_view *v)
{
	size_t best = WHICH_NOBODYS;

	for (size_t i = 0; i < v->count; i++)
		if (v->ones[i].rang_at &&
		    (best == WHICH_NOBODYS || v->ones[i].rang_at > v->ones[best].rang_at))
			best = i;
	if (best == WHICH_NOBODYS)
		return by_order(v);
	return (struct which_decision){ WHICH_BOOK, best, WHICH_BY_RINGING };
}

/* Without a code; who cries for help is heard wherever he is booked. */
static struct which_decision
without_code(const struct which_view *v)
{
	struct found found;

	switch (v->said) {
	case WHICH_CALL:
		return by_ringing(v);
	case WHICH_HELP:
	case WHICH_WORDS:
		found = find(v, is_open);
		if (found.best == WHICH_NOBODYS)
			found = find(v, was_touched);
		return (struct which_decision){ found.best == WHICH_NOBODYS || v->said == WHICH_WORDS
						? WHICH_UNCLEAR : WHICH_BOOK, found.best,
						found.best == WHICH_NOBODYS ? WHICH_BY_NOTHING
						: WHICH_BY_ORDER };
	case WHICH_TOKEN:
	case WHICH_CANNOT:
		return by_order(v);
	}
	return (struct which_decision){ WHICH_UNCLEAR, WHICH_NOBODYS, WHICH_BY_NOTHING };
}

struct which_decision
which_request(const struct which_view *v)
{
	struct which_decision d;

	if (v->coded)
		return by_code(v);
	d = without_code(v);
	if (d.verdict == WHICH_BOOK && v->said != WHICH_HELP && v->ones[d.index].held)
		return (struct which_decision){ WHICH_UNCLEAR, d.index, WHICH_BY_NOTHING };
	return d;
}
