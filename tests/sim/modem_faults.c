/* modem_faults.c -- what a simulated modem does wrong when told to: answers lost, late or
 * broken into, lines nobody asked for, a deaf input, a false echo.  Each fault that hits is in
 * the books.  It is the modem that fails here; the network's own faults are elsewhere. */
#include <stdlib.h>
#include <strings.h>

#include "tests/sim/modem.h"

/* --- command lines that meet a fault ------------------------------------------------ */

static const char *const fault_name[] = {
	[FAULT_DROP] = "drop-command", [FAULT_LATE] = "late", [FAULT_FAIL] = "fail"
};

static void
fault_free(struct modem *m, struct fault *fault)
{
	TAILQ_REMOVE(&m->faults, fault, link);
	free(fault->result);
	free(fault->prefix);
	free(fault);
}

void
sim_faults_fini(struct modem *m)
{
	struct fault *fault;

	while ((fault = TAILQ_FIRST(&m->faults)))
		fault_free(m, fault);
	if (m->every_event)
		event_free(m->every_event);
	free(m->every_line);
	free(m->mid_line);
	free(m->failure);
}

/* A modem that hangs softly still knows its name and how to reset. */
static bool
hung_knows(const char *text)
{
	static const char *const known[] = { "AT", "ATE", "ATE0", "ATE1", "AT+CFUN=1,1" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcasecmp(text, known[i]))
			return true;
	return false;
}

static void
fault_strike(struct modem *m, struct fault *fault)
{
	m->reply_drop = fault->kind == FAULT_DROP;
	m->reply_late_ms = fault->kind == FAULT_LATE ? fault->ms : 0;
	if (fault->kind == FAULT_FAIL) {
		free(m->failure);
		m->failure = xstrdup(fault->result);
	}
	if (!--fault->count)
		fault_free(m, fault);
}

bool
faults_meet(struct modem *m, const char *text, const char **result)
{
	struct fault *fault;

	if (m->hang == HANG_SOFT && !hung_knows(text))
		return false;
	TAILQ_FOREACH(fault, &m->faults, link) {
		if (strncasecmp(text, fault->prefix, strlen(fault->prefix)))
			continue;
		modem_log_fault(m, fault_name[fault->kind], text);
		*result = fault->kind == FAULT_FAIL ? "" : NULL;
		fault_strike(m, fault);
		if (*result)
			*result = m->failure;
		break;
	}
	if (m->no_prompts && !strncasecmp(text, "AT+CMGS=", 8)) {
		m->no_prompts--;
		m->reply_drop = true;
		modem_log_fault(m, "no-prompt", text);
	}
	return true;
}

/* COUNT [PREFIX] at the end of an order; COUNT 0 takes the order back. */
static bool
fault_add(struct modem *m, enum fault_kind kind, int ms, char *result, const char *args)
{
	struct fault *fault, *next;
	int count;

	if (!control_number(&args, &count, 0, 1000000)) {
		free(result);
		return false;
	}
	for (fault = TAILQ_FIRST(&m->faults); fault; fault = next) {
		next = TAILQ_NEXT(fault, link);
		if (!count && fault->kind == kind && !strcasecmp(fault->prefix, args))
			fault_free(m, fault);
	}
	if (!count) {
		free(result);
		return true;
	}
	fault = xcalloc(1, sizeof(*fault));
	fault->kind = kind;
	fault->count = count;
	fault->ms = ms;
	fault->result = result;
	fault->prefix = xstrdup(args);
	TAILQ_INSERT_TAIL(&m->faults, fault, link);
	return true;
}

static bool
drop_command(struct modem *m, const char *args)
{
	return fault_add(m, FAULT_DROP, 0, NULL, args);
}

static bool
late(struct modem *m, const char *args)
{
	int ms;

	return control_number(&args, &ms, 1, 86400000) &&
	       fault_add(m, FAULT_LATE, ms, NULL, args);
}

/* RESULT is ERROR, or a family and its number in three words. */
static bool
fail(struct modem *m, const char *args)
{
	char family[8], word[8], result[32] = "ERROR";
	int code;

	if (!control_word(&args, family, sizeof(family)))
		return false;
	if (strcmp(family, "ERROR")) {
		if ((strcmp(family, "+CME") && strcmp(family, "+CMS")) ||
		    !control_word(&args, word, sizeof(word)) || strcmp(word, "ERROR:") ||
		    !control_number(&args, &code, 0, 999))
			return false;
		snprintf(result, sizeof(result), "%s ERROR: %d", family, code);
	}
	return fault_add(m, FAULT_FAIL, 0, xstrdup(result), args);
}

/* --- submits that end badly --------------------------------------------------------- */

static bool
refuse(struct modem *m, int family, const char *args)
{
	struct refusal *refusal = xcalloc(1, sizeof(*refusal));
	int code = 0;

	if ((family < 0 || control_number(&args, &code, 1, 999)) &&
	    control_number(&args, &refusal->count, 1, 1000000) &&
	    (!*args || control_word(&args, refusal->number, sizeof(refusal->number)))) {
		refusal->result = family + code;
		TAILQ_INSERT_TAIL(&m->refusals, refusal, link);
		return true;
	}
	free(refusal);
	return false;
}

static bool
cms(struct modem *m, const char *args)
{
	return refuse(m, AT_CMS, args);
}

static bool
cme(struct modem *m, const char *args)
{
	return refuse(m, AT_CME, args);
}

static bool
submit_error(struct modem *m, const char *args)
{
	return refuse(m, AT_ERROR, args);
}

/* One share per code; R 0 ends it. */
static bool
cms_ratio(struct modem *m, const char *args)
{
	struct refusal *refusal, *next;
	double ratio;
	int code;

	if (!control_number(&args, &code, 1, 999) || !control_ratio(&args, &ratio))
		return false;
	for (refusal = TAILQ_FIRST(&m->refusals); refusal; refusal = next) {
		next = TAILQ_NEXT(refusal, link);
		if (refusal->ratio > 0 && refusal->result == AT_CMS + code) {
			TAILQ_REMOVE(&m->refusals, refusal, link);
			free(refusal);
		}
	}
	if (ratio <= 0)
		return true;
	refusal = xcalloc(1, sizeof(*refusal));
	refusal->result = AT_CMS + code;
	refusal->ratio = ratio;
	TAILQ_INSERT_TAIL(&m->refusals, refusal, link);
	return true;
}

static bool
drop_reply(struct modem *m, const char *args)
{
	return control_number(&args, &m->drop_replies, 0, 1000000);
}

static bool
late_submit(struct modem *m, const char *args)
{
	return control_number(&args, &m->late_submit_ms, 0, 86400000) &&
	       control_number(&args, &m->late_submits, 0, 1000000);
}

static bool
no_mr(struct modem *m, const char *args)
{
	return control_number(&args, &m->no_mrs, 0, 1000000);
}

static bool
sent_error(struct modem *m, const char *args)
{
	return control_number(&args, &m->sent_error, 0, 1023) &&
	       control_number(&args, &m->sent_errors, 0, 1000000);
}

static bool
no_prompt(struct modem *m, const char *args)
{
	return control_number(&args, &m->no_prompts, 0, 1000000);
}

/* --- lines nobody asked for --------------------------------------------------------- */

static bool
urc(struct modem *m, const char *args)
{
	tty_line(m, "%s", args);
	return *args;
}

/* Between the first line of a reply and the next one; before a lone OK. */
void
faults_touch_reply(struct modem *m)
{
	struct buf whole = { 0 };

	if (m->mid_count <= 0)
		return;
	m->mid_count--;
	buf_add(&whole, m->reply.data, m->reply_first);
	buf_printf(&whole, "\r\n%s\r\n", m->mid_line);
	buf_puts(&whole, m->reply.data + m->reply_first);
	buf_fini(&m->reply);
	m->reply = whole;
}

/* LINE [xN]: a bare number at the end would be part of most lines. */
static bool
urc_mid(struct modem *m, const char *args)
{
	char *line = control_unescape(args), *last = strrchr(line, ' '), *end;
	long count = 1;

	if (last && last[1] == 'x' && last[2] >= '0' && last[2] <= '9') {
		count = strtol(last + 2, &end, 10);
		if (*end || count > 1000000)
			count = -1;
		*last = 0;
	}
	free(m->mid_line);
	m->mid_line = line;
	m->mid_count = *line && count >= 0 ? (int)count : 0;
	return *line && count >= 0;
}

static void
every_due(evutil_socket_t fd, short what, void *arg)
{
	struct modem *m = arg;

	tty_line(m, "%s", m->every_line);
}

static bool
urc_every(struct modem *m, const char *args)
{
	struct timeval tv;
	int ms;

	if (!control_number(&args, &ms, 0, 86400000) || (ms && !*args))
		return false;
	if (m->every_event)
		event_free(m->every_event);
	m->every_event = NULL;
	if (!ms)
		return true;
	free(m->every_line);
	m->every_line = xstrdup(args);
	m->every_event = event_new(m->base, -1, EV_PERSIST, every_due, m);
	tv = (struct timeval){ ms / 1000, ms % 1000 * 1000 };
	event_add(m->every_event, &tv);
	return true;
}

/* COUNT BYTES [HEAD]: very long lines, each beginning with HEAD. */
static bool
babble(struct modem *m, const char *args)
{
	struct buf line = { 0 };
	int count, bytes;
	char *head;

	if (!control_number(&args, &count, 1, 1000) ||
	    !control_number(&args, &bytes, 1, 1000000))
		return false;
	head = control_unescape(args);
	for (int i = 0; i < count; i++) {
		buf_puts(&line, "\r\n");
		for (const char *p = head; *p; p++)
			buf_add(&line, *p == '\n' ? "\r\n" : p, *p == '\n' ? 2 : 1);
		for (int k = 0; k < bytes; k++)
			buf_add(&line, &"0123456789ABCDEF"[k % 16], 1);
		buf_puts(&line, "\r\n");
	}
	tty_write(m, line.data, line.len);
	buf_fini(&line);
	free(head);
	return true;
}

/* --- the line itself ---------------------------------------------------------------- */

static bool
stall(struct modem *m, const char *args)
{
	bool on;

	if (!control_switch(args, &on))
		return false;
	ports_stall(m, on);
	return true;
}

static bool
echo(struct modem *m, const char *args)
{
	char word[8];

	return control_word(&args, word, sizeof(word)) && !strcmp(word, "wrong") &&
	       control_switch(args, &m->echo_wrong);
}

const struct control fault_controls[] = {
	{ "drop-command", drop_command, "COUNT [PREFIX]" },
	{ "late", late, "MS COUNT [PREFIX]" },
	{ "fail", fail, "ERROR|+CME ERROR: N|+CMS ERROR: N COUNT [PREFIX]" },
	{ "cms", cms, "CODE COUNT [NUMBER]" },
	{ "cme", cme, "CODE COUNT [NUMBER]" },
	{ "submit-error", submit_error, "COUNT [NUMBER]" },
	{ "cms-ratio", cms_ratio, "CODE R, from 0 (ends it) to 1" },
	{ "drop-reply", drop_reply, "COUNT" },
	{ "late-submit", late_submit, "MS COUNT" },
	{ "no-mr", no_mr, "COUNT" },
	{ "no-prompt", no_prompt, "COUNT" },
	{ "sent-error", sent_error, "CODE COUNT" },
	{ "urc", urc, "LINE" },
	{ "urc-mid", urc_mid, "LINE [xCOUNT]" },
	{ "urc-every", urc_every, "MS LINE, or 0" },
	{ "babble", babble, "COUNT BYTES [HEAD]" },
	{ "stall", stall, "on|off" },
	{ "echo", echo, "wrong on|off" },
	{ 0 },
};
