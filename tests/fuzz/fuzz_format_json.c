/* fuzz_format_json.c -- any bytes as what a source of format `json` sends. */
#include "tests/fuzz/format.h"

static const char rules[] =
	"read { each = \"/a\" ref = \"/r\" refs = \"/s\" act = \"/t\" act_is = { \"1=end\" } mode = \"/m\"\n"
	"kind = \"/k\" severity = \"/v\" sent_at = \"/n\" onset_at = \"/o\" expires_at = \"/e\" area = \"/c\"\n"
	"area_name = \"/p\" label \"l\" { at = \"/l\" } label \"w\" { at = \"/a/0\" }\n"
	"text \"zh\" { headline = \"/h\" description = \"/d\" } }";
static const char whole[] = "read { ref = \"/r\" area = \"\" label \"all\" { at = \"\" } }";

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct json_map *by_list, *by_whole;

	if (!by_list) {
		by_list = json_map_parse(rules, "fuzz", NULL);
		by_whole = json_map_parse(whole, "fuzz", NULL);
	}
	format_any(FORMAT_JSON, by_list, data, size);
	format_any(FORMAT_JSON, by_whole, data, size);
	return 0;
}
