/* keep.c -- what gongd hands back after a restart: alarms that stand (or the officer would be woken
 * twice), and parts of replies that wait for the others. */
#include <stdio.h>
#include <string.h>

#include "drivers/http/http.h"

#define KEEP_MAX 3800			/* bytes; gongd takes 4,096 */
#define JOINT_BYTES 120			/* of one, beside its texts */

static json_t *
joint_to_json(const struct joint *j)
{
	json_t *texts = json_array();

	for (unsigned i = 0; i < j->of; i++)
		json_array_append_new(texts, j->texts[i] ? json_string(j->texts[i]) : json_null());
	return json_pack("{s:s,s:s,s:s,s:o}", "of", j->key, "from", j->from, "id", j->id, "texts", texts);
}

bool
keep_has_room(const struct http *h, size_t more)
{
	const struct joint *j;
	size_t bytes = strlen(h->health.pull_reason) * 2 + 100 + more + JOINT_BYTES;

	TAILQ_FOREACH(j, &h->parts.joints, link) {
		bytes += JOINT_BYTES;
		for (unsigned i = 0; i < j->of; i++)
			bytes += 5 + (j->texts[i] ? strlen(j->texts[i]) * 2 : 0);	/* escaped, at worst */
	}
	return bytes < KEEP_MAX;
}

void
keep_write(struct http *h)
{
	const struct health *s = &h->health;
	json_t *state = json_pack("{s:b,s:b,s:b,s:s}", "clock", s->clock_alarm, "balance", s->balance_alarm,
				  "pull", s->pull_alarm, "pull_reason", s->pull_reason);
	json_t *joints = json_array();
	const struct joint *j;
	char *text;

	TAILQ_FOREACH(j, &h->parts.joints, link)
		json_array_append_new(joints, joint_to_json(j));
	if (json_array_size(joints))
		json_object_set(state, "parts", joints);
	text = json_dumps(state, JSON_COMPACT);
	json_decref(joints);
	json_decref(state);
	kit_event(h->kit, json_pack("{s:s,s:s}", "ev", "keep", "state", text));
	free(text);
}

static void
copy(char *out, size_t size, json_t *in, const char *name)
{
	const char *text = json_string_value(json_object_get(in, name));

	snprintf(out, size, "%s", text ? text : "");
}

static void
read_joint(struct http *h, json_t *in)
{
	json_t *texts = json_object_get(in, "texts");
	size_t of = json_array_size(texts);
	struct joint *j;

	if (!of || of > KEEP_PARTS_MAX)
		return;
	j = xcalloc(1, sizeof(*j));
	copy(j->key, sizeof(j->key), in, "of");
	copy(j->from, sizeof(j->from), in, "from");
	copy(j->id, sizeof(j->id), in, "id");
	j->of = (unsigned)of;
	for (size_t i = 0; i < of; i++)
		j->texts[i] = xstrdup(json_string_value(json_array_get(texts, i)));
	TAILQ_INSERT_TAIL(&h->parts.joints, j, link);
}

void
keep_read(struct http *h, const char *text)
{
	json_t *state = text ? json_loads(text, 0, NULL) : NULL, *joint;
	struct health *s = &h->health;
	size_t i;

	TAILQ_INIT(&h->parts.joints);
	s->clock_alarm = json_is_true(json_object_get(state, "clock"));
	s->balance_alarm = json_is_true(json_object_get(state, "balance"));
	s->pull_alarm = profile_has(&h->profile, OP_PULL) && json_is_true(json_object_get(state, "pull"));
	if (s->pull_alarm)
		copy(s->pull_reason, sizeof(s->pull_reason), state, "pull_reason");
	json_array_foreach(json_object_get(state, "parts"), i, joint)
		read_joint(h, joint);
	json_decref(state);
}
