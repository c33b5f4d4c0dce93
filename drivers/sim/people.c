/* people.c -- reads the people file and finds who answers; it sends nothing. */
#include "drivers/sim/people.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/cause.h"
#include "core/buf.h"
#include "core/number.h"
#include "files/read.h"

#define NONE UINT32_MAX
#define PEOPLE_MAX ((size_t)256 << 20)	/* bytes of the file */

struct entry {
	struct rule rule;
	uint64_t number;		/* exact; or the prefix's digits */
	unsigned prefix;		/* length of the prefix, 0 = exact */
	uint32_t next;			/* next rule of the same slot, or next prefix rule */
};

struct book {				/* the rules of one reading, in the file's order */
	struct entry *entries;
	size_t count, cap;
	uint32_t *slots, prefixes;	/* heads of chains, ascending */
	size_t slot_count;		/* a power of two */
};

struct tally {				/* how often a number was met, by channel */
	uint64_t number;
	unsigned met[2];
};

struct people {
	char *path;
	struct timespec read_of;
	off_t size;
	struct book book;
	struct tally *tallies;
	size_t tally_count, tally_cap;	/* cap: a power of two */
};

static const struct { const char *said, *outcome; } pick_ups[] = {
	[PICK_NO_ANSWER] = { "no_answer", "no_answer" },
	[PICK_BUSY] = { "busy", "busy" },
	[PICK_REJECT] = { "reject", "rejected" },
	[PICK_ANSWER] = { "answer", "answered" },
};

const char *
pick_up_name(enum pick_up p)
{
	return pick_ups[p].outcome;
}

int
pick_up_parse(const char *word)
{
	for (int i = 0; i <= PICK_ANSWER; i++)
		if (strcmp(pick_ups[i].said, word) == 0)
			return i;
	return -1;
}

static size_t
slot_of(uint64_t number, size_t slots)
{
	return (number * 0x9e3779b97f4a7c15ULL >> 32) & (slots - 1);
}

static void
book_fini(struct book *b)
{
	for (size_t i = 0; i < b->count; i++)
		free(b->entries[i].rule.text);
	free(b->entries);
	free(b->slots);
	*b = (struct book){ 0 };
}

/* Chains are built from the last rule to the first, so that each ascends. */
static void
book_index(struct book *b)
{
	b->slot_count = 64;
	while (b->slot_count < b->count * 2)
		b->slot_count *= 2;
	b->slots = xmalloc(b->slot_count * sizeof(*b->slots));
	for (size_t i = 0; i < b->slot_count; i++)
		b->slots[i] = NONE;
	b->prefixes = NONE;
	for (size_t i = b->count; i-- > 0;) {
		struct entry *e = &b->entries[i];
		uint32_t *head = e->prefix ? &b->prefixes
			: &b->slots[slot_of(e->number, b->slot_count)];

		e->next = *head;
		*head = (uint32_t)i;
	}
}

static bool
is_count(const char *s, unsigned long long max, unsigned long long *out)
{
	int64_t n;

	if (whole_parse(&n, s, 0, (int64_t)max) < 0)
		return false;
	*out = (unsigned long long)n;
	return true;
}

static int
read_number(struct entry *e, char *word, struct err *err)
{
	size_t len = strlen(word);
	char *digits = word + (word[0] == '+');
	unsigned long long number = 0;

	if (len && word[len - 1] == '*') {
		word[len - 1] = '\0';
		e->prefix = (unsigned)strlen(digits) + 1;	/* + 1: "*" alone is a prefix too */
	}
	if (!(e->prefix == 1 || is_count(digits, 999999999999999ULL, &number)))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), sim_people_number, QUOTE(word));
	e->number = number;
	return 0;
}

/* Takes `xN` and `after N` off the end of the line. */
static void
read_limits(struct rule *rule, char *rest)
{
	for (;;) {
		unsigned long long n;
		char *last;

		for (size_t len = strlen(rest); len && rest[len - 1] == ' '; len--)
			rest[len - 1] = '\0';
		last = strrchr(rest, ' ');

		if (last && last[1] == 'x' && is_count(last + 2, 1000000, &n)) {
			rule->until = (unsigned)n;
			*last = '\0';
		} else if (last && is_count(last + 1, 1000000, &n) && last - rest >= 6 &&
			   strncmp(last - 6, " after", 6) == 0) {
			rule->after = (unsigned)n;
			last[-6] = '\0';
		} else {
			return;
		}
	}
}

static int
read_voice(struct rule *rule, char *rest, struct err *err)
{
	char *save = NULL, *word = strtok_r(rest, " ", &save);
	char *keys = strtok_r(NULL, " ", &save), *after = strtok_r(NULL, " ", &save);
	int pick_up = word ? pick_up_parse(word) : -1;
	unsigned long long ms = 0;

	if (pick_up < 0)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), sim_people_way, QUOTE(word ? word : ""));
	rule->pick_up = (enum pick_up)pick_up;
	if (!keys)
		return 0;
	if (pick_up != PICK_ANSWER || strspn(keys, "0123456789*#") != strlen(keys) ||
	    strlen(keys) >= KEYS_TEXT)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), sim_people_keys, QUOTE(keys));
	if (!after || !is_count(after, 86400000, &ms) || strtok_r(NULL, " ", &save))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), sim_people_delay, keys);
	snprintf(rule->keys, sizeof(rule->keys), "%s", keys);
	rule->keys_after_ms = (msec)ms;
	return 0;
}

static int
read_rule(struct entry *e, char *line, struct err *err)
{
	char *save = NULL, *number = strtok_r(line, " ", &save);
	char *channel = strtok_r(NULL, " ", &save), *delay = strtok_r(NULL, " ", &save);
	char *rest = delay ? delay + strlen(delay) : NULL;
	unsigned long long ms;

	*e = (struct entry){ .next = NONE };
	if (!delay || !is_count(delay, 86400000, &ms))
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), sim_people_line);
	if (read_number(e, number, err) < 0)
		return -1;
	rest = save && *save ? save : rest;
	rest += strspn(rest, " ");
	e->rule.delay_ms = (msec)ms;
	e->rule.channel = strcmp(channel, "voice") == 0 ? CHANNEL_VOICE : CHANNEL_SMS;
	/* A text may be "1" alone, so that limits are looked for behind a space only. */
	read_limits(&e->rule, rest);
	if (e->rule.channel == CHANNEL_VOICE)
		return read_voice(&e->rule, rest, err);
	if (strcmp(channel, "sms") != 0)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), sim_people_channel, QUOTE(channel));
	if (!*rest)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), sim_people_text);
	e->rule.text = strcmp(rest, "-") == 0 ? NULL : xstrdup(rest);
	return 0;
}

static int
read_book(struct book *b, FILE *f, const char *path, struct err *err)
{
	char *line = NULL;
	size_t size = 0, at = 0;
	struct err inner = { 0 };
	int rc = 0;

	while (rc == 0 && getline(&line, &size, f) >= 0) {
		char *start = line + strspn(line, " \t");

		at++;
		for (char *p = start; *p; p++)
			if (*p == '\t' || *p == '\r' || *p == '\n')
				*p = ' ';
		for (size_t n = strlen(start); n && start[n - 1] == ' '; n--)
			start[n - 1] = '\0';
		if (!*start || *start == '#')
			continue;
		if (b->count == b->cap) {
			b->cap = b->cap ? b->cap * 2 : 64;
			b->entries = xrealloc(b->entries, b->cap * sizeof(*b->entries));
		}
		rc = read_rule(&b->entries[b->count], start, &inner);
		b->count += rc == 0;
	}
	free(line);
	if (rc < 0)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), sim_people_at, path, NUM(at), NEST(&inner.said));
	book_index(b);
	return 0;
}

int
people_refresh(struct people *p, struct err *err)
{
	struct book fresh = { 0 };
	struct stat st;
	FILE *f;
	int fd;

	if (stat(p->path, &st) < 0)
		return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), sim_people_unread, p->path, cause_word(errno));
	if (st.st_mtim.tv_sec == p->read_of.tv_sec && st.st_mtim.tv_nsec == p->read_of.tv_nsec &&
	    st.st_size == p->size)
		return 0;
	p->read_of = st.st_mtim;	/* a faulty file is reported once, not at every look */
	p->size = st.st_size;
	fd = file_open(p->path, PEOPLE_MAX, err);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f)
		return -1;
	if (read_book(&fresh, f, p->path, err) < 0) {
		fclose(f);
		book_fini(&fresh);
		return -1;
	}
	fclose(f);
	book_fini(&p->book);
	p->book = fresh;
	return 0;
}

int
people_open(struct people **out, const char *path, struct err *err)
{
	struct people *p = xcalloc(1, sizeof(*p));

	p->path = xstrdup(path);
	p->size = -1;
	*out = p;
	if (people_refresh(p, err) == 0)
		return 0;
	people_close(p);
	*out = NULL;
	return -1;
}

static struct tally *
tally_find(struct tally *tallies, size_t cap, uint64_t number)
{
	size_t i = slot_of(number, cap);

	while (tallies[i].number && tallies[i].number != number)
		i = (i + 1) & (cap - 1);
	return &tallies[i];
}

static unsigned
count_meeting(struct people *p, uint64_t number, enum channel channel)
{
	struct tally *t;

	if (p->tally_count * 2 >= p->tally_cap) {
		size_t cap = p->tally_cap ? p->tally_cap * 2 : 256;
		struct tally *grown = xcalloc(cap, sizeof(*grown));

		for (size_t i = 0; i < p->tally_cap; i++)
			if (p->tallies[i].number)
				*tally_find(grown, cap, p->tallies[i].number) = p->tallies[i];
		free(p->tallies);
		p->tallies = grown;
		p->tally_cap = cap;
	}
	t = tally_find(p->tallies, p->tally_cap, number);
	p->tally_count += !t->number;
	t->number = number;
	return ++t->met[channel == CHANNEL_VOICE];
}

static bool
applies(const struct entry *e, const char *digits, uint64_t number, enum channel channel,
	unsigned met)
{
	char prefix[24];

	if (e->rule.channel != channel || met <= e->rule.after ||
	    (e->rule.until && met > e->rule.until))
		return false;
	if (!e->prefix)
		return e->number == number;
	if (e->prefix == 1)
		return true;
	snprintf(prefix, sizeof(prefix), "%0*llu", (int)e->prefix - 1,
		 (unsigned long long)e->number);
	return strncmp(digits, prefix, e->prefix - 1) == 0;
}

const struct rule *
people_meet(struct people *p, const char *number, enum channel channel)
{
	const char *digits = number + (number[0] == '+');
	uint64_t n = strtoull(digits, NULL, 10);
	const struct book *b = &p->book;
	uint32_t exact, prefix = b->prefixes;
	unsigned met;

	if (!n)
		return NULL;
	met = count_meeting(p, n, channel);
	exact = b->slots[slot_of(n, b->slot_count)];
	while (exact != NONE || prefix != NONE) {
		uint32_t *first = exact < prefix ? &exact : &prefix;	/* NONE is the greatest */
		const struct entry *e = &b->entries[*first];

		if (applies(e, digits, n, channel, met))
			return &e->rule;
		*first = e->next;
	}
	return NULL;
}

void
people_close(struct people *p)
{
	if (!p)
		return;
	book_fini(&p->book);
	free(p->tallies);
	free(p->path);
	free(p);
}
