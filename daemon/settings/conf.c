/* conf.c -- reading one configuration file with libconfuse, with errors that say where. */
#include "daemon/settings/internal.h"

#include <libgen.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/conf_text.h"
#include "core/segment.h"
#include "files/read.h"

/* libconfuse's error callback has no context argument; one file is read at a time a thread. */
static __thread struct err *reading;
static __thread const char *reading_file;	/* a section still open has no name of it yet */
/* Its scanner is one for the whole process, and loop, engine and reader all parse. */
static pthread_mutex_t scanner = PTHREAD_MUTEX_INITIALIZER;

static int
say_at(struct err *err, const char *file, unsigned line, const struct said *what)
{
	return err_say_phrase(err, REFUSED_FAULT, about(CONCEPT_NONE),
			      PHRASE_AND_VALUES(conf_at, file, NUM(line), NEST(what)));
}

static void
refuse_line(const cfg_t *cfg, const struct said *what)
{
	if (!reading || reading->text[0])
		return;			/* the first fault is the one to mend */
	say_at(reading, cfg && cfg->filename ? cfg->filename : reading_file, cfg ? (unsigned)cfg->line : 1, what);
}

static void
on_error(cfg_t *cfg, const char *fmt, va_list args)
{
	char whole[300];
	const char *word = "";
	struct said said;
	va_list again;

	va_copy(again, args);
	vsnprintf(whole, sizeof(whole), fmt, args);
	if (strchr(fmt, '%'))
		word = va_arg(again, const char *);	/* each of its formats begins with a %s */
	va_end(again);
	conf_said(cfg, fmt, word, whole, &said);
	refuse_line(cfg, &said);
}

int
conf_refuse_phrase(cfg_t *cfg, enum phrase phrase, const char *const *values)
{
	struct said said;

	said_fill(&said, phrase, values);
	refuse_line(cfg, &said);
	return -1;
}

void
hear(struct hearing *h, bool fault, const struct said *said)
{
	h->faults += fault;
	if (h->to)
		h->to->hear(h->to->ctx, fault, said);
}

struct healed {				/* one file's notes on their way to the listener */
	struct hearing *h;
	const char *path;
};

static void
pass_note(void *ctx, const struct conf_finding *f)
{
	const struct healed *healed = ctx;
	struct err note = { 0 };

	say_at(&note, healed->path, f->line, &f->said);
	hear(healed->h, false, &note.said);
}

static bool
has_variable(const char *name)
{
	return getenv(name) != NULL;
}

char *
conf_read(const char *path, bool site, struct hearing *h, struct err *err)
{
	struct healed healed = { h, path };
	struct conf_text how = { .site = site, .has_variable = has_variable, .tell = pass_note, .ctx = &healed };
	struct conf_finding fault;
	size_t len;
	char *bytes = file_read(path, FILE_CONF_MAX, &len, err), *text;

	if (!bytes)
		return NULL;
	text = conf_text(bytes, len, &how, &fault);
	free(bytes);
	if (!text)
		say_at(err, path, fault.line, &fault.said);
	return text;
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

/* A section's line is where it ends; people look for where it begins. */
static void
place_section(cfg_t *cfg, const struct conf_block *blocks, size_t count)
{
	for (cfg_opt_t *opt = cfg->opts; opt && opt->name; opt++)
		for (unsigned i = 0; opt->type == CFGT_SEC && i < cfg_opt_size(opt); i++) {
			cfg_t *section = cfg_opt_getnsec(opt, i);
			size_t b = 0;

			place_section(section, blocks, count);
			for (size_t end = count; b < end;)	/* the first that ends there */
				if (blocks[(b + end) / 2].ends < (unsigned)section->line)
					b = (b + end) / 2 + 1;
				else
					end = (b + end) / 2;
			if (b < count && blocks[b].ends == (unsigned)section->line)
				section->line = (int)blocks[b].begins;
		}
}

static void
place_sections(cfg_t *cfg, const char *body)
{
	struct conf_finding unused;
	struct buf blocks = { 0 };

	conf_scan(body, &(struct conf_text){ .site = false }, &blocks, &unused);
	place_section(cfg, (const struct conf_block *)(void *)blocks.data, blocks.len / sizeof(struct conf_block));
	buf_fini(&blocks);
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
	if (rc == CFG_SUCCESS && !local.text[0]) {
		name_sections(cfg, file);
		place_sections(cfg, body);
		return cfg;
	}
	if (!local.text[0])
		conf_say_at(file, 1, &local, conf_unreadable);
	if (err)
		*err = local;
	cfg_free(cfg);
	return NULL;
}

int
conf_say_at_phrase(const char *file, unsigned line, struct err *err, enum phrase phrase,
		    const char *const *values)
{
	struct said said;

	said_fill(&said, phrase, values);
	return say_at(err, file, line, &said);
}

int
conf_say_phrase(cfg_t *section, struct err *err, enum phrase phrase, const char *const *values)
{
	return conf_say_at_phrase(section->filename ? section->filename : "?",
				   section->line ? (unsigned)section->line : 1, err, phrase, values);
}

msec
conf_ms(cfg_t *section, const char *option)
{
	return (msec)cfg_getfloat(section, option);
}

unsigned
conf_line(const char *body, const char *option)
{
	size_t len = strlen(option);
	unsigned line = 1;

	for (const char *p = body; *p; line++) {
		const char *begin = p + strspn(p, " \t");

		if (strncmp(begin, option, len) == 0 && strchr(" \t=+", begin[len]))
			return line;
		p += strcspn(p, "\n");
		p += *p == '\n';
	}
	return 1;
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
	if (!*body)
		conf_say_at(path, 1, err, secret_empty);
	else if (utf8_check(body, strlen(body), NULL) < 0)
		conf_say_at(path, 1, err, secret_not_utf8);
	else if (conf_is_placeholder(body))
		conf_say_at(path, 1, err, secret_placeholder);
	else
		return body;
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
