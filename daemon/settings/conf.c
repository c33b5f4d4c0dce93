/* conf.c -- reading one configuration file with libconfuse, with errors that say where. */
#include "daemon/settings/internal.h"

#include <libgen.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/segment.h"
#include "files/read.h"

/* libconfuse's error callback has no context argument; one file is read at a time a thread. */
static __thread struct err *reading;
static __thread const char *reading_file;	/* a section still open has no name of it yet */
/* Its scanner is one for the whole process, and loop, engine and reader all parse. */
static pthread_mutex_t scanner = PTHREAD_MUTEX_INITIALIZER;

static void
on_error(cfg_t *cfg, const char *fmt, va_list args)
{
	char what[300];

	if (!reading || reading->text[0])
		return;			/* the first fault is the one to mend */
	vsnprintf(what, sizeof(what), fmt, args);
	err_set(reading, "%s:%d: %s", cfg && cfg->filename ? cfg->filename : reading_file,
		cfg ? cfg->line : 0, what);
}

/* Past a comment or quoted string that begins at `p`; `p` itself when none does. */
static const char *
skip_quoted(const char *p)
{
	const char *end = p;

	if (*p == '#' || (p[0] == '/' && p[1] == '/'))
		return p + strcspn(p, "\n");
	if (p[0] == '/' && p[1] == '*') {
		end = strstr(p + 2, "*/");
		return end ? end + 2 : p + strlen(p);
	}
	if (*p != '"' && *p != '\'')
		return p;
	for (end = p + 1; *end && *end != *p; end++)
		end += *end == '\\' && end[1];
	return *end ? end + 1 : end;
}

/* libconfuse takes a file that ends inside a section: one cut short while being written would
 * lose its last steps in silence.  0 = every brace is closed, else the line of the open one. */
static int
open_brace(const char *body)
{
	int lines[16] = { 0 }, line = 1;
	size_t depth = 0;

	for (const char *p = body; *p;) {
		const char *next = skip_quoted(p);

		if (*p == '{' && depth++ < 16)
			lines[depth - 1] = line;
		else if (*p == '}' && depth)
			depth--;
		next += next == p;
		for (; p < next; p++)
			line += *p == '\n';
	}
	return !depth ? 0 : lines[depth < 16 ? depth - 1 : 15];
}

/* Sections that stand once in a file are made before it is read, and without its name. */
static void
name_sections(cfg_t *cfg, const char *file)
{
	for (cfg_opt_t *opt = cfg->opts; opt && opt->name; opt++)
		for (unsigned i = 0; opt->type == CFGT_SEC && i < cfg_opt_size(opt); i++)
			name_sections(cfg_opt_getnsec(opt, i), file);
	if (!cfg->filename)
		cfg->filename = xstrdup(file);
}

cfg_t *
conf_parse(cfg_opt_t *opts, const char *file, const char *body, struct err *err)
{
	cfg_t *cfg = cfg_init(opts, CFGF_NONE);
	struct err local = { 0 };
	FILE *in = fmemopen((char *)body, strlen(body), "r");
	int rc;

	cfg_set_error_function(cfg, on_error);
	free(cfg->filename);
	cfg->filename = xstrdup(file);
	reading = &local;
	reading_file = file;
	pthread_mutex_lock(&scanner);
	/* cfg_parse_buf would call the file "[buf]" in every later error about a section. */
	rc = in ? cfg_parse_fp(cfg, in) : CFG_PARSE_ERROR;
	pthread_mutex_unlock(&scanner);
	reading = NULL;
	if (in)
		fclose(in);
	if (rc == CFG_SUCCESS && !local.text[0] && open_brace(body))
		err_set(&local, "%s:%d: this { is never closed; is the file complete?", file,
			open_brace(body));
	if (rc == CFG_SUCCESS && !local.text[0]) {
		name_sections(cfg, file);
		return cfg;
	}
	if (!local.text[0])
		err_set(&local, "%s: not readable as configuration", file);
	if (err)
		*err = local;
	cfg_free(cfg);
	return NULL;
}

int
conf_fail(cfg_t *section, struct err *err, const char *fmt, ...)
{
	char what[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return err_set(err, "%s:%d: %s", section->filename ? section->filename : "?",
		       section->line, what);
}

msec
conf_ms(cfg_t *section, const char *option)
{
	return (msec)cfg_getfloat(section, option);
}

char *
conf_path(const char *base_file, const char *path)
{
	struct buf out = { 0 };
	char *base;

	if (path[0] == '/')
		return xstrdup(path);
	base = xstrdup(base_file);
	buf_printf(&out, "%s/%s", dirname(base), path);
	free(base);
	return buf_take(&out);
}

char *
read_secret(const char *path, struct err *err)
{
	char *body = file_read(path, FILE_SECRET_MAX, NULL, err);

	if (!body)
		return NULL;
	body[strcspn(body, "\r\n")] = '\0';
	if (*body && utf8_check(body, strlen(body), NULL) == 0)
		return body;
	err_set(err, "%s: cannot be used: its first line %s", path, *body ? "is not UTF-8" : "is empty");
	free(body);
	return NULL;
}

bool
is_plain_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return len > 0 && len <= 40 && !name[len];
}

const char *
note_secret(struct settings *s, const char *path)
{
	s->secrets = xrealloc(s->secrets, (s->secret_count + 1) * sizeof(*s->secrets));
	s->secrets[s->secret_count++] = xstrdup(path);
	return path;
}
