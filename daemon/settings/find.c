/* find.c -- what is asked of settings once they are read: who has this name, this token, and where
 * gong is reached.  It reads no file. */
#include "daemon/settings/settings.h"

#include <string.h>

#include "core/near.h"
#include "daemon/settings/source.h"

char *
settings_base_url(const struct settings *s, unsigned port)
{
	struct buf url = { 0 };

	if (s->public_url)
		buf_puts(&url, s->public_url);
	else
		buf_printf(&url, "http://%s:%u", s->listen_host ? s->listen_host : "127.0.0.1", port);
	return buf_take(&url);
}

#define FIND(list, count)                                      \
	for (size_t i = 0; i < s->count; i++)                  \
		if (strcmp(s->list[i].name, name) == 0)        \
			return (int)i;                         \
	return -1

int
settings_family(const struct settings *s, const char *name)
{
	FIND(families, family_count);
}

int
settings_role(const struct settings *s, const char *name)
{
	FIND(roles, role_count);
}

int
settings_route(const struct settings *s, const char *name)
{
	FIND(routes, route_count);
}

const struct template *
settings_template(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->template_count; i++)
		if (strcmp(s->templates[i]->name, name) == 0)
			return s->templates[i];
	return NULL;
}

const char *
settings_near(const struct settings *s, enum settings_list list, const char *name)
{
	struct near near = { .word = name };

	for (size_t i = 0; list == SETTINGS_TEMPLATES && i < s->template_count; i++)
		near_offer(&near, s->templates[i]->name, s->templates[i]->name);
	for (size_t i = 0; list == SETTINGS_POLICIES && i < s->policy_count; i++)
		near_offer(&near, s->policies[i]->name, s->policies[i]->name);
	for (size_t i = 0; list == SETTINGS_FAMILIES && i < s->family_count; i++)
		near_offer(&near, s->families[i].name, s->families[i].name);
	for (size_t i = 0; list == SETTINGS_KINDS && i < s->kind_count; i++) {
		near_offer(&near, s->kinds[i].name, s->kinds[i].name);
		for (int lang = 0; lang < LANG_COUNT; lang++)
			near_offer(&near, s->kinds[i].title[lang], s->kinds[i].name);
	}
	return near.best;
}

const struct kind_row *
settings_kind(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->kind_count; i++)
		if (strcmp(s->kinds[i].name, name) == 0)
			return &s->kinds[i];
	return NULL;
}

const struct kind_text *
settings_kind_text(const struct settings *s, const struct kind_row *kind, enum severity severity)
{
	if (severity == SEVERITY_NOTICE)
		return NULL;
	return kind->by[severity].template ? &kind->by[severity] : &settings_kind(s, KIND_OTHER)->by[severity];
}

const char *
settings_kind_lift(const struct settings *s, const char *name)
{
	const struct kind_row *kind = settings_kind(s, name), *other = settings_kind(s, KIND_OTHER);

	return kind && kind->lift ? kind->lift : other ? other->lift : NULL;
}

const char *
settings_kind_said(const struct settings *s, const char *name, enum lang lang)
{
	const struct kind_row *kind = settings_kind(s, name);

	return kind ? kind->title[lang] : kind_said(name, lang);
}

const char *
settings_kind_action(const struct settings *s, const char *name, enum lang lang)
{
	const struct kind_row *kind = settings_kind(s, name);

	return kind ? kind->action[lang] : kind_action(name, lang);
}

static const char *
name_for_helpers(const struct policy *p, const struct policy_step *step)
{
	switch (p->targets) {
	case TARGETS_TOWNSHIP:
		return "esc.township";
	case TARGETS_PERSON:
		return "esc.person";
	case TARGETS_VILLAGE:
	case TARGETS_TEAM:
	case TARGETS_NONE:
		break;
	}
	/* At once, nobody has had the time to answer. */
	return step->after_ms ? HELPER_TEMPLATE : "township.told";
}

const char *
settings_helper_template(const struct settings *s, const struct policy *p, const struct policy_step *step)
{
	const char *name = step->template ? step->template : name_for_helpers(p, step);

	return step->template || settings_template(s, name) ? name : HELPER_TEMPLATE;
}

bool
settings_has_helper_text(const struct settings *s, const struct policy *p, const struct policy_step *step)
{
	const char *name = step->template ? step->template : name_for_helpers(p, step);

	return settings_template(s, name) && !(s->helper_built_in && strcmp(name, HELPER_TEMPLATE) == 0);
}

bool
settings_is_above(const struct settings *s, const struct policy *p, size_t family)
{
	enum tier tier = s->roles[s->families[family].roles[0]].tier;

	switch (p->targets) {
	case TARGETS_PERSON:
		return true;
	case TARGETS_VILLAGE:
		return tier < TIER_VILLAGE;
	case TARGETS_TOWNSHIP:
		return tier < TIER_TOWNSHIP;
	case TARGETS_TEAM:
	case TARGETS_NONE:
		break;
	}
	return false;
}

const struct policy *
settings_policy(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->policy_count; i++)
		if (strcmp(s->policies[i]->name, name) == 0)
			return s->policies[i];
	return NULL;
}

const struct document *
settings_document(const struct settings *s, const char *kind, const char *name)
{
	for (size_t i = 0; i < s->document_count; i++)
		if (strcmp(s->documents[i].kind, kind) == 0 &&
		    strcmp(s->documents[i].name, name) == 0)
			return &s->documents[i];
	return NULL;
}

const struct client *
settings_client(const struct settings *s, const unsigned char sha256[32])
{
	const struct client *found = NULL;

	/* Constant time: every client is compared, whole. */
	for (size_t i = 0; i < s->client_count; i++) {
		unsigned char diff = 0;

		for (int b = 0; b < 32; b++)
			diff |= (unsigned char)(s->clients[i].token_sha256[b] ^ sha256[b]);
		if (!diff)
			found = &s->clients[i];
	}
	return found;
}

const struct source_conf *
settings_source(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->source_count; i++)
		if (strcmp(s->sources[i].name, name) == 0)
			return &s->sources[i];
	return NULL;
}
