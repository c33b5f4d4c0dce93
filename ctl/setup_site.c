/* setup_site.c -- where `gongctl setup` finds what it needs and puts what it writes: beside gongctl, as
 * installed or as built. */
#include "ctl/setup.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_DEFAULT "/etc/gong/gong.conf"

static char *
whole(const char *folder, const char *name)
{
	struct buf path = { 0 };
	char real[PATH_MAX];
	char *out;

	buf_printf(&path, "%s/%s", folder, name);
	out = realpath(path.data, real) ? xstrdup(real) : NULL;
	buf_fini(&path);
	return out;
}

/* As installed, else as built; NULL: neither. */
static char *
either(const char *folder, const char *installed, const char *built)
{
	char *path = whole(folder, installed);

	return path ? path : whole(folder, built);
}

static char *
own_folder(void)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (len <= 0)
		return NULL;
	self[len] = '\0';
	slash = strrchr(self, '/');
	return slash ? xstrndup(self, (size_t)(slash - self)) : NULL;
}

int
setup_find(struct setup *s)
{
	const char *output = args_value(s->ctl, "--output");
	char *own = own_folder();

	s->output = xstrdup(output ? output : OUTPUT_DEFAULT);
	s->in_etc = strcmp(s->output, OUTPUT_DEFAULT) == 0;
	if (own) {
		s->gongd = either(own, "../sbin/gongd", "gongd");
		s->drivers = either(own, "../libexec/gong", ".");
		s->templates = either(own, "../share/gong/templates", "../../templates");
		s->policies = either(own, "../share/gong/policies", "../../config/policies");
		s->kinds = either(own, "../share/gong/kinds.conf", "../../config/kinds.conf");
		s->roles = either(own, "../share/gong/demo/roles.conf", "../../config/roles.conf");
		s->profiles = either(own, "../share/gong/providers", "../../drivers/http/profiles");
		free(own);
	}
	if (s->gongd && s->drivers && s->templates && s->policies && s->kinds && s->roles && s->profiles)
		return CTL_OK;
	return ctl_usage(s->ctl, "%s",
			 say(s->ctl, "gongd and its files are not beside gongctl; install the package gong",
			     "gongctl 旁没有 gongd 及其文件;请安装 gong 软件包"));
}

char *
setup_beside(const struct setup *s, const char *name)
{
	const char *slash = strrchr(s->output, '/');
	struct buf path = { 0 };

	buf_printf(&path, "%.*s%s", slash ? (int)(slash - s->output) + 1 : 0, s->output, name);
	return buf_take(&path);
}

void
setup_free(struct setup *s)
{
	char *const all[] = { s->output, s->gongd, s->drivers, s->templates, s->policies, s->kinds, s->roles, s->profiles,
			      s->office[0], s->office[1], s->signature[0], s->signature[1], s->country, s->area,
			      s->device, s->profile, s->officer, s->county };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		free(all[i]);
	for (size_t i = 0; i < s->value_count; i++) {
		free(s->values[i].name);
		free(s->values[i].value);
	}
	free(s->values);
}
