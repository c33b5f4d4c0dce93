/* folders.c -- the folders of templates and policies: every file of them becomes a document, a later
 * folder's in the place of an earlier one's. */
#include "daemon/settings/internal.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static int
no_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool
is_conf(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && strcmp(name + len - 5, ".conf") == 0;
}

static const char *
kind_word(const char *kind)
{
	return strcmp(kind, "template") == 0 ? WORD(word_template) : WORD(word_policy);
}

/* The same name in one folder is a slip; in a later folder it is the site's own that stands before it. */
static int
check_twice(const struct document *there, const char *kind, const char *name, const char *path, struct err *err)
{
	const char *end = strrchr(path, '/');
	size_t folder = end ? (size_t)(end - path) + 1 : 0;

	if (!there || strncmp(there->path, path, folder) != 0 || strchr(there->path + folder, '/'))
		return 0;
	return conf_say_at(path, 1, err, document_twice, kind_word(kind), name, there->path);
}

static size_t
place_of_template(struct settings *s, const char *name)
{
	size_t i = 0;

	while (i < s->template_count && strcmp(s->templates[i]->name, name) != 0)
		i++;
	if (i == s->template_count) {
		s->templates = xrealloc(s->templates, (s->template_count + 1) * sizeof(*s->templates));
		s->templates[s->template_count++] = NULL;
	}
	return i;
}

static size_t
place_of_policy(struct settings *s, const char *name)
{
	size_t i = 0;

	while (i < s->policy_count && strcmp(s->policies[i]->name, name) != 0)
		i++;
	if (i == s->policy_count) {
		s->policies = xrealloc(s->policies, (s->policy_count + 1) * sizeof(*s->policies));
		s->policies[s->policy_count++] = NULL;
	}
	return i;
}

/* Its name, once it is among the settings; NULL fills err. */
static const char *
add_template(struct settings *s, const char *path, const char *body, struct err *err)
{
	struct template *t;
	size_t i;

	if (template_parse(&t, body, path, err) < 0)
		return NULL;
	if (check_twice(settings_document(s, "template", t->name), "template", t->name, path, err) < 0) {
		template_free(t);
		return NULL;
	}
	i = place_of_template(s, t->name);
	template_free(s->templates[i]);
	s->templates[i] = t;
	return t->name;
}

static const char *
add_policy(struct settings *s, const char *path, const char *body, struct err *err)
{
	struct policy *p;
	size_t i;

	if (policy_parse(&p, body, path, s, err) < 0)
		return NULL;
	if (check_twice(settings_document(s, "policy", p->name), "policy", p->name, path, err) < 0) {
		policy_free(p);
		return NULL;
	}
	i = place_of_policy(s, p->name);
	policy_free(s->policies[i]);
	s->policies[i] = p;
	return p->name;
}

static struct document *
place_of_document(struct settings *s, const char *kind, const char *name)
{
	for (size_t i = 0; i < s->document_count; i++)
		if (strcmp(s->documents[i].kind, kind) == 0 && strcmp(s->documents[i].name, name) == 0)
			return &s->documents[i];
	s->documents = xrealloc(s->documents, (s->document_count + 1) * sizeof(*s->documents));
	s->documents[s->document_count] = (struct document){ .kind = xstrdup(kind), .name = xstrdup(name) };
	return &s->documents[s->document_count++];
}

int
folders_add(struct settings *s, const char *kind, const char *path, const char *body, struct err *err)
{
	const char *name = strcmp(kind, "template") == 0 ? add_template(s, path, body, err)
		: add_policy(s, path, body, err);
	struct document *d;

	if (!name)
		return -1;
	d = place_of_document(s, kind, name);
	free(d->instead_of);
	d->instead_of = d->path;
	d->path = xstrdup(path);
	free(d->body);
	d->body = xstrdup(body);
	EVP_Digest(body, strlen(body), d->sha256, NULL, EVP_sha256(), NULL);
	return 0;
}

static int
add_document(struct settings *s, struct hearing *h, const char *kind, const char *path, struct err *err)
{
	char *body = conf_read(path, false, h, err);
	int rc = body ? folders_add(s, kind, path, body, err) : -1;

	free(body);
	return rc;
}

/* call.conf.txt, as Windows names it, would be missed by nobody until the night it is wanted. */
static void
note_other(struct hearing *h, const char *name, const char *path)
{
	struct said said;

	if (!strcasestr(name, ".conf") || name[strlen(name) - 1] == '~' || strstr(name, ".dpkg-"))
		return;
	SAY(&said, folder_other_file, path);
	hear(h, false, &said);
}

static int
read_folder(struct settings *s, const char *kind, const char *folder, unsigned line, struct hearing *h,
	    struct err *err)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, no_hidden, alphasort), bad = 0;

	if (count < 0) {
		conf_say_at(s->path, line, err, folder_unreadable, kind_word(kind), folder);
		hear(h, true, &err->said);
		return -1;
	}
	for (int i = 0; i < count; i++) {
		struct buf path = { 0 };
		struct err one = { 0 };

		buf_printf(&path, "%s/%s", folder, entries[i]->d_name);
		if (!is_conf(entries[i]->d_name)) {
			note_other(h, entries[i]->d_name, path.data);
		} else if (add_document(s, h, kind, path.data, &one) < 0) {
			if (!bad++ && err)
				*err = one;
			hear(h, true, &one.said);
		}
		buf_fini(&path);
		free(entries[i]);
	}
	free(entries);
	return bad ? -1 : 0;
}

/* Without any policy a red alert is told once and then nobody is chased; that is meant only where no
 * folder is named at all. */
static int
check_some(const struct settings *s, cfg_t *cfg, const char *option, const char *kind, struct hearing *h,
	   struct err *err)
{
	struct buf folders = { 0 };
	struct err none = { 0 };

	for (size_t i = 0; i < s->document_count; i++)
		if (strcmp(s->documents[i].kind, kind) == 0)
			return 0;
	for (unsigned i = 0; i < cfg_size(cfg, option); i++)
		buf_printf(&folders, "%s%s", i ? ", " : "", cfg_getnstr(cfg, option, i));
	conf_say_at(s->path, conf_line(h->body, option), &none, folders_empty, option, kind_word(kind),
		    folders.data ? folders.data : "{}");
	buf_fini(&folders);
	hear(h, true, &none.said);
	if (err)
		*err = none;
	return -1;
}

int
folders_read(struct settings *s, cfg_t *cfg, const char *option, const char *kind, struct hearing *h,
	     struct err *err)
{
	unsigned line = conf_line(h->body, option);
	int rc = 0;

	for (unsigned i = 0; i < cfg_size(cfg, option); i++) {
		char *folder = conf_path(s->path, cfg_getnstr(cfg, option, i));
		struct err one = { 0 };

		if (read_folder(s, kind, folder, line, h, &one) < 0) {
			if (rc == 0 && err)
				*err = one;
			rc = -1;
		}
		free(folder);
	}
	return rc < 0 || !cfg_size(cfg, option) ? rc : check_some(s, cfg, option, kind, h, err);
}
