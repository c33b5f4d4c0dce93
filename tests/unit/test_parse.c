/* test_parse.c -- what gong-parse makes of messages of the world (tests/data/cap), and of hostile XML. */
#include "tests/unit/unit.h"

#include "drivers/parse/cap.c"
#include "drivers/parse/sense.c"
#include "drivers/parse/shape.c"
#include "drivers/parse/words.c"
#include "drivers/parse/xml.c"
#include "files/read.h"
#include "tests/unit/parsing.h"

static void
reads_messages_of_the_world(void **state)
{
	static const struct { const char *file, *want; } cases[] = {
		{ "cap12_flash_flood_alert", "alert real #1 red flash_flood zh:小岩街道山洪灾害红色预警:立即转移 "
		  "en:Flash flood, RED: Xiaoyan Street, move now [青石县小岩街道 =990121001 polygon:5] refs:0\n" },
		{ "cap12_flash_flood_cancel", "end real #1 - - refs:2\n" },
		{ "cap12_private_addresses", "test test #1 - Line test refs:0\n" },
		{ "nws_tornado", "alert real #1 red Tornado Warning en:Tornado Warning until 5:45PM [Elm, ST; Oak, ST "
		  "SAME=999001 SAME=999003 UGC=XXC001 polygon:5] refs:0\n" },
		{ "meteoalarm_wind", "alert real #1 orange Sturmböen en:Amtliche Warnung vor Sturmböen "
		  "[Kreis Muster EMMA_ID=DE999] refs:0\n" },
		{ "meteoalarm_green", "alert real #1 - no warning [Muster district EMMA_ID=DE999] refs:0\n" },
		{ "canada_two_areas", "update real #1 yellow snowfall en:snowfall warning in effect [North Bay "
		  "profile:CAP-CP:Location:0.3=9999044 polygon:5] refs:2\n" },
		{ "sambro_flood", "alert real #1 orange Landslide en:Landslide, Hill division [Hill division circle:3] refs:0\n" },
		{ "ack", "note real #1 - - refs:1\n" },
		{ "cap11_weather", "alert real #1 orange SEVERE THUNDERSTORM en:SEVERE THUNDERSTORM WARNING "
		  "[EXTREME NORTH CENTRAL COUNTY FIPS6=006109 polygon:5] refs:0\n" },
		{ "gbk_rain", "alert real #1 orange 暴雨 zh:暴雨橙色预警 [青石县 =990121] refs:0\n" },
		{ "latin1_quake", "alert real #1 blue Terremoto en el Océano en:Temblor en Ñuble [Ñuble circle:50] refs:0\n" },
		{ "bad_billion_laughs", "unreadable xml_doctype" },
		{ "bad_external_entity", "unreadable xml_doctype" },
		{ "bad_deep", "unreadable xml_deep" },
		{ "bad_instruction", "unreadable xml_instruction" },
		{ "bad_missing_sent", "invalid cap_lacks" },
		{ "bad_namespace", "invalid cap_namespace" },
		{ "bad_truncated", "unreadable xml_broken" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char path[120];
		struct buf got = { 0 };
		struct err err = { 0 };
		size_t len = 0;
		char *bytes;

		snprintf(path, sizeof(path), "tests/data/cap/%s.xml", cases[i].file);
		bytes = file_read(path, 1 << 20, &len, &err);
		holds(cases[i].file, bytes, "%s", err.text);
		read_bytes_as(&got, format_cap, bytes, len);
		holds(cases[i].file, strcmp(got.data, cases[i].want) == 0, "%s", got.data);
		buf_fini(&got);
		free(bytes);
	}
}

#define HEAD "<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>i</identifier><sender>s</sender>" \
	"<sent>2026-12-01T08:00:00+08:00</sent><status>Actual</status><msgType>Alert</msgType><scope>Public</scope>"
#define INFO(language, event, severity, area) "<info><language>" language "</language><category>Met</category><event>" \
	event "</event><urgency>Expected</urgency><severity>" severity "</severity><certainty>Likely</certainty>" area "</info>"
#define PLACE(code) "<area><areaDesc>a</areaDesc><geocode><valueName>GB/T 2260</valueName><value>" code "</value></geocode></area>"
#define SHAPE(kind, text) "<area><" kind ">" text "</" kind "></area>"

static void
takes_infos_apart(void **state)
{
	static const struct { const char *sentence, *body, *want; } cases[] = {
		{ "two severities of one event are two signals", INFO("zh-CN", "暴雨", "Extreme", PLACE("990121001"))
		  INFO("zh-CN", "暴雨", "Moderate", PLACE("990121002")),
		  "alert real #1 red 暴雨 [a =990121001] refs:0\nalert real #2 yellow 暴雨 [a =990121002] refs:0\n" },
		{ "each language finds its own by the place", INFO("zh-CN", "暴雨", "Severe", PLACE("990121001"))
		  INFO("zh-CN", "暴雨", "Severe", PLACE("990121002")) INFO("en", "rain", "Severe", PLACE("990121002"))
		  INFO("en", "rain", "Severe", PLACE("990121001")),
		  "alert real #1 orange 暴雨 [a =990121001] refs:0\nalert real #2 orange 暴雨 [a =990121002] refs:0\n" },
		{ "the same once more is not told twice", INFO("zh-CN", "暴雨", "Severe", PLACE("990121001"))
		  INFO("zh-CN", "暴雨", "Severe", PLACE("990121001")), "alert real #1 orange 暴雨 [a =990121001] refs:0\n" },
		{ "a list of codes", INFO("zh-CN", "暴雨", "Severe", PLACE("990121001, 990121002")),
		  "alert real #1 orange 暴雨 [a =990121001 =990121002] refs:0\n" },
		{ "places by shape alone are a union over the languages", INFO("zh-CN", "暴雨", "Severe", SHAPE("circle", "1,2 3"))
		  INFO("en", "rain", "Severe", SHAPE("polygon", "1,2 1,3 2,3")),
		  "alert real #1 orange 暴雨 [ circle:3] [ polygon:4] refs:0\n" },
		{ "no place on Earth is told to the desk", INFO("zh-CN", "暴雨", "Severe", SHAPE("polygon", "91,2 1,3 2,3 91,2")),
		  "alert real #1 orange 暴雨 [] refs:0\n? cap_shape_lost" },
		{ "so is a circle without a radius", INFO("zh-CN", "暴雨", "Severe", SHAPE("circle", "1,2")),
		  "alert real #1 orange 暴雨 [] refs:0\n? cap_shape_lost" },
		{ "an empty one is none", INFO("zh-CN", "暴雨", "Severe", SHAPE("polygon", "")),
		  "alert real #1 orange 暴雨 [] refs:0\n" },
		{ "nothing to warn of", "", "! cap_no_info alert real #1 - - refs:0\n" },
		{ "what another namespace says is nobody's", "<x:info xmlns:x='urn:x'><x:event>e</x:event></x:info>",
		  "! cap_no_info alert real #1 - - refs:0\n" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf body = { 0 }, got = { 0 };

		buf_printf(&body, HEAD "%s</alert>", cases[i].body);
		read_bytes_as(&got, format_cap, body.data, body.len);
		holds(cases[i].sentence, strcmp(got.data, cases[i].want) == 0, "%s", got.data);
		buf_fini(&body);
		buf_fini(&got);
	}
}

static void
refuses_what_is_strange(void **state)
{
	static const struct { const char *sentence, *old, *new, *want; } cases[] = {
		{ "a status of its own", "Actual", "Real", "invalid cap_strange" },
		{ "a type of its own", ">Alert", ">Warn", "invalid cap_strange" },
		{ "a time without a zone", "+08:00", "", "invalid cap_strange" },
		{ "no scope", "<scope>Public</scope>", "", "invalid cap_lacks" },
		{ "no sender", "<sender>s</sender>", "<sender> </sender>", "invalid cap_lacks" },
		{ "an entity of nobody", "<sender>s", "<sender>&x;", "unreadable xml_broken" },
		{ "an encoding that is none", "<alert", "<?xml version='1.0' encoding='EBCDIC'?><alert", "unreadable xml_encoding" },
		{ "bytes that are not of it", "<sender>s", "<sender>\xff", "unreadable xml_broken" },
		{ "a draft is for the record", "Actual", "Draft", "note real #1 - - refs:0\n" },
		{ "the system's own is a beat", "Actual", "System", "beat real #1 - - refs:0\n" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *whole = HEAD "</alert>", *at = strstr(whole, cases[i].old);
		struct buf body = { 0 }, got = { 0 };

		buf_printf(&body, "%.*s%s%s", (int)(at - whole), whole, cases[i].new, at + strlen(cases[i].old));
		read_bytes_as(&got, format_cap, body.data, body.len);
		holds(cases[i].sentence, strcmp(got.data, cases[i].want) == 0, "%s", got.data);
		buf_fini(&body);
		buf_fini(&got);
	}
}

static void
names_a_message_by_its_triple(void **state)
{
	char out[TRIPLE_MAX + 1], other[TRIPLE_MAX + 1], text[400];

	put_triple(out, "s,i,t", 5);
	assert_string_equal(out, "s,i,t");
	memset(text, 'x', sizeof(text));
	put_triple(out, text, sizeof(text));
	put_triple(other, text, sizeof(text) - 1);
	holds("a long one by its digest", strlen(out) == 64 && strcmp(out, other) != 0, "%s", out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_messages_of_the_world), cmocka_unit_test(takes_infos_apart),
		cmocka_unit_test(refuses_what_is_strange), cmocka_unit_test(names_a_message_by_its_triple),

	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
