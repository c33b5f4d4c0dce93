/* built_in.c -- the one text that gong has itself: what whoever stands above silent places is told, at a
 * site that has none for it.  A chief's own text asks for what a helper cannot do. */
#include "daemon/settings/internal.h"

const char built_in_helper_template[] =
	"template \"esc.unanswered\" {\n"
	"	title = \"未应答催办\"\n"
	"	title_en = \"Silent places\"\n"
	"	param \"title\" { scope = derived default_zh = \"预警\" default_en = \"Warning\" }\n"
	"	param \"level\" { scope = derived max = 8 default_zh = \"\" default_en = \"\" }\n"
	"	param \"min\" { scope = derived type = number max = 6 }\n"
	"	param \"n\" { scope = derived type = number max = 6 }\n"
	"	param \"names\" { scope = derived max = 400 default_zh = \"\" default_en = \"\" }\n"
	"	answer \"1\" { outcome = acknowledged level = 3 }\n"
	"	answer \"0\" { outcome = cannot level = 0 }\n"
	"	text \"zh\" {\n"
	"		sms = \"{{title}}{{#level}}（{{level}}）{{/level}}发出{{min}}分钟，{{n}}处未应答：{{names}}。"
	"请马上派人去叫。已派人回复1，派不出人回复0\"\n"
	"		voice = \"{{title}}{{#level}}（{{level}}）{{/level}}已发出{{min}}分钟，还有{{n}}处没有应答："
	"{{names}}。请马上派人去叫。已派人请按1，派不出人请按0。\"\n"
	"	}\n"
	"	text \"en\" {\n"
	"		sms = \"{{title}}{{#level}} ({{level}}){{/level}} sent {{min}} min ago, {{n}} places silent: "
	"{{names}}. Send somebody there now. Reply 1 when sent, 0 if you have nobody\"\n"
	"		voice = \"{{title}}{{#level}} ({{level}}){{/level}} was sent {{min}} minutes ago and {{n}} places "
	"are silent: {{names}}. Send somebody there now. Press 1 when sent, 0 if you have nobody.\"\n"
	"	}\n"
	"}\n";
