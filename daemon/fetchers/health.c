/* health.c -- how a child is, as the engine hears of it: its state, the alarms that it names, and gongd's own,
 * that it is not there or ends again and again.  Counted in seconds that the loop has run. */
#include "daemon/fetchers/internal.h"

#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/phrase.h"

#define DOWN_S 60			/* not there, or not for long, in so many seconds: an alarm */
#define WELL_S 60			/* up for so long without an end: it is well */
#define DEATHS 5			/* so many in the meantime are an alarm though it is up just now */
#define SILENT_S 3			/* who has named no alarm by then has none */

static const char *
state_of(const struct fetcher *f)
{
	switch (child_state(f->child)) {
	case CHILD_UP:
		return "up";
	case CHILD_STARTING:
		return "starting";
	case CHILD_STOPPED:
		return "stopped";
	default:
		return "down";
	}
}

static void
add_down(const struct fetcher *f, json_t *alarms)
{
	char text[SAID_BYTES];
	struct buf values = { 0 };
	struct said said;

	SAY(&said, fetcher_down, f->health.reason ? f->health.reason : WORD(child_ended));
	said_values_json(&said, &values);
	said_render(&said, LANG_EN, text, sizeof(text));
	json_array_append_new(alarms, json_pack("{s:s,s:s,s:o,s:s}", "name", "down", "concept",
		phrase_name(said.phrase), "values", json_loads(values.data, 0, NULL), "text", text));
	buf_fini(&values);
}

/* NULL: not known yet; what stood before stands. */
static char *
alarms_of(const struct fetcher *f)
{
	json_t *alarms;
	char *text;

	if (!f->health.is_down && !f->health.has_said && f->health.up_s < SILENT_S)
		return NULL;
	alarms = f->health.has_said ? json_deep_copy(f->health.alarms) : json_array();
	if (f->health.is_down)
		add_down(f, alarms);
	text = json_dumps(alarms, JSON_COMPACT);
	json_decref(alarms);
	return text;
}

static bool
same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void
report(struct fetcher *f)
{
	const char *state = state_of(f);
	char *alarms = alarms_of(f);
	struct command *cmd;

	if (same(state, f->health.told_state) && (!alarms || same(alarms, f->health.told_alarms))) {
		free(alarms);
		return;
	}
	f->health.told_state = state;
	if (alarms) {
		free(f->health.told_alarms);
		f->health.told_alarms = xstrdup(alarms);
	}
	cmd = command_new(CMD_SOURCE_STATE, -1);
	cmd->by.kind = PRINCIPAL_GONG;
	cmd->source = xcalloc(1, sizeof(*cmd->source));
	*cmd->source = (struct source_state){ xstrdup(f->conf->name), state, alarms };
	f->all->ports.urgent(f->all->ports.ctx, cmd);
}

static void
look(struct fetcher *f)
{
	enum child_state state = child_state(f->child);
	bool up = state == CHILD_UP;

	f->health.up_s = up ? f->health.up_s + 1 : 0;
	if (f->health.up_s >= WELL_S) {
		f->health.deaths = f->health.trouble_s = 0;
		f->health.is_down = false;
	}
	if (up && !f->health.deaths)
		f->health.trouble_s = 0;
	else
		f->health.trouble_s++;
	if (f->health.trouble_s >= DOWN_S && (!up || f->health.deaths >= DEATHS))
		f->health.is_down = true;
	f->health.is_down |= state == CHILD_STOPPED;
}

void
health_second(struct fetcher *f)
{
	if (f->removed || children_are_stopping(f->all->children))
		return;
	look(f);
	report(f);
}

void
health_said(struct fetcher *f, json_t *alarms)
{
	json_decref(f->health.alarms);
	f->health.alarms = json_is_array(alarms) ? json_incref(alarms) : json_array();
	f->health.has_said = true;
}

void
health_ended(struct fetcher *f, const char *reason, bool asked)
{
	f->health.has_said = false;
	f->health.deaths += !asked;
	free(f->health.reason);
	f->health.reason = xstrdup(reason);
}

void
health_anew(struct fetcher *f)
{
	f->health.deaths = f->health.trouble_s = 0;
	f->health.is_down = false;
}

void
health_fini(struct fetcher *f)
{
	json_decref(f->health.alarms);
	free(f->health.reason);
	free(f->health.told_alarms);
}
