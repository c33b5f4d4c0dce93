/* modem_people.c -- scripted people: who answers a message, with what, how late, how
 * often. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/sim/modem.h"

static void
people_forget(struct modem *m)
{
	for (size_t i = 0; i < m->person_count; i++)
		free(m->people[i].text);
	free(m->people);
	m->people = NULL;
	m->person_count = 0;
}

void
people_fini(struct modem *m)
{
	struct heard *heard;

	people_forget(m);
	while ((heard = TAILQ_FIRST(&m->heard))) {
		TAILQ_REMOVE(&m->heard, heard, link);
		free(heard);
	}
}

/* "xN" behind the last blank of `text` is cut off and returned; 0 = none. */
static int
take_limit(char *text)
{
	char *last = strrchr(text, ' '), *end;
	long limit;

	if (!last || last[1] != 'x' || !isdigit((unsigned char)last[2]))
		return 0;
	limit = strtol(last + 2, &end, 10);
	if (*end || limit < 1 || limit > 1000000)
		return 0;
	while (last > text && last[-1] == ' ')
		last--;
	*last = 0;
	return (int)limit;
}

/* NUMBER DELAY_MS TEXT [xN]; false: not such a line. */
static bool
person_parse(struct person *out, char *line)
{
	int at = 0;
	size_t len;

	memset(out, 0, sizeof(*out));
	if (sscanf(line, "%31s %d %n", out->number, &out->delay_ms, &at) != 2 || !at ||
			out->delay_ms < 0 || !line[at])
		return false;
	len = strlen(out->number);
	if (out->number[len - 1] == '*') {
		out->prefix = true;
		out->number[len - 1] = 0;
	}
	out->limit = take_limit(line + at);
	out->text = strcmp(line + at, "-") ? xstrdup(line + at) : NULL;
	return true;
}

/* Read anew whenever the file changed, so that a test can change its mind half-way. */
static void
people_refresh(struct modem *m)
{
	struct stat st;
	char line[2048];
	FILE *file;

	if (!m->o.people || stat(m->o.people, &st) ||
			!memcmp(&st.st_mtim, &m->people_mtime, sizeof(st.st_mtim)) ||
			!(file = fopen(m->o.people, "r")))
		return;
	people_forget(m);
	m->people_mtime = st.st_mtim;
	for (int number = 1; fgets(line, sizeof(line), file); number++) {
		struct person person;
		size_t len = strlen(line);

		while (len && isspace((unsigned char)line[len - 1]))
			line[--len] = 0;
		if (!len || *line == '#')
			continue;
		if (!person_parse(&person, line)) {
			fprintf(stderr,
				"modem: %s:%d: expected NUMBER DELAY_MS TEXT [xN]\n",
				m->o.people, number);
			continue;
		}
		m->people =
			xrealloc(m->people, (m->person_count + 1) * sizeof(*m->people));
		m->people[m->person_count++] = person;
	}
	fclose(file);
}

static int
heard_count(struct modem *m, const char *number)
{
	struct heard *heard;

	TAILQ_FOREACH(heard, &m->heard, link)
		if (!strcmp(heard->number, number))
			return ++heard->count;
	heard = xcalloc(1, sizeof(*heard));
	snprintf(heard->number, sizeof(heard->number), "%s", number);
	heard->count = 1;
	TAILQ_INSERT_HEAD(&m->heard, heard, link);
	return 1;
}

struct answer {
	char number[32];
	char text[1024];
};

static void
answer_due(struct modem *m, void *arg)
{
	const struct answer *answer = arg;

	sms_deliver(m, answer->number, answer->text, -1);
}

void
people_hear(struct modem *m, const char *number)
{
	int count = heard_count(m, number);

	people_refresh(m);
	for (size_t i = 0; i < m->person_count; i++) {
		const struct person *person = &m->people[i];
		struct answer *answer;

		if (person->prefix
			    ? strncmp(number, person->number, strlen(person->number))
			    : strcmp(number, person->number))
			continue;
		if (!person->text || (person->limit && count > person->limit))
			return;
		answer = xcalloc(1, sizeof(*answer));
		snprintf(answer->number, sizeof(answer->number), "%s", number);
		snprintf(answer->text, sizeof(answer->text), "%s", person->text);
		modem_later(m, person->delay_ms, answer_due, answer);
		return;
	}
}
