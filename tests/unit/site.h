/* site.h -- a site in a folder of the test's own: gong.conf with the shipped roles, texts and ladders, and
 * what the test adds.  For tests that run an engine. */
#ifndef GONG_UNIT_SITE_H
#define GONG_UNIT_SITE_H

#include <stdlib.h>
#include <unistd.h>

#include "daemon/settings/settings.h"
#include "tests/unit/unit.h"

static char folder[40], store_path[64];
static struct settings *settings;

/* In the folder of the sources.  `more`: what stands in gong.conf besides, routes at least.  As cmocka's
 * setup and teardown return. */
static int
site_open(const char *test, const char *country, const char *more)
{
	char here[4096], conf[64];
	struct err err = { .text = "" };
	FILE *f;

	snprintf(folder, sizeof(folder), "/tmp/gong-%s-XXXXXX", test);
	if (!mkdtemp(folder) || !getcwd(here, sizeof(here)))
		return -1;
	snprintf(store_path, sizeof(store_path), "%s/gong.db", folder);
	snprintf(conf, sizeof(conf), "%s/gong.conf", folder);
	f = fopen(conf, "w");
	fprintf(f, "state_dir = \".\"\nroles = \"%1$s/config/roles.conf\"\ntemplates = "
		"{\"%1$s/templates\"}\npolicies = {\"%1$s/config/policies\"}\n"
		"site { country = \"%2$s\"\n signature_zh = \"【试】\"\n signature_en = \"T: \" }\n%3$s",
		here, country, more);
	fclose(f);
	if (settings_load(&settings, conf, NULL, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return -1;
}

/* Nothing but the site and its store may have come to lie there. */
static int
site_close(void **state)
{
	static const char *const names[] = { "gong.conf", "gong.db", "gong.db-wal", "gong.db-shm" };
	char path[96];

	settings_unref(settings);
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

#endif
