/* config.c -- what a section hands to its program: a JSON object, and options that join it. */
#include "daemon/settings/internal.h"

#include <stdlib.h>

#include "files/json_word.h"

cfg_opt_t option_opts[] = {
	CFG_STR("value", NULL, CFGF_NONE), CFG_STR("file", NULL, CFGF_NONE), CFG_END()
};

json_t *
conf_config(struct settings *s, cfg_t *section, enum phrase no_object, struct err *err)
{
	json_error_t where;
	json_t *json = json_loads(cfg_getstr(section, "config"), JSON_REJECT_DUPLICATES, &where);

	if (!json_is_object(json)) {
		json_decref(json);
		conf_say_phrase(section, err, no_object, (const char *const[]){ cfg_title(section),
				NUM(where.line), json_word(&where) });
		return NULL;
	}
	for (unsigned i = 0; i < cfg_size(section, "option"); i++) {
		cfg_t *option = cfg_getnsec(section, "option", i);
		const char *value = cfg_getstr(option, "value"), *file = cfg_getstr(option, "file");
		char *path, *body;

		if (!value == !file) {
			json_decref(json);
			conf_say(option, err, option_which, QUOTE(cfg_title(option)));
			return NULL;
		}
		if (value) {
			json_object_set_new(json, cfg_title(option), json_string(value));
			continue;
		}
		path = conf_path(s->path, file);
		body = read_secret(note_secret(s, path), err);
		free(path);
		if (!body) {
			json_decref(json);
			return NULL;
		}
		json_object_set_new(json, cfg_title(option), json_string(body));
		free(body);
	}
	return json;
}
