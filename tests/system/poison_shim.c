/* poison_shim.c -- preloaded into gongd by a test: gongd itself, as it is shipped, really dies where
 * a value meets a statement.  The file $POISON says which, a word and a value a line: `sql` a part of
 * the statement, `text` a part of a text or `int` a number that is bound, `signal` what ends it.
 * Without the file nothing happens. */
#include <dlfcn.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct poison {
	char sql[200], text[200];
	long long number;
	int signal;
};

static int
read_poison(struct poison *p)
{
	const char *path = getenv("POISON");
	FILE *f = path ? fopen(path, "re") : NULL;
	char line[256], word[16];

	memset(p, 0, sizeof(*p));
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		char *value = strchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		if (!value || sscanf(line, "%15s", word) != 1)
			continue;
		value++;
		if (strcmp(word, "sql") == 0)
			snprintf(p->sql, sizeof(p->sql), "%s", value);
		else if (strcmp(word, "text") == 0)
			snprintf(p->text, sizeof(p->text), "%s", value);
		else if (strcmp(word, "int") == 0)
			p->number = atoll(value);
		else if (strcmp(word, "signal") == 0)
			p->signal = atoi(value);
	}
	fclose(f);
	return p->signal != 0;
}

static void
die(const struct poison *p)
{
	if (p->signal == SIGSEGV)
		*(volatile int *)16 = 1;	/* a real one, not a message about one */
	else if (p->signal == SIGABRT)
		abort();
	else if (p->signal == SIGKILL)
		kill(getpid(), SIGKILL);
	raise(p->signal);
}

int
sqlite3_bind_text(sqlite3_stmt *st, int i, const char *text, int n, void (*free_it)(void *))
{
	static int (*real)(sqlite3_stmt *, int, const char *, int, void (*)(void *));
	struct poison p;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "sqlite3_bind_text");
	if (text && read_poison(&p) && p.text[0] && strstr(sqlite3_sql(st), p.sql) &&
	    strstr(text, p.text))
		die(&p);
	return real(st, i, text, n, free_it);
}

int
sqlite3_bind_int64(sqlite3_stmt *st, int i, sqlite3_int64 value)
{
	static int (*real)(sqlite3_stmt *, int, sqlite3_int64);
	struct poison p;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "sqlite3_bind_int64");
	if (value && read_poison(&p) && p.number == value && strstr(sqlite3_sql(st), p.sql))
		die(&p);
	return real(st, i, value);
}
