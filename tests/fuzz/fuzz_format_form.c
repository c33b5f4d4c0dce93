/* fuzz_format_form.c -- any bytes as what a source of format `form` sends. */
#include "tests/fuzz/format.h"

static const char rules[] =
	"read { ref = \"/r\" refs = \"/s\" act = \"/t\" severity = \"/v\" sent_at = \"/n\" area = \"/c\"\n"
	"label \"l\" { at = \"/d/l\" } text \"zh\" { headline = \"/h\" } }";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_map *map;

	if (!map)
		map = json_map_parse(rules, "fuzz", NULL);
	format_any(FORMAT_FORM, map, data, size);
	return 0;
}
