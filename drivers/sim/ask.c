/* ask.c -- questions to the simulated modem, and health that a test writes into a file. */
#include "drivers/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files/read.h"

/* A question under way: what is asked of a network takes as long as a message. */
struct asked {
	struct sim *sim;
	char id[KIT_ID];
	json_t *answer;
};

static void
on_answer(evutil_socket_t fd, short what, void *ctx)
{
	struct asked *a = ctx;

	kit_answer(a->sim->kit, a->id, a->answer);
	free(a);
}

static void
answer_later(struct sim *s, const char *id, json_t *answer)
{
	struct asked *a = xcalloc(1, sizeof(*a));
	struct timeval wait = { s->conf.latency_ms / 1000, s->conf.latency_ms % 1000 * 1000 };

	a->sim = s;
	a->answer = answer;
	snprintf(a->id, sizeof(a->id), "%s", id);
	event_base_once(kit_base(s->kit), -1, EV_TIMEOUT, on_answer, a, &wait);
}

/* A test message: refused and lost like any other; one to the SIM's own number comes back. */
static void
send_test(struct sim *s, const struct kit_question *q)
{
	bool lost = s->conf.loss > 0 && sim_draw(s, q->id, 1) < s->conf.loss;
	struct flight *back = NULL;
	struct words *words;
	json_t *answer;

	if (s->conf.reject > 0 && sim_draw(s, q->id, 2) < s->conf.reject) {
		answer_later(s, q->id, json_pack("{s:b,s:s}", "ok", 0, "reason",
						 "the simulated network refused it"));
		return;
	}
	words = words_new(q->text);
	if (!lost && strcmp(q->to, s->conf.number) == 0) {
		words->refs++;
		back = owed_new(s, q->to, words, s->conf.latency_ms + s->conf.receipt_ms);
	}
	books_message(s, &(struct entry){ .id = q->id, .to = q->to, .text_json = words->json,
					  .note = lost ? "lost" : NULL, .answer = back });
	books_write(s);
	answer = json_pack("{s:b,s:s,s:I,s:I}", "ok", 1, "ref", q->id, "submit_ms",
			   (json_int_t)s->conf.latency_ms, "ms", (json_int_t)s->conf.latency_ms);
	if (!lost && s->conf.receipts && s->conf.receipt_ms <= q->receipt_wait_ms)
		json_object_update_new(answer, json_pack("{s:s,s:I}", "receipt", "delivered",
			"receipt_ms", (json_int_t)s->conf.receipt_ms));
	if (back)
		owed_wait(s, back);
	words_drop(words);
	answer_later(s, q->id, answer);
}

static void
test_itself(struct sim *s, const struct kit_question *q)
{
	bool refuses = s->conf.reject >= 1;

	answer_later(s, q->id, json_pack("{s:b,s:[s,s],s:s*,s:I}", "ok", !refuses, "lines",
		"ok  configuration: a simulated network, which reaches nobody", refuses
		? "FAIL network: it refuses every message (reject)" : "ok  network: it takes messages",
		"reason", refuses ? "reject is 1; lower it" : NULL, "ms",
		(json_int_t)s->conf.latency_ms));
}

void
ask_sim(struct sim *s, const struct kit_question *q)
{
	if (strlen(q->id) >= KIT_ID)
		kit_refuse(s->kit, q->id, "the id is too long");
	else if (strcmp(q->what, "sms") == 0)
		send_test(s, q);
	else if (strcmp(q->what, "test") == 0)
		test_itself(s, q);
	else
		answer_later(s, q->id, json_pack("{s:b,s:[s,s],s:I}", "ok", 1, "lines",
			"a simulated modem says yes to everything", "OK", "ms",
			(json_int_t)s->conf.latency_ms));
}

/* What the file `health` says is told over the usual; a fault in it is told as the note. */
static void
add_from_file(const char *path, json_t *health)
{
	struct err err = { 0 };
	char *body = file_read(path, FILE_CONF_MAX, NULL, &err);
	json_error_t where = { 0 };
	json_t *extra = body ? json_loads(body, 0, &where) : NULL;

	if (json_is_object(extra))
		json_object_update(health, extra);
	else
		json_object_set_new(health, "note", json_string(body ? where.text : err.text));
	free(body);
	json_decref(extra);
}

void
health_tell(struct sim *s)
{
	json_t *health = json_pack("{s:s,s:b,s:s,s:s}", "ev", "health", "ok", 1, "operator",
				   "simulated", "note", "a simulated network: reaches nobody");

	if (s->conf.health[0])
		add_from_file(s->conf.health, health);
	kit_event(s->kit, health);
}

/* Every second, so that a test need not wait a minute. */
void
health_look(struct sim *s)
{
	struct stat st;
	msec changed;

	if (!s->conf.health[0] || stat(s->conf.health, &st) < 0)
		return;
	changed = (msec)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	if (changed == s->health_seen_at)
		return;
	s->health_seen_at = changed;
	health_tell(s);
}
