/* poison_shim.c -- preloaded into gongd by a test: gongd itself, as it is shipped, really dies where
 * a value meets a statement.  The file $POISON says which, a word and a value a line: `sql` a part of
 * the statement, `text` a part of a text or `int` a number that is bound (or `step 1`: it is enough that
 * the statement runs), `signal` what ends it; or
 * `what loop`: it turns there for ever, or `what hang`: the disk does not come back from a read.  Who does so
 * makes a file $POISON.inside.
 * Without the file nothing happens. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct poison {
	char sql[200], text[200];
	long long number;
	int signal, step;
	char what[8];
};

static int hanging;

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
		else if (strcmp(word, "step") == 0)
			p->step = atoi(value);
		else if (strcmp(word, "what") == 0)
			snprintf(p->what, sizeof(p->what), "%s", value);
	}
	fclose(f);
	return p->signal || p->what[0];
}

static void
tell_inside(void)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s.inside", getenv("POISON"));
	close(open(path, O_CREAT | O_WRONLY, 0600));
}

/* The store's way to read. */
ssize_t
pread64(int fd, void *out, size_t len, off64_t offset)
{
	static ssize_t (*real)(int, void *, size_t, off64_t);

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "pread64");
	if (hanging)
		tell_inside();
	while (hanging)
		pause();
	return real(fd, out, len, offset);
}

ssize_t
pread(int fd, void *out, size_t len, off_t offset)
{
	return pread64(fd, out, len, offset);
}

static void
hang(sqlite3_stmt *st)
{
	sqlite3_file *f;
	char byte[512];

	hanging = 1;
	if (sqlite3_file_control(sqlite3_db_handle(st), "main", SQLITE_FCNTL_FILE_POINTER, &f) ==
	    SQLITE_OK)
		f->pMethods->xRead(f, byte, sizeof(byte), 0);
}

static void
die(const struct poison *p, sqlite3_stmt *st)
{
	if (strcmp(p->what, "hang") == 0)
		hang(st);
	if (strcmp(p->what, "loop") == 0) {
		tell_inside();
		for (volatile int i = 0;; i++)
			;
	}
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
		die(&p, st);
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
		die(&p, st);
	return real(st, i, value);
}

int
sqlite3_step(sqlite3_stmt *st)
{
	static int (*real)(sqlite3_stmt *);
	struct poison p;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "sqlite3_step");
	if (st && sqlite3_sql(st) && read_poison(&p) && p.step && strstr(sqlite3_sql(st), p.sql))
		die(&p, st);
	return real(st);
}
