/* modem_callee.c -- what the people do whom the simulated modem calls: scripts of a few words,
 * each with the time since the one before.  Nobody picks up without a script. */
#include <errno.h>
#include <stdlib.h>

#include "tests/sim/modem.h"

/* Without a script: it rings, as it does at a stranger's. */
#define STRANGER "alert 300"

static void
alert(struct modem *m, const char *key)
{
	call_set(m, CALL_ALERTING);
}

static void
answer(struct modem *m, const char *key)
{
	call_answer(m);
}

static void
press(struct modem *m, const char *key)
{
	speech_key(m, *key);
}

static void
busy(struct modem *m, const char *key)
{
	call_end(m, "busy", "BUSY");
}

static void
reject(struct modem *m, const char *key)
{
	call_end(m, "rejected", "NO CARRIER");
}

static void
end(struct modem *m, const char *key)
{
	call_end(m, "end", "NO CARRIER");
}

/* `due` NULL: the word has no time and ends the script. */
static const struct word {
	const char *name;
	bool key;			/* a key stands before the time */
	bool alerting;			/* it rings there while the time runs */
	void (*due)(struct modem *, const char *key);
} words[] = {
	{ "alert", false, false, alert },
	{ "answer", false, false, answer },
	{ "key", true, false, press },
	{ "busy", false, false, busy },
	{ "reject", false, true, reject },
	{ "end", false, false, end },
	{ "noanswer", false, false, NULL },
	{ "dead", false, false, NULL },
	{ "noservice", false, false, NULL },
};

struct step {
	unsigned generation;
	const struct word *word;	/* NULL: nobody answered in time */
	char key[2];
	int ms;
};

/* Takes the next word with what belongs to it; false: no such word. */
static bool
step_parse(const char **script, struct step *out)
{
	char name[16];

	*out = (struct step){ 0 };
	if (!control_word(script, name, sizeof(name)))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(name, words[i].name))
			out->word = &words[i];
	if (!out->word)
		return false;
	if (out->word->key && (!control_word(script, out->key, sizeof(out->key)) ||
			       !strchr("0123456789*#ABCD", *out->key)))
		return false;
	return !out->word->due || control_number(script, &out->ms, 0, 86400000);
}

static bool
script_good(const char *script)
{
	struct step step;

	if (!*script)
		return false;
	while (*script)
		if (!step_parse(&script, &step))
			return false;
	return true;
}

/* --- playing ------------------------------------------------------------------------ */

static void step_begin(struct modem *);

static void
step_due(struct modem *m, void *arg)
{
	const struct step *step = arg;

	if (!m->call.on || step->generation != m->call.generation)
		return;
	if (step->word)
		step->word->due(m, step->key);
	else if (m->call.stat != CALL_ACTIVE)
		call_end(m, "no answer", "NO ANSWER");
	if (step->word && m->call.on && step->generation == m->call.generation)
		step_begin(m);
}

static void
step_plan(struct modem *m, const struct step *step)
{
	struct step *planned = xmalloc(sizeof(*planned));

	*planned = *step;
	planned->generation = m->call.generation;
	modem_later(m, step->ms, step_due, planned);
}

/* The ring time counts from the dialling. */
static void
ring_out(struct modem *m)
{
	msec left = m->call.at + m->o.ring_ms - now_ms();

	if (m->call.stat != CALL_ACTIVE)
		step_plan(m, &(struct step){ .ms = left > 0 ? (int)left : 0 });
}

static void
step_begin(struct modem *m)
{
	struct step step;

	if (!step_parse(&m->call.script, &step)) {
		ring_out(m);		/* the script is over */
		return;
	}
	if (step.word->alerting)
		call_set(m, CALL_ALERTING);
	if (step.word->due)
		step_plan(m, &step);
	else if (!strcmp(step.word->name, "noanswer"))
		ring_out(m);
}

static bool
callee_is(const struct callee *callee, const char *number)
{
	return callee->prefix
		       ? !strncmp(number, callee->number, strlen(callee->number))
		       : !strcmp(number, callee->number);
}

/* Scripts are kept until the modem ends: a call may still be playing one. */
bool
callee_begin(struct modem *m)
{
	struct callee *callee;

	m->call.script = STRANGER;
	TAILQ_FOREACH(callee, &m->callees, link) {
		if (callee->calls == 0 || !callee_is(callee, m->call.number))
			continue;
		if (callee->calls > 0)
			callee->calls--;
		if (strcmp(callee->script, "-"))
			m->call.script = callee->script;
		break;
	}
	if (!strcmp(m->call.script, "noservice"))
		return false;
	step_begin(m);
	return true;
}

/* --- who does what ------------------------------------------------------------------ */

/* "xN" as the last word: N calls only. */
static int
take_calls(char *script)
{
	char *last = strrchr(script, ' '), *rest;
	long calls;

	if (!last || last[1] != 'x')
		return -1;
	calls = strtol(last + 2, &rest, 10);
	if (*rest || calls < 1 || calls > 1000000)
		return -1;
	*last = 0;
	return (int)calls;
}

/* NUMBER|PREFIX*|* SCRIPT [xN]; NULL: it is no such line. */
static struct callee *
callee_parse(const char *line)
{
	struct callee *callee = xcalloc(1, sizeof(*callee));
	size_t len;

	if (control_word(&line, callee->number, sizeof(callee->number)) && *line) {
		callee->script = xstrdup(line);
		callee->calls = take_calls(callee->script);
		len = strlen(callee->number);
		callee->prefix = callee->number[len - 1] == '*';
		callee->number[len - callee->prefix] = 0;
		if (!strcmp(callee->script, "-") || script_good(callee->script))
			return callee;
	}
	free(callee->script);
	free(callee);
	return NULL;
}

static bool
callee_add(struct modem *m, const char *args)
{
	struct callee *callee = callee_parse(args);

	if (callee)
		TAILQ_INSERT_HEAD(&m->callees, callee, link);
	return callee;
}

const struct control callee_controls[] = {
	{ "callee", callee_add, "NUMBER|PREFIX*|* SCRIPT [xCALLS]; the words of a script: "
		"alert MS, answer MS, key K MS, busy MS, reject MS, end MS, noanswer, dead, "
		"noservice; - for none" },
	{ 0 },
};

int
callee_open(struct modem *m)
{
	char line[2048];
	FILE *file;
	int rc = 0;

	if (!m->o.calls)
		return 0;
	file = fopen(m->o.calls, "re");
	if (!file) {
		fprintf(stderr, "modem: --calls %s: %s\n", m->o.calls, strerror(errno));
		return -1;
	}
	for (int n = 1; !rc && fgets(line, sizeof(line), file); n++) {
		struct callee *callee;

		line[strcspn(line, "\r\n")] = 0;
		if (!*line || *line == '#')
			continue;
		callee = callee_parse(line);
		if (callee) {
			TAILQ_INSERT_TAIL(&m->callees, callee, link);
			continue;
		}
		fprintf(stderr, "modem: %s:%d: expected %s\n", m->o.calls, n,
			callee_controls[0].args);
		rc = -1;
	}
	fclose(file);
	return rc;
}

void
callee_fini(struct modem *m)
{
	struct callee *callee;

	while ((callee = TAILQ_FIRST(&m->callees))) {
		TAILQ_REMOVE(&m->callees, callee, link);
		free(callee->script);
		free(callee);
	}
}
