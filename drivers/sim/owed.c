/* owed.c -- the answers that scripted people still owe, remembered over a kill.  A message's line in the
 * books says who will answer what and when, in the same write; a line `took` that gongd has it.
 * What is between them when the driver starts is owed, or must be told again. */
#include "drivers/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/table.h"

#define KEEP_EVERY_MS SECONDS(10)
#define OWED_MS HOURS(24)		/* who has not answered by then does not any more */

struct flight *
owed_new(struct sim *s, const char *to, struct words *words, msec ms)
{
	struct flight *f = flight_new(s);

	f->kind = FLIGHT_MESSAGE;
	f->stage = STAGE_REPLY;
	f->words = words;
	f->due_at = msec_add(kit_now(), ms);
	snprintf(f->id, sizeof(f->id), "sim-%llx-%u", (unsigned long long)s->started_at,
		 ++s->inbounds);
	snprintf(f->to, sizeof(f->to), "%s", to);
	return f;
}

/* By the clock of this life, however long the driver was gone. */
void
owed_wait(struct sim *s, struct flight *f)
{
	msec left = f->due_at - kit_now();

	s->owed++;
	heap_push(&s->echoes, msec_add(s->now, left > 0 ? left : 0), f);
}

void
owed_told(struct sim *s, struct flight *f)
{
	f->next = NULL;
	*s->told_end = f;
	s->told_end = &f->next;
}

/* Nothing before this place of the books will ever be asked for. */
static void
keep_place(struct sim *s)
{
	char state[40];

	if (s->owed || s->now < s->kept_at + KEEP_EVERY_MS)
		return;
	s->kept_at = s->now;
	snprintf(state, sizeof(state), "books=%lld", (long long)books_size(s));
	kit_event(s->kit, json_pack("{s:s,s:s}", "ev", "keep", "state", state));
}

void
owed_took(struct sim *s, const char *id)
{
	for (struct flight **at = &s->told, *f; (f = *at); at = &f->next) {
		if (strcmp(f->id, id) != 0)
			continue;
		*at = f->next;
		if (!*at)
			s->told_end = at;
		s->owed--;
		flight_free(s, f);
		books_took(s, id);
		books_write(s);
		keep_place(s);
		return;
	}
}

static const char *
text_of(json_t *json, const char *name)
{
	const char *text = json_string_value(json_object_get(json, name));

	return text ? text : "";
}

static void
read_message(struct sim *s, struct table *owed, json_t *line)
{
	json_t *answer = json_object_get(line, "answer");
	const char *id = text_of(answer, "id"), *to = text_of(line, "to");
	msec left = json_integer_value(json_object_get(answer, "due")) - kit_now();
	struct flight *f;

	if (!*id || strlen(id) >= KIT_ID || strlen(to) >= PHONE_TEXT || left < -OWED_MS ||
	    table_get(owed, table_key(id)))
		return;
	f = owed_new(s, to, words_new(text_of(answer, "text")), left);
	snprintf(f->id, sizeof(f->id), "%s", id);
	table_put(owed, table_key(id), f);
}

static void
read_line(struct sim *s, struct table *owed, const char *text)
{
	bool is_message = strstr(text, "\"answer\":{") != NULL;
	json_t *line = is_message || strstr(text, "\"ev\":\"took\"") ? json_loads(text, 0, NULL) : NULL;
	struct flight *f;

	if (line && is_message && strcmp(text_of(line, "ev"), "message") == 0) {
		read_message(s, owed, line);
	} else if (line && strcmp(text_of(line, "ev"), "took") == 0) {
		f = table_take(owed, table_key(text_of(line, "id")));
		if (f)
			flight_free(s, f);
	}
	json_decref(line);
}

static void
wait_again(void *ctx, uint64_t key, void *flight)
{
	owed_wait(ctx, flight);
}

/* From where the last process knew that all was over; the whole of it if it did not say. */
void
owed_read(struct sim *s, const char *state)
{
	long long from = state && strncmp(state, "books=", 6) == 0 ? strtoll(state + 6, NULL, 10) : 0;
	int fd = books_size(s) > 0 ? dup(s->log) : -1;		/* else it is no file */
	FILE *books = fd < 0 ? NULL : fdopen(fd, "r");
	struct table owed = { 0 };
	char *line = NULL;
	size_t cap = 0;

	if (books)
		fseeko(books, from > 0 && from <= books_size(s) ? from : 0, SEEK_SET);
	while (books && getline(&line, &cap, books) > 0)
		read_line(s, &owed, line);
	table_each(&owed, wait_again, s);
	if (owed.count)
		kit_log("answers are still owed count=%zu", owed.count);
	table_fini(&owed, NULL);
	free(line);
	if (books)
		fclose(books);
}
