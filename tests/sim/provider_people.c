/* provider_people.c -- the scripted people of --people: who answers what, how late. */
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/sim/provider.h"

struct man {				/* one line of the file */
	char number[24];
	bool is_prefix;
	long delay_ms;
	char *text;			/* NULL = silent */
};

static struct man *people;
static size_t people_count;
static struct timespec modified;
static int64_t looked_at;

static void
read_people(FILE *f)
{
	char line[2048], number[24], delay[16];
	int used;

	while (fgets(line, sizeof(line), f)) {
		struct man *man;

		line[strcspn(line, "\r\n")] = '\0';
		if (line[0] == '#' ||
		    sscanf(line, " %22s %15s %n", number, delay, &used) < 2)
			continue;
		people = xrealloc(people, (people_count + 1) * sizeof(*people));
		man = &people[people_count++];
		*man = (struct man){ .delay_ms = strtol(delay, NULL, 10) };
		man->is_prefix = number[strlen(number) - 1] == '*';
		number[strcspn(number, "*")] = '\0';
		snprintf(man->number, sizeof(man->number), "%s", number + (number[0] == '+'));
		if (strcmp(line + used, "-") != 0 && strcmp(delay, "-") != 0)
			man->text = xstrdup(line + used);
	}
}

static void
refresh_people(void)
{
	struct stat st;
	FILE *f;

	if (!options.people || now_ms() - looked_at < 100)
		return;
	looked_at = now_ms();
	if (stat(options.people, &st) < 0 ||
	    (st.st_mtim.tv_sec == modified.tv_sec && st.st_mtim.tv_nsec == modified.tv_nsec) ||
	    !(f = fopen(options.people, "r")))
		return;
	modified.tv_sec = st.st_mtim.tv_sec;
	modified.tv_nsec = st.st_mtim.tv_nsec;
	for (size_t i = 0; i < people_count; i++)
		free(people[i].text);
	people_count = 0;
	read_people(f);
	fclose(f);
}

/* A full number beats every prefix; among prefixes the first line wins. */
static const struct man *
find_man(const char *to)
{
	const struct man *found = NULL;

	refresh_people();
	to += to[0] == '+';
	for (size_t i = 0; i < people_count; i++) {
		const struct man *man = &people[i];

		if (!man->is_prefix && strcmp(man->number, to) == 0)
			return man;
		if (!found && man->is_prefix &&
		    strncmp(man->number, to, strlen(man->number)) == 0)
			found = man;
	}
	return found;
}

const char *
people_answer(const char *to, long *delay_ms)
{
	const struct man *man = find_man(to);

	*delay_ms = man ? man->delay_ms : 0;
	return man ? man->text : NULL;
}
