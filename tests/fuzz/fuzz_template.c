/* fuzz_template.c -- any bytes as a text, and as a whole template or policy file. */
#include "tests/fuzz/fuzz.h"

#include "core/segment.h"
#include "core/template.h"
#include "daemon/settings/settings.h"

static const char *const names[] = { "place", "n", "names" };

static const char *
lookup(void *ctx, const char *name)
{
	return strcmp(name, "names") == 0 ? NULL : "清东湾";
}

static void
as_text(const char *source)
{
	struct err err = { .text = "" };
	struct buf out = { 0 };
	struct text *t;

	if (text_compile(&t, source, names, 3, &err) < 0) {
		promise(err.text[0] && !t, "a refused text has a reason");
		return;
	}
	if (text_render(t, lookup, NULL, &out, &err) == 0 && out.data)
		promise(utf8_check(out.data, out.len, NULL) == 0, "what is rendered is UTF-8");
	text_free(t);
	buf_fini(&out);
}

static void
as_file(const char *body)
{
	static struct settings nothing = { .policy_divisor = 1 };
	struct err err = { .text = "" };
	struct template *t;
	struct policy *p;

	if (template_parse(&t, body, "f", &err) == 0)
		template_free(t);
	else
		promise(strncmp(err.text, "f:", 2) == 0, "a fault of a template names its file");
	err.text[0] = '\0';
	if (policy_parse(&p, body, "f", &nothing, &err) == 0)
		policy_free(p);
	else
		promise(strncmp(err.text, "f:", 2) == 0, "a fault of a policy names its file");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);

	as_text(text);
	as_file(text);
	free(text);
	return 0;
}
