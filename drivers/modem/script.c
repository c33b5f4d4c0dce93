/* script.c -- runs lists of AT commands on a wire. */
#include "drivers/modem/script.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/kit/kit.h"

static void
clear(struct script *s)
{
	while (s->count)
		free(s->steps[--s->count].command);
	s->at = s->insert_at = 0;
}

void
script_begin(struct script *s, struct wire *wire, void *ctx, void (*end)(void *, const char *))
{
	clear(s);
	s->wire = wire;
	s->ctx = ctx;
	s->end = end;
	s->failed[0] = 0;
	s->was_late = false;
}

static void
add(struct script *s, char *command, msec limit_ms, script_reader reader)
{
	if (s->count == SCRIPT_STEPS) {
		kit_log("too many commands for a modem, left out command=%s",
			command ? command : "(wait)");
		free(command);
		return;
	}
	memmove(&s->steps[s->insert_at + 1], &s->steps[s->insert_at],
		(s->count - s->insert_at) * sizeof(s->steps[0]));
	s->steps[s->insert_at].command = command;
	s->steps[s->insert_at].limit_ms = limit_ms;
	s->steps[s->insert_at++].reader = reader;
	s->count++;
}

void
script_ask(struct script *s, msec limit_ms, script_reader reader, const char *fmt, ...)
{
	char command[AT_COMMAND + 1];
	va_list args;

	va_start(args, fmt);
	vsnprintf(command, sizeof(command), fmt, args);
	va_end(args);
	add(s, xstrdup(command), limit_ms, reader);
}

void
script_wait(struct script *s, msec ms)
{
	add(s, NULL, ms, NULL);
}

void
script_fail(struct script *s, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(s->failed, sizeof(s->failed), fmt, args);
	va_end(args);
}

/* Its value may be a PIN. */
static void
script_fail_at(struct script *s, const char *command)
{
	char name[40];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(command, "="), command);
	script_fail(s, "%s", SAID(modem_unanswered, name));
}

static void next(struct script *);

static void
on_reply(void *ctx, const struct at_reply *reply)
{
	struct script *s = ctx;
	size_t i = s->at++;

	s->insert_at = s->at;
	s->was_late = reply->end == AT_LATE && s->steps[i].command;
	if (reply->end == AT_LATE && s->steps[i].command)
		script_fail_at(s, s->steps[i].command);
	else if (s->steps[i].reader)
		s->steps[i].reader(s->ctx, s, reply);
	s->insert_at = s->count;
	next(s);
}

static void
next(struct script *s)
{
	bool failed = s->failed[0] != 0;

	if (failed || s->at == s->count) {
		clear(s);
		s->end(s->ctx, failed ? s->failed : NULL);
	} else if (s->steps[s->at].command) {
		wire_ask(s->wire, s->steps[s->at].command, s->steps[s->at].limit_ms, on_reply, s);
	} else {
		wire_drain(s->wire, s->steps[s->at].limit_ms, on_reply, s);
	}
}

void
script_run(struct script *s)
{
	next(s);
}
