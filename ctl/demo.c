/* demo.c -- plays a short night with the programs beside this one, installed or just built: finds them,
 * and runs the script that is the night. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where things are, from the folder of gongctl: as installed, and as built. */
static const struct place {
	const char *variable, *installed, *built;
} places[] = {
	{ "GONGD", "../sbin/gongd", "gongd" },
	{ "DRIVERS", "../libexec/gong", "." },
	{ "TEMPLATES", "../share/gong/templates", "../../templates" },
	{ "POLICIES", "../share/gong/policies", "../../config/policies" },
	{ "ROLES", "../share/gong/demo/roles.conf", "../../config/roles.conf" },
};
#define NIGHT "../share/gong/demo/night"
#define NIGHT_BUILT "../../config/demo/night"

/* The folder of gongctl itself; NULL: unknown. */
static char *
own_folder(void)
{
	char self[4096];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (len <= 0)
		return NULL;
	self[len] = '\0';
	slash = strrchr(self, '/');
	return slash ? xstrndup(self, (size_t)(slash - self)) : NULL;
}

static char *
beside(const char *folder, const char *name)
{
	struct buf path = { 0 };

	buf_printf(&path, "%s/%s", folder, name);
	return buf_take(&path);
}

static bool
is_there(const char *folder, const char *name)
{
	char *path = beside(folder, name);
	bool there = access(path, R_OK) == 0;

	free(path);
	return there;
}

int
demo_verb(struct ctl *ctl)
{
	char *folder = own_folder(), *night;
	bool installed = folder && is_there(folder, NIGHT);

	if (ctl->json) {
		free(folder);
		return ctl_usage(ctl, "%s", say(ctl, "demo is for people: leave --json away",
						"demo 供人观看:请去掉 --json"));
	}
	if (!folder || (!installed && !is_there(folder, NIGHT_BUILT))) {
		free(folder);
		return ctl_usage(ctl, say(ctl, "the demo's files are not installed: %s is missing beside gongctl",
					  "演示文件未安装:gongctl 旁缺少 %s"), NIGHT);
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		char *path = beside(folder, installed ? places[i].installed : places[i].built);

		setenv(places[i].variable, path, 1);
		free(path);
	}
	setenv("BIN", folder, 1);
	setenv("SPEAK", lang_name(ctl->lang), 1);
	night = beside(folder, installed ? NIGHT : NIGHT_BUILT);
	free(folder);
	execl("/bin/sh", "sh", night, (char *)NULL);
	free(night);
	return ctl_usage(ctl, "%s", say(ctl, "/bin/sh cannot be run", "无法运行 /bin/sh"));
}
