/* mapping.c -- the mapping file of a source: what its format's words mean here, and what its elements are
 * called, as the JSON that gong-parse is handed. */
#include "daemon/settings/source.h"

#include <string.h>

#include "core/buf.h"
#include "daemon/settings/internal.h"

static cfg_opt_t mapping_opts[] = {
	CFG_STR_LIST("kinds", "{}", CFGF_NONE), CFG_STR_LIST("severities", "{}", CFGF_NONE),
	CFG_STR_LIST("elements", "{}", CFGF_NONE), CFG_END()
};

static int
put_list(struct buf *out, cfg_t *cfg, const char *option, const char *file, struct err *err)
{
	bool severities = strcmp(option, "severities") == 0;

	buf_printf(out, "\"%s\":{", option);
	for (unsigned i = 0; i < cfg_size(cfg, option); i++) {
		const char *pair = cfg_getnstr(cfg, option, i), *sign = strrchr(pair, '=');
		char *theirs;

		if (!sign || sign == pair || !sign[1] || (severities && severity_parse(sign + 1) < 0))
			return err_say(err, REFUSED_INVALID, about(CONCEPT_NONE), mapping_word, file, option, QUOTE(pair));
		theirs = xstrndup(pair, (size_t)(sign - pair));
		buf_puts(out, i ? "," : "");
		buf_json(out, theirs);
		buf_puts(out, ":");
		buf_json(out, sign + 1);
		free(theirs);
	}
	buf_puts(out, "}");
	return 0;
}

char *
mapping_parse(const char *body, const char *file, struct err *err)
{
	static const char *const lists[] = { "kinds", "severities", "elements" };
	cfg_t *cfg = conf_parse(mapping_opts, file, body, err);
	struct buf out = { 0 };
	int rc = cfg ? 0 : -1;

	for (size_t i = 0; i < 3 && rc == 0; i++) {
		buf_puts(&out, i ? "," : "{");
		rc = put_list(&out, cfg, lists[i], file, err);
	}
	buf_puts(&out, "}");
	if (cfg)
		cfg_free(cfg);
	if (rc == 0)
		return buf_take(&out);
	buf_fini(&out);
	return NULL;
}
