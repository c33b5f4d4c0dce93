/* test_formats.c -- what formats make of what other systems send, and a signal's own bounds. */
#include "tests/unit/unit.h"

#include "core/buf.h"
#include "daemon/contract/signal_digest.h"
#include "daemon/intake/formats/document.h"
#include "daemon/intake/formats/kannel.h"
#include "files/signal_json.h"

static struct json_map *
map_of(const char *body)
{
	struct err err = { 0 };
	struct json_map *m = json_map_parse(body, "x.rules", &err);

	holds("a map is read", m, "%s", err.text);
	return m;
}

/* What one document becomes, by its one form; several are apart by a line. */
static void
read_typed(char *out, size_t size, enum source_format format, const char *map, const char *type,
	   const char *body)
{
	struct json_map *m = map ? map_of(map) : NULL;
	struct format_input in = { .bytes = body, .len = strlen(body), .content_type = type, .map = m,
				   .now = 1796000000000 };
	struct signal_post post = { 0 };
	struct buf all = { 0 };
	struct err err = { 0 };

	if (format_parser(format)(&post, &in, &err) < 0)
		buf_printf(&all, "%s: %s", err_kind_name(err.kind), err.text);
	for (size_t i = 0, f = 0; i < post.count; i++) {
		buf_puts(&all, i ? "\n" : "");
		signal_encode(&post.signals[i], &all);
		if (f < post.fault_count && post.faults[f].index == i)
			buf_printf(&all, " ! %s", phrase_name(post.faults[f++].why.phrase));
	}
	snprintf(out, size, "%s", all.data ? all.data : "");
	buf_fini(&all);
	signal_post_fini(&post);
	json_map_free(m);
}

static void
read_all(char *out, size_t size, enum source_format format, const char *map, const char *body)
{
	read_typed(out, size, format, map, NULL, body);
}

#define GAUGE "read { ref = \"/id\" act = \"/state\" act_is = { \"1=alert\", \"0=end\" } kind = \"/type\"\n" \
	"kind_is = { \"暴雨=rainstorm\" } severity = \"/level\" severity_is = { \"II=orange\" }\n" \
	"sent_at = \"/time\" area = \"/codes\" area_name = \"/place\" label \"z\" { at = \"/data/0/z\" }\n" \
	"text \"zh\" { headline = \"/title\" } }"
#define LIST "read { each = \"/a~1b\" ref = \"/id\" sent_at = \"/at\" label \"who\" { at = \"/who\" } }"

static void
reads_json_by_pointers(void **state)
{
	static const struct { const char *what, *map, *body, *want; } cases[] = {
		{ "a gauge's message", GAUGE, "{\"id\":7,\"state\":1,\"type\":\"暴雨\",\"level\":\"II\","
		  "\"time\":\"2026-12-01T08:00:00+08:00\",\"codes\":[\"990121103\",990121104],"
		  "\"place\":\"清东湾\",\"data\":[{\"z\":-3.5}],\"title\":\"水位超警\\u0007\"}",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"7\",\"kind\":\"rainstorm\",\"severity\":"
		  "\"orange\",\"sent_at\":1796083200000,\"areas\":[{\"without\":false,\"name\":\"清东湾\","
		  "\"codes\":[[\"\",\"990121103\"],[\"\",\"990121104\"]]}],\"zh\":{\"headline\":\"水位超警\"},"
		  "\"labels\":{\"z\":\"-3.5\"}}" },
		{ "an end", GAUGE, "{\"id\":\"7\",\"state\":\"0\"}",
		  "{\"act\":\"end\",\"mode\":\"real\",\"ref\":\"7\"}" },
		{ "a word that stands for nothing is not guessed", GAUGE, "{\"id\":\"7\",\"state\":\"9\"}",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"7\"} ! signal_act_unknown" },
		{ "a colour in Chinese is one", GAUGE, "{\"level\":\"红色\"}",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"severity\":\"red\"}" },
		{ "a level that nobody knows is a label", GAUGE, "{\"level\":\"VII\"}",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"labels\":{\"severity\":\"VII\"}}" },
		{ "each item of a list is a signal, and what stands beside it is everybody's", LIST,
		  "{\"who\":\"hq\",\"at\":1796083200,\"a/b\":[{\"id\":\"x\"},{\"id\":\"y\",\"who\":\"z\"}]}",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"x\",\"sent_at\":1796083200000,\"labels\":"
		  "{\"who\":\"hq\"}}\n{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"y\",\"sent_at\":"
		  "1796083200000,\"labels\":{\"who\":\"z\"}}" },
		{ "an empty list says nothing", LIST, "{\"a/b\":[]}", "" },
		{ "no list where one must be", LIST, "{\"a\":1}",
		  "invalid: there is no list at /a~1b; the rules file says that the signals stand there (each)" },
		{ "no JSON", LIST, "{\"a\":",
		  "unreadable: not JSON: string or '}' expected near end of file (line 1, column 5)" },
		{ "nothing", LIST, "", "unreadable: the body is empty" },
		{ "a byte order mark is passed over", LIST, "\xef\xbb\xbf{\"a/b\":[]}", "" },
	};
	char got[1100];

	for (size_t i = 0; i < COUNT(cases); i++) {
		read_all(got, sizeof(got), FORMAT_JSON, cases[i].map, cases[i].body);
		if (strncmp(cases[i].want, "unreadable", 10) == 0)
			holds(cases[i].what, strncmp(got, "unreadable", 10) == 0, "%s", got);
		else
			holds(cases[i].what, strcmp(got, cases[i].want) == 0, "%s", got);
	}
}

#define FORM "read { ref = \"/id\" act = \"/st\" act_is = { \"0=end\", \"10=alert\" } area = \"/code\"\n" \
	"sent_at = \"/t\" label \"z\" { at = \"/data/z\" } text \"zh\" { headline = \"/name\" } }"

static void
reads_forms(void **state)
{
	static const struct { const char *what, *type, *body, *want; } cases[] = {
		{ "fields, with a plus and percents", NULL,
		  "id=7&st=10&code=990121103&code=990121104&t=2026-12-01+08%3A00&name=%E6%B0%B4%E4%BD%8D&data=%7B%22z%22%3A34.5%7D\r\n",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"7\",\"sent_at\":1796083200000,\"areas\":[{\"without\":false,"
		  "\"codes\":[[\"\",\"990121103\"],[\"\",\"990121104\"]]}],\"zh\":{\"headline\":\"水位\"},\"labels\":{\"z\":\"34.5\"}}" },
		{ "GBK, where it says so", "application/x-www-form-urlencoded; charset=gbk", "id=7&name=%CB%AE%CE%BB",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"7\",\"zh\":{\"headline\":\"水位\"}}" },
		{ "GBK, where it does not", NULL, "id=7&name=%C7%E0%CA%AF",
		  "unreadable: the form's field \"name\" is no text in UTF-8; say its encoding in Content-Type (charset=GBK)" },
		{ "bytes that are not what it says", "application/x-www-form-urlencoded;charset=\"GB2312\"", "id=%FF%FF",
		  "unreadable: the form's field \"id\" is no text in GB2312; say its encoding in Content-Type (charset=GBK)" },
		{ "an encoding that nobody sends", "application/x-www-form-urlencoded; charset=EBCDIC", "id=1",
		  "unreadable: the form is in EBCDIC, which gong does not read; send UTF-8, GBK, GB18030 or ISO-8859-1" },
		{ "a NUL would cut a value short", NULL, "id=7%00",
		  "unreadable: the form's field \"id\" is no text in UTF-8; say its encoding in Content-Type (charset=GBK)" },
		{ "JSON, which says so", "application/json", "{\"id\":7}",
		  "invalid: it says that it is application/json; a form is application/x-www-form-urlencoded, and a "
		  "source that sends JSON has format = json" },
		{ "nothing", NULL, "&\r\n", "unreadable: there is no field in the form; send name=value" },
		{ "no JSON where the rules look into it", NULL, "id=7&data=%7B%22z%22%3A1e999%7D",
		  "unreadable: the form's field \"data\" should hold JSON, as the rules file says, and holds something else" },
		{ "an encoding without an end", "application/x-www-form-urlencoded; charset=utf-8utf-8utf-8utf-8", "id=1",
		  "unreadable: the form is in utf-8utf-8utf-8utf-8, which gong does not read; send UTF-8, GBK, GB18030 or ISO-8859-1" },
		{ "half JSON is the text that it is", NULL, "id=%7Bx",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"{x\"}" },
		{ "a name alone is empty, a broken percent stays", NULL, "id&name=50%",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"zh\":{\"headline\":\"50%\"}}" },
	};
	char got[1100];

	for (size_t i = 0; i < COUNT(cases); i++) {
		read_typed(got, sizeof(got), FORMAT_FORM, FORM, cases[i].type, cases[i].body);
		holds(cases[i].what, strcmp(got, cases[i].want) == 0, "%s", got);
	}
}

static void
reads_alertmanager(void **state)
{
	static const struct { const char *what, *body, *want; } cases[] = {
		{ "each alert of a post by its own status, whatever stands at the top",
		  "{\"version\":\"4\",\"status\":\"firing\",\"truncatedAlerts\":0,\"alerts\":[{\"status\":\"firing\","
		  "\"labels\":{\"alertname\":\"Hot\",\"severity\":\"critical\"},\"annotations\":{\"summary\":\"too hot\"},"
		  "\"startsAt\":\"2026-11-30T00:00:00.5Z\",\"endsAt\":\"0001-01-01T00:00:00Z\",\"fingerprint\":\"79\"},"
		  "{\"status\":\"resolved\",\"labels\":{\"alertname\":\"Wet\"},\"startsAt\":\"2026-11-29T00:00:00Z\","
		  "\"endsAt\":\"2026-11-29T01:00:00Z\",\"fingerprint\":\"80\"}]}",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"79/1795996800500\",\"kind\":\"Hot\",\"severity\":\"red\","
		  "\"sent_at\":1795996800500,\"onset_at\":1795996800500,\"en\":{\"headline\":\"too hot\"},\"labels\":{"
		  "\"alertname\":\"Hot\",\"severity\":\"critical\",\"annotation_summary\":\"too hot\"}}\n"
		  "{\"act\":\"end\",\"mode\":\"real\",\"ref\":\"80/1795910400000\",\"kind\":\"Wet\",\"sent_at\":1795914000000,"
		  "\"onset_at\":1795910400000,\"labels\":{\"alertname\":\"Wet\"}}" },
		{ "Prometheus' own list: an end to come is no end, one that has passed is",
		  "[{\"labels\":{\"a\":\"b\"},\"startsAt\":\"2026-11-29T00:00:00Z\",\"endsAt\":\"2027-01-01T00:00:00Z\"},"
		  "{\"labels\":{\"a\":\"b\"},\"startsAt\":\"2026-11-29T00:00:00Z\",\"endsAt\":\"2026-11-29T00:00:01Z\"}]",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"3a642aa3c622df6a/1795910400000\",\"sent_at\":1795910400000,"
		  "\"onset_at\":1795910400000,\"labels\":{\"a\":\"b\"}}\n{\"act\":\"end\",\"mode\":\"real\",\"ref\":"
		  "\"3a642aa3c622df6a/1795910400000\",\"sent_at\":1795910401000,\"onset_at\":1795910400000,\"labels\":{\"a\":\"b\"}}" },
		{ "the form that silences it there, of what fires",
		  "{\"externalURL\":\"http://am.example:9093\",\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"A b\","
		  "\"x\":\"\\\"\"},\"fingerprint\":\"1\"},{\"status\":\"resolved\",\"labels\":{\"alertname\":\"C\"},\"fingerprint\":\"2\"}]}",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"1/0\",\"kind\":\"A b\",\"labels\":{\"alertname\":\"A b\",\"x\":\"\\\"\","
		  "\"silence_url\":\"http://am.example:9093/#/silences/new?filter=%7Balertname%3D%22A%20b%22%2Cx%3D%22%5C%22%22%7D\"}}\n"
		  "{\"act\":\"end\",\"mode\":\"real\",\"ref\":\"2/0\",\"kind\":\"C\",\"labels\":{\"alertname\":\"C\"}}" },
		{ "a link that is none", "{\"externalURL\":\"javascript:alert(1)\",\"alerts\":[{\"labels\":{\"a\":\"b\"},\"fingerprint\":\"1\"}]}",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"1/0\",\"labels\":{\"a\":\"b\"}}" },
		{ "one without labels is nobody's", "[{}]",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"cbf29ce484222325/0\"} ! signal_no_labels" },
		{ "no list", "{\"alerts\":{}}",
		  "invalid: there is no list at /alerts; the rules file says that the signals stand there (each)" },
	};
	char got[1100];

	for (size_t i = 0; i < COUNT(cases); i++) {
		read_all(got, sizeof(got), FORMAT_ALERTMANAGER, NULL, cases[i].body);
		holds(cases[i].what, strcmp(got, cases[i].want) == 0, "%s", got);
	}
}

static void
reads_grafana(void **state)
{
	static const struct { const char *what, *body, *want; } cases[] = {
		{ "each alert by its own status, and its values",
		  "{\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"High water\",\""
		  "severity\":\"warning\"},\"annotations\":{\"summary\":\"too high\"},\"startsAt\":\"2026-11-30T00:"
		  "00:00Z\",\"endsAt\":\"0001-01-01T00:00:00Z\",\"generatorURL\":\"http://g/alerting/grafana/1a"
		  "fz/view\",\"fingerprint\":\"c6\",\"values\":{\"B\":34.8},\"valueString\":\"[ var='B' value=34.8 "
		  "]\"},{\"status\":\"resolved\",\"labels\":{\"alertname\":\"Wet\"},\"startsAt\":\"2026-11-29T00:00:0"
		  "0Z\",\"endsAt\":\"2026-11-29T01:00:00Z\",\"fingerprint\":\"80\",\"values\":null}],\"version\":\"1\""
		  ",\"truncatedAlerts\":0}",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"c6/1795996800000\",\"kind\":\"High water\",\"severity\""
		  ":\"yellow\",\"sent_at\":1795996800000,\"onset_at\":1795996800000,\"en\":{\"headline\":\"too hig"
		  "h\"},\"labels\":{\"alertname\":\"High water\",\"severity\":\"warning\",\"annotation_summary\":\"to"
		  "o high\",\"value_B\":\"34.8\",\"values\":\"[ var='B' value=34.8 ]\"}}\n{\"act\":\"end\",\"mode\":\"re"
		  "al\",\"ref\":\"80/1795910400000\",\"kind\":\"Wet\",\"sent_at\":1795914000000,\"onset_at\":1795910"
		  "400000,\"labels\":{\"alertname\":\"Wet\"}}" },
		{ "its test is one",
		  "{\"status\":\"firing\",\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"TestAlert\",\"i"
		  "nstance\":\"Grafana\"},\"annotations\":{\"summary\":\"Notification test\"},\"startsAt\":\"2026-1"
		  "1-30T00:00:00Z\",\"generatorURL\":\"\",\"fingerprint\":\"57c6\",\"values\":null,\"valueString\":\""
		  "[ metric='foo' labels={instance=bar} value=10 ]\"}]}",
		  "{\"act\":\"test\",\"mode\":\"test\",\"ref\":\"57c6/1795996800000\",\"kind\":\"TestAlert\",\"sent_at\":"
		  "1795996800000,\"onset_at\":1795996800000,\"en\":{\"headline\":\"Notification test\"},\"labels"
		  "\":{\"alertname\":\"TestAlert\",\"instance\":\"Grafana\",\"annotation_summary\":\"Notification t"
		  "est\",\"values\":\"[ metric='foo' labels={instance=bar} value=10 ]\"}}" },
		{ "a rule of that name is none",
		  "{\"alerts\":[{\"status\":\"firing\",\"labels\":{\"alertname\":\"TestAlert\",\"instance\":\"Grafana\""
		  "},\"startsAt\":\"2026-11-30T00:00:00Z\",\"generatorURL\":\"http://g/alerting/grafana/1afz/v"
		  "iew\",\"fingerprint\":\"57c6\"}]}",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"57c6/1795996800000\",\"kind\":\"TestAlert\",\"sent_at\""
		  ":1795996800000,\"onset_at\":1795996800000,\"labels\":{\"alertname\":\"TestAlert\",\"instance\""
		  ":\"Grafana\"}}" },
		{ "a notification channel's rule",
		  "{\"ruleId\":7,\"orgId\":1,\"ruleName\":\"Panel\",\"state\":\"alerting\",\"title\":\"[Alerting] Pane"
		  "l\",\"message\":\"hot\",\"tags\":{\"hall\":\"2\"},\"evalMatches\":[{\"metric\":\"temp\",\"value\":41.5,"
		  "\"tags\":null}],\"ruleUrl\":\"http://g/d\"}",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"1/7\",\"kind\":\"Panel\",\"en\":{\"headline\":\"[Alerting]"
		  " Panel\",\"description\":\"hot\"},\"labels\":{\"state\":\"alerting\",\"rule_url\":\"http://g/d\",\"h"
		  "all\":\"2\",\"value_temp\":\"41.5\"}}" },
		{ "its end",
		  "{\"ruleId\":7,\"orgId\":1,\"ruleName\":\"Panel\",\"state\":\"ok\"}",
		  "{\"act\":\"end\",\"mode\":\"real\",\"ref\":\"1/7\",\"kind\":\"Panel\",\"labels\":{\"state\":\"ok\"}}" },
		{ "a state that says neither",
		  "{\"ruleId\":7,\"orgId\":1,\"ruleName\":\"Panel\",\"state\":\"paused\"}",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"1/7\",\"kind\":\"Panel\",\"labels\":{\"state\":\"paused\"}}"
		  " ! signal_state_unknown" },
		{ "its test",
		  "{\"dashboardId\":1,\"evalMatches\":[{\"value\":100,\"metric\":\"High value\",\"tags\":null}],\"me"
		  "ssage\":\"Someone is testing the alert notification within Grafana.\",\"orgId\":0,\"panelI"
		  "d\":1,\"ruleId\":0,\"ruleName\":\"Test notification\",\"ruleUrl\":\"http://localhost:3000/\",\"s"
		  "tate\":\"alerting\",\"tags\":{},\"title\":\"[Alerting] Test notification\"}",
		  "{\"act\":\"test\",\"mode\":\"test\",\"ref\":\"0/0\",\"kind\":\"Test notification\",\"en\":{\"headline\":"
		  "\"[Alerting] Test notification\",\"description\":\"Someone is testing the alert notificat"
		  "ion within Grafana.\"},\"labels\":{\"state\":\"alerting\",\"rule_url\":\"http://localhost:3000"
		  "/\",\"value_High value\":\"100\"}}" },
		{ "neither",
		  "{\"title\":\"x\"}",
		  "invalid: there is no list at /alerts; the rules file says that the signals stand the"
		  "re (each)" },
	};
	char got[1100];

	for (size_t i = 0; i < COUNT(cases); i++) {
		read_all(got, sizeof(got), FORMAT_GRAFANA, NULL, cases[i].body);
		holds(cases[i].what, strcmp(got, cases[i].want) == 0, "%s", got);
	}
}

static void
reads_zabbix(void **state)
{
	static const struct { const char *what, *body, *want; } cases[] = {
		{ "a problem; macros that are not filled in are absent",
		  "{\"event_id\":\"4711\",\"event_value\":\"1\",\"event_update\":\"0\",\"event_recovery_id\":\"{EVENT."
		  "RECOVERY.ID}\",\"event_severity\":\"4\",\"event_name\":\"Server room: 38 C\",\"event_time\":\"{E"
		  "VENT.TIMESTAMP}\",\"event_tags\":\"[{\\\"tag\\\":\\\"kind\\\",\\\"value\\\":\\\"heat\\\"},{\\\"tag\\\":\\\"hal"
		  "l\\\",\\\"value\\\":\\\"2\\\"}]\",\"host\":\"room-1\",\"host_name\":\"Room 1\",\"trigger_id\":\"18\",\"item_"
		  "value\":\"38.2\",\"update_user\":\"{USER.FULLNAME}\",\"update_action\":\"{EVENT.UPDATE.ACTION}"
		  "\",\"message\":\"now \\\"38\\\"\\u000amax 30\"}",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"4711\",\"kind\":\"heat\",\"severity\":\"orange\",\"en\":{\"h"
		  "eadline\":\"Server room: 38 C\",\"description\":\"now \\\"38\\\"\\u000amax 30\"},\"labels\":{\"host\":\"r"
		  "oom-1\",\"host_name\":\"Room 1\",\"trigger_id\":\"18\",\"item_value\":\"38.2\",\"tag_kind\":\"heat\","
		  "\"tag_hall\":\"2\"}}" },
		{ "its recovery, by the same event",
		  "{\"event_id\":\"4711\",\"event_value\":\"0\",\"event_recovery_id\":\"4712\",\"event_update\":\"0\",\""
		  "event_time\":\"1795996800\"}",
		  "{\"act\":\"end\",\"mode\":\"real\",\"ref\":\"4711\",\"onset_at\":1795996800000}" },
		{ "an update",
		  "{\"event_id\":\"4711\",\"event_value\":\"1\",\"event_recovery_id\":\"{EVENT.RECOVERY.ID}\",\"even"
		  "t_update\":\"1\",\"event_severity\":\"5\",\"update_action\":\"changed severity\"}",
		  "{\"act\":\"update\",\"mode\":\"real\",\"ref\":\"4711\",\"severity\":\"red\",\"labels\":{\"update_action"
		  "\":\"changed severity\"}}" },
		{ "a word to what is over begins nothing",
		  "{\"event_id\":\"4711\",\"event_value\":\"1\",\"event_recovery_id\":\"4712\",\"event_update\":\"1\"}",
		  "{\"act\":\"end\",\"mode\":\"real\",\"ref\":\"4711\"}" },
		{ "the button Test",
		  "{\"event_id\":\"{EVENT.ID}\",\"event_value\":\"{EVENT.VALUE}\",\"event_severity\":\"{EVENT.NSEV"
		  "ERITY}\",\"message\":\"hello\"}",
		  "{\"act\":\"test\",\"mode\":\"test\",\"en\":{\"description\":\"hello\"}}" },
		{ "an event that is no trigger's",
		  "{\"event_id\":\"9\",\"event_value\":\"{EVENT.VALUE}\",\"host\":\"*UNKNOWN*\"}",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"ref\":\"9\"} ! signal_macro_unfilled" },
		{ "one without its id",
		  "{\"event_id\":\"{EVENT.ID}\",\"event_value\":\"1\"}",
		  "{\"act\":\"alert\",\"mode\":\"real\"} ! signal_macro_unfilled" },
		{ "somebody else's script",
		  "{\"subject\":\"x\"}",
		  "invalid: there is no event_id: gong's media type did not send this; import zabbix.xm"
		  "l in Zabbix and use that" },
		{ "a list",
		  "[1]",
		  "invalid: there is no event_id: gong's media type did not send this; import zabbix.xm"
		  "l in Zabbix and use that" },
	};
	char got[1100];

	for (size_t i = 0; i < COUNT(cases); i++) {
		read_all(got, sizeof(got), FORMAT_ZABBIX, NULL, cases[i].body);
		holds(cases[i].what, strcmp(got, cases[i].want) == 0, "%s", got);
	}
}

static void
reads_kannel(void **state)
{
	static const struct { const char *what, *body, *want; } cases[] = {
		{ "a text, its numbers and what stands beside; who asks is nobody's business",
		  "username=u&password=geheim&from=106&to=+%2B9991++%2B9992+&text=hi+%26+bye&priority=2&strange=x\r\n",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"kind\":\"sms\",\"en\":{\"headline\":\"hi & bye\",\"description\":"
		  "\"hi & bye\"},\"labels\":{\"to\":\"+9991 +9992\",\"from\":\"106\",\"priority\":\"2\"}}" },
		{ "how long it is good, and a charset",
		  "to=1&text=%BE%AF%B1%A8&charset=gbk&validity=10",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"kind\":\"sms\",\"expires_at\":1796000600000,\"en\":{\"headline\":"
		  "\"警报\",\"description\":\"警报\"},\"labels\":{\"to\":\"1\"}}" },
		{ "UCS-2 as Kannel has it",
		  "to=1&text=%8B%66%62%A5&coding=2",
		  "{\"act\":\"alert\",\"mode\":\"real\",\"kind\":\"sms\",\"en\":{\"headline\":\"警报\",\"description\":\"警报\"},"
		  "\"labels\":{\"to\":\"1\"}}" },
		{ "half a character", "to=1&text=%8B%66%62&coding=2",
		  "invalid: the text is not of its charset, or that is not known here; write it in UTF-8" },
		{ "nobody", "text=x", "invalid: the parameter to is missing: which number?" },
		{ "nothing", "to=1&text=", "invalid: there is no text to be sent" },
		{ "a mask beyond all states", "to=1&text=x&dlr-mask=32",
		  "invalid: the parameter dlr-mask is not right, or asks for what cannot be done here" },
		{ "a report to nowhere", "to=1&text=x&dlr-mask=1&dlr-url=gopher%3A%2F%2Fa",
		  "invalid: the parameter dlr-url is not right, or asks for what cannot be done here" },
		{ "no bytes at all", "", "invalid: the parameter to is missing: which number?" },
	};
	char got[1100];

	for (size_t i = 0; i < COUNT(cases); i++) {
		read_all(got, sizeof(got), FORMAT_KANNEL, NULL, cases[i].body);
		holds(cases[i].what, strcmp(got, cases[i].want) == 0, "%s", got);
	}
}

/* What is kept of a query, and of where its report is to go. */
static void
keeps_no_secret_of_kannel(void **state)
{
	static const struct { const char *query, *kept; } cases[] = {
		{ "username=u&password=geheim&to=1", "username=u&to=1" },
		{ "pass=geheim&to=1&password=geheim", "to=1" },
		{ "to=1&dlr-url=http%3A%2F%2Fu%3Ap%40a.example%2Fx%3Fpass%3Dy&text=t", "to=1&dlr-url=http://a.example/x&text=t" },
		{ "dlrurl=%00", "dlrurl=?" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf kept = { 0 };

		kannel_without_secrets(&kept, cases[i].query, strlen(cases[i].query));
		holds(cases[i].query, strcmp(kept.data, cases[i].kept) == 0, "%s", kept.data);
		buf_fini(&kept);
	}
}

/* Whether what it sends a second time is the same: it posts for ever. */
static void
says_the_same_of_the_same(void **state)
{
	static const char body[] = "[{\"labels\":{\"a\":\"b\"},\"startsAt\":\"2027-02-01T00:00:00Z\",\"endsAt\":\"%s\"}]";
	char one[1100], other[1100], text[200];

	snprintf(text, sizeof(text), body, "2027-03-01T00:00:00Z");
	read_all(one, sizeof(one), FORMAT_ALERTMANAGER, NULL, text);
	snprintf(text, sizeof(text), body, "2027-03-01T00:04:00Z");
	read_all(other, sizeof(other), FORMAT_ALERTMANAGER, NULL, text);
	assert_string_equal(one, other);
}

static void
tells_of_what_was_left_out(void **state)
{
	static const char body[] = "{\"truncatedAlerts\":2,\"alerts\":[]}";
	struct format_input in = { .bytes = body, .len = strlen(body), .now = 1796000000000 };
	struct signal_post post = { 0 };

	assert_int_equal(format_alertmanager(&post, &in, NULL), 0);
	assert_non_null(post.problem);
	assert_string_equal(said_value(post.problem, 0), "2");
	signal_post_fini(&post);
}

static void
refuses_maps_that_point_nowhere(void **state)
{
	static const struct { const char *map, *says; } cases[] = {
		{ "read { ref = \"id\" }", "ref = \"id\" is no JSON pointer" },
		{ "read { ref = \"/a~2\" }", "is no JSON pointer" },
		{ "read { act_is = { \"1\" } }", "does not say what a word means" },
		{ "read { act_is = { \"1=stop\" } }", "OURS is alert, update" },
		{ "read { severity_is = { \"1=pink\" } }", "notice, blue" },
		{ "read { label \"x\" { } }", "does not say where it stands" },
		{ "read { text \"fr\" { } }", "use zh or en" },
		{ "read { colour = \"/x\" }", "colour" },
		{ "", "there is no read" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err err = { 0 };

		assert_null(json_map_parse(cases[i].map, "x.rules", &err));
		holds(cases[i].map, strstr(err.text, cases[i].says) && strncmp(err.text, "x.rules:", 8) == 0,
		      "%s", err.text);
	}
}

static void
knows_ends(void **state)
{
	struct json_map *m = map_of(GAUGE);

	assert_true(json_map_has_ends(m));
	json_map_free(m);
	m = map_of(LIST);
	assert_false(json_map_has_ends(m));
	json_map_free(m);
}

static void
points_as_rfc_6901_does(void **state)
{
	static const struct { const char *pointer, *value; } cases[] = {	/* its section 5 */
		{ "/foo/0", "bar" }, { "/", "0" }, { "/a~1b", "1" }, { "/c%d", "2" }, { "/m~0n", "8" },
		{ "/k\"l", "6" }, { "/foo/00", NULL }, { "/foo/2", NULL }, { "/foo/-", NULL }, { "/x/y", NULL },
	};
	json_t *doc = json_loads("{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"k\\\"l\":6,"
				 "\"m~n\":8}", 0, NULL);
	char room[DOCUMENT_TEXT];

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got = document_text(document_at(doc, cases[i].pointer), room);

		holds(cases[i].pointer, cases[i].value ? got && strcmp(got, cases[i].value) == 0 : !got, "%s",
		      got ? got : "nothing");
	}
	assert_ptr_equal(document_at(doc, ""), doc);
	assert_null(document_at(doc, NULL));
	json_decref(doc);
}

static void
reads_times(void **state)
{
	static const struct { const char *json; msec at; } cases[] = {
		{ "1796083200", 1796083200000 }, { "1796083200000", 1796083200000 },
		{ "1796083200.5", 1796083200500 }, { "\"1796083200\"", 1796083200000 },
		{ "\"2026-12-01T00:00:00Z\"", 1796083200000 }, { "\"2026-12-01T00:00:00.123456789Z\"", 1796083200123 },
		{ "\"0001-01-01T00:00:00Z\"", 0 }, { "5", 0 }, { "1e300", 0 }, { "-1796083200", 0 }, { "\"soon\"", 0 },
		{ "null", 0 }, { "20261201080000", 0 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_t *json = json_loads(cases[i].json, JSON_DECODE_ANY, NULL);

		holds(cases[i].json, document_time(json) == cases[i].at, "%lld", (long long)document_time(json));
		json_decref(json);
	}
}

/* However much is said, a signal stays small, and says that something is missing. */
static void
stays_within_its_bounds(void **state)
{
	static char long_text[3 * SIGNAL_TEXT_MAX];
	struct signal_point square[] = { { 1, 1 }, { 1, 2 }, { 2, 2 }, { 2, 1 }, { 1, 1 } };
	struct signal_area *a;
	struct signal s;

	signal_init(&s);
	memset(long_text, 'x', sizeof(long_text) - 1);
	memcpy(long_text + SIGNAL_TEXT_MAX - 1, "水", 3);	/* cut in the middle of it */
	assert_true(signal_text_set(&s, LANG_ZH, "headline", long_text));
	assert_int_equal(strlen(s.texts[LANG_ZH].headline), SIGNAL_TEXT_MAX - 1);
	assert_int_equal(s.cut, 1);
	assert_false(signal_text_set(&s, LANG_ZH, "colour", "x"));
	for (int i = 0; i < SIGNAL_LABELS_MAX + 5; i++) {
		char name[20];

		snprintf(name, sizeof(name), "n%d", i);
		signal_label(&s, name, "1.50");
	}
	assert_int_equal(s.label_count, SIGNAL_LABELS_MAX);
	assert_int_equal(s.cut, 6);
	assert_true(s.labels[0].is_number && s.labels[0].value == 1.5);
	assert_string_equal(s.labels[0].text, "1.50");
	signal_label(&s, "n0", "\x01\x02");		/* nothing is left of it */
	assert_null(signal_label_find(&s, "n0"));
	assert_int_equal(s.label_count, SIGNAL_LABELS_MAX - 1);
	signal_label(&s, " n1\t", "2");		/* the same name, once it is mended */
	signal_label(&s, "n\xe6\xb0", "1");		/* half a character, twice */
	signal_label(&s, "n\xe6\xb0", "2");
	assert_int_equal(s.label_count, SIGNAL_LABELS_MAX);
	assert_string_equal(signal_label_find(&s, "n1")->text, "2");
	a = signal_area_add(&s, "place");
	assert_true(signal_ring_add(&s, a, square, 5));
	assert_false(signal_ring_add(&s, a, square, 4));	/* open */
	square[0].lat = square[4].lat = 91;
	assert_false(signal_ring_add(&s, a, square, 5));
	assert_false(signal_circle_add(&s, a, (struct signal_circle){ { 1, 1 }, -1 }));
	assert_true(signal_circle_add(&s, a, (struct signal_circle){ { 1, 1 }, 5 }));
	for (int i = 0; i < SIGNAL_CODES_MAX + 1; i++)
		signal_code_add(&s, a, "SAME", "000001");
	assert_int_equal(a->code_count, SIGNAL_CODES_MAX);
	signal_fini(&s);
}

static void
has_one_form(void **state)
{
	struct signal_point ring[] = { { -1.5, 1 }, { 1, 2.25 }, { 2, 2 }, { 2, 1 }, { -1.5, 1 } };
	unsigned char one[SIGNAL_DIGEST], other[SIGNAL_DIGEST];
	struct buf first = { 0 }, second = { 0 };
	struct signal s, t;
	struct signal_area *a;

	signal_init(&s);
	s.act = SIGNAL_UPDATE;
	s.mode = SIGNAL_MODE_DRILL;
	s.severity = SEVERITY_RED;
	s.expires_at = 1796083200000;
	signal_set(&s, &s.ref, "a,b", SIGNAL_REF_MAX);
	signal_ref_add(&s, "before \"it\"");
	signal_text_set(&s, LANG_EN, "instruction", "line\nline");
	signal_label(&s, "x", "1");
	a = signal_area_add(&s, NULL);
	a->without = true;
	signal_ring_add(&s, a, ring, 5);
	signal_circle_add(&s, a, (struct signal_circle){ { 1, 1 }, 5 });
	signal_code_add(&s, a, "", "990121");
	s.cut = 3;
	signal_encode(&s, &first);
	assert_int_equal(signal_decode(&t, first.data), 0);
	signal_encode(&t, &second);
	assert_string_equal(first.data, second.data);
	signal_digest(&s, one);
	signal_digest(&t, other);
	assert_memory_equal(one, other, SIGNAL_DIGEST);
	t.act = SIGNAL_END;
	signal_digest(&t, other);
	assert_memory_not_equal(one, other, SIGNAL_DIGEST);
	signal_fini(&s);
	signal_fini(&t);
	assert_int_equal(signal_decode(&t, "{\"act\":\"dance\",\"mode\":\"real\"}"), -1);
	assert_int_equal(signal_decode(&t, "[]"), -1);
	buf_fini(&first);
	buf_fini(&second);
}

/* What another system wrote, as it goes to people. */
static void
goes_out_in_one_line(void **state)
{
	static const struct { const char *sent, *out; size_t max; } cases[] = {
		{ "two\r\nlines \t here\n", "two lines here", 0 },
		{ "【假】水位 3.5m/s 涨", "假水位 3.5m/s 涨", 0 },
		{ "请点http://x.cn/a?b 谢", "请点 谢", 0 },
		{ "请点www.x.cn谢", "请点谢", 0 },
		{ "\xe2\x80\xae请点ht\xe2\x80\x8btps://x.cn/a 谢\xef\xbb\xbf", "请点 谢", 0 },
		{ "see bit.ly/abc now", "see now", 0 },
		{ "host db1.cluster.local: 3/4 full, a/b", "host db1.cluster.local: 3/4 full, a/b", 0 },
		{ "一二三四五", "一二…", 3 },
		{ "【】://", "otherwise", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct rule_param p = { .name = "t", .from = RULE_LABEL, .what = "l", .otherwise = "otherwise",
					.max = cases[i].max };
		struct signal s;
		char *got;

		signal_init(&s);
		signal_label(&s, "l", cases[i].sent);
		got = rule_param_value(&p, &s, LANG_ZH);
		holds(cases[i].sent, strcmp(got, cases[i].out) == 0, "%s", got);
		free(got);
		signal_fini(&s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_json_by_pointers),
		cmocka_unit_test(reads_forms),
		cmocka_unit_test(reads_alertmanager),
		cmocka_unit_test(reads_grafana),
		cmocka_unit_test(reads_zabbix),
		cmocka_unit_test(reads_kannel),
		cmocka_unit_test(keeps_no_secret_of_kannel),
		cmocka_unit_test(says_the_same_of_the_same),
		cmocka_unit_test(tells_of_what_was_left_out),
		cmocka_unit_test(refuses_maps_that_point_nowhere),
		cmocka_unit_test(knows_ends),
		cmocka_unit_test(points_as_rfc_6901_does),
		cmocka_unit_test(reads_times),
		cmocka_unit_test(stays_within_its_bounds),
		cmocka_unit_test(has_one_form),
		cmocka_unit_test(goes_out_in_one_line),
	};

	setenv("TZ", "Asia/Shanghai", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
