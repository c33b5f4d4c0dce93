/* setup_ask.c -- the questions of `gongctl setup`, each checked at once, with what would be right. */
#include "ctl/setup.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/division.h"
#include "core/segment.h"
#include "files/read.h"

/* -- one question -- */

char *
setup_line(const struct setup *s, const char *prompt)
{
	char *line = NULL, *narrow;
	size_t size = 0;
	ssize_t len;

	if (s->people)
		fputs(prompt, stdout);
	fflush(stdout);
	len = getline(&line, &size, stdin);
	if (len < 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\r\n")] = '\0';
	narrow = xstrdup(line + strspn(line, " \t"));
	for (size_t n = strlen(narrow); n && strchr(" \t", narrow[n - 1]); n--)
		narrow[n - 1] = '\0';
	free(line);
	return narrow;
}

bool
setup_yes(const struct setup *s, const char *prompt)
{
	char *line = setup_line(s, prompt);
	bool yes = line && (strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0 ||
			    strcmp(line, "是") == 0 || strcmp(line, "好") == 0);

	free(line);
	return yes;
}

static int
lacks(struct setup *s, const struct setup_question *q)
{
	return ctl_usage(s->ctl, say(s->ctl, "the answer to \"%s\" is missing; give %s, or answer at a terminal",
				     "缺少「%s」;请用 %s 给出,或在终端上回答"),
			 q->title[s->ctl->lang], q->option);
}

/* One answer, given by an option or typed; CTL_REFUSED = said why, and he may try again. */
static int
take_answer(struct setup *s, const struct setup_question *q, const char *given, const char *prompt, char **out)
{
	char *line = given ? xstrdup(given) : setup_line(s, prompt);
	const char *text = line && (*line || given) ? line : q->proposal;
	struct buf why = { 0 };
	int code = CTL_OK;

	buf_puts(&why, "");
	if (!line || (!text && !s->people))
		code = lacks(s, q);
	else if (!text || !q->check(s, text, out, &why))
		code = CTL_REFUSED;
	if (code == CTL_REFUSED && why.len)
		fprintf(stderr, "%s: %s\n", given || !s->people ? q->option : q->title[s->ctl->lang], why.data);
	buf_fini(&why);
	free(line);
	return code;
}

int
setup_ask(struct setup *s, const struct setup_question *q, char **out)
{
	const char *given = q->many ? NULL : args_value(s->ctl, q->option);
	struct buf prompt = { 0 };
	int code;

	buf_printf(&prompt, q->proposal && *q->proposal ? "%s [%s]: " : "%s: ", q->title[s->ctl->lang],
		   q->proposal);
	do
		code = take_answer(s, q, given, prompt.data, out);
	while (code == CTL_REFUSED && !given && s->people);
	buf_fini(&prompt);
	return code;
}

/* -- the checks -- */

/* What stands in quotes in gong.conf and before people's eyes. */
static bool
is_line(struct setup *s, const char *text, size_t most, struct buf *why)
{
	if (utf8_check(text, strlen(text), NULL) < 0)
		buf_puts(why, say(s->ctl, "this is not UTF-8; set the terminal to UTF-8", "不是UTF-8;请把终端设为UTF-8"));
	else if (utf8_characters(text) > most)
		buf_printf(why, say(s->ctl, "at most %zu characters; shorten it", "最多%zu个字,请缩短"), most);
	else if (strpbrk(text, "\"\\{}") || strstr(text, "\ufffd"))
		buf_puts(why, say(s->ctl, "leave out \" \\ { and }", "请去掉 \" \\ { }"));
	else
		return true;
	return false;
}

static bool
check_lang(struct setup *s, const char *text, char **out, struct buf *why)
{
	const char *name = strcmp(text, "中文") == 0 ? "zh" : strcasecmp(text, "English") == 0 ? "en" : text;

	if (lang_parse(name) < 0) {
		buf_puts(why, say(s->ctl, "use zh or en", "应为 zh 或 en"));
		return false;
	}
	*out = xstrdup(name);
	return true;
}

static bool
check_office(struct setup *s, const char *text, char **out, struct buf *why)
{
	if (!is_line(s, text, 40, why))
		return false;
	*out = xstrdup(text);
	return true;
}

static bool
check_country(struct setup *s, const char *text, char **out, struct buf *why)
{
	char *narrow = spell_narrow(text);
	const char *digits = phone_country(narrow);

	if (digits)
		*out = xstrdup(digits);
	else
		buf_puts(why, say(s->ctl, "write its 1 to 3 digits: 86 for China", "请写1至3位数字:中国写 86"));
	free(narrow);
	return digits;
}

static bool
check_area(struct setup *s, const char *text, char **out, struct buf *why)
{
	char *narrow = spell_narrow(text);
	const char *digits = phone_area(strcmp(narrow, "-") == 0 ? "" : narrow);

	if (digits)
		*out = xstrdup(digits);
	else
		buf_puts(why, say(s->ctl, "write its digits, such as 0571, or - for none", "请写数字,如 0571;没有则写 -"));
	free(narrow);
	return digits;
}

/* Carriers want it in brackets, and once. */
static bool
check_signature(struct setup *s, const char *text, char **out, struct buf *why)
{
	size_t len = strlen(text), mark = strlen("【");
	bool bare = !strstr(text, "【") && !strstr(text, "】");
	bool whole = len > 2 * mark && strncmp(text, "【", mark) == 0 && strstr(text, "】") == text + len - mark &&
		!strstr(text + mark, "【");
	struct buf signature = { 0 };

	if (!is_line(s, text, 22, why))
		return false;
	if (!bare && !whole) {
		buf_puts(why, say(s->ctl, "write it as 【name】", "请写成【名称】"));
		return false;
	}
	buf_printf(&signature, bare && *text ? "【%s】" : "%s", text);
	*out = buf_take(&signature);
	return true;
}

static bool
check_name(struct setup *s, const char *text, char **out, struct buf *why)
{
	if (!is_line(s, text, 40, why))
		return false;
	if (strpbrk(text, ",;") || !*text) {
		buf_puts(why, say(s->ctl, "write one person's name", "请写一个人的姓名"));
		return false;
	}
	*out = xstrdup(text);
	return true;
}

static bool
check_phone(struct setup *s, const char *text, char **out, struct buf *why)
{
	struct phone_plan plan = { s->country, s->area };
	struct err err = { 0 };
	char *narrow = spell_narrow(text), shown[PHONE_TEXT], sentence[SAID_BYTES];
	bool good = phone_parse(&s->phone, narrow, &plan, &err) == 0;

	free(narrow);
	if (!good) {
		said_render(&err.said, s->ctl->lang, sentence, sizeof(sentence));
		buf_puts(why, sentence);
		return false;
	}
	phone_format(shown, s->phone);
	*out = xstrdup(shown);
	return true;
}

static bool
check_county(struct setup *s, const char *text, char **out, struct buf *why)
{
	char *narrow = spell_narrow(text);
	struct err err = { 0 };
	division_code code;
	bool good = strlen(narrow) == 6 && division_parse(&code, narrow, &err) == 0;

	if (good)
		*out = xstrdup(narrow);
	else
		buf_puts(why, say(s->ctl, "write the 6 digits of the county's code, such as 330106",
				  "请写县(区)的6位区划代码,如 330106"));
	free(narrow);
	return good;
}

static bool
check_value(struct setup *s, const char *text, char **out, struct buf *why)
{
	if (!*text)
		buf_puts(why, say(s->ctl, "it is needed; the provider's console shows it", "必填;可在平台的控制台查到"));
	if (!*text || !is_line(s, text, 500, why))
		return false;
	*out = xstrdup(text);
	return true;
}

/* -- the route -- */

/* The caller frees; NULL: there is none of that name. */
static json_t *
read_profile(const struct setup *s, const char *name)
{
	struct buf path = { 0 };
	json_t *profile = NULL;
	char *body;

	buf_printf(&path, "%s/%s.json", s->profiles, name);
	body = strchr(name, '/') ? NULL : file_read(path.data, FILE_CONF_MAX, NULL, NULL);
	if (body)
		profile = json_loads(body, 0, NULL);
	free(body);
	buf_fini(&path);
	return profile;
}

/* The first route tells people by SMS: some providers only ring, and some send nothing but templates that
 * have to be entered one by one.  Which of the two, or neither. */
enum lack { LACKS_NOTHING, LACKS_SMS, LACKS_TEMPLATES };

static enum lack
what_lacks(json_t *profile)
{
	json_t *config = json_object_get(profile, "config"), *templates = json_object_get(config, "templates");

	if (json_object_get(config, "call") && !json_object_get(config, "receipts"))
		return LACKS_SMS;
	return templates && !json_object_get(templates, "*") ? LACKS_TEMPLATES : LACKS_NOTHING;
}

static void
put_profiles(const struct setup *s, struct buf *out)
{
	struct dirent **entries;
	int count = scandir(s->profiles, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char *dot = strstr(entries[i]->d_name, ".json");
		json_t *profile;

		if (dot) {
			*dot = '\0';
			profile = read_profile(s, entries[i]->d_name);
			if (profile && what_lacks(profile) == LACKS_NOTHING)
				buf_printf(out, " %s", entries[i]->d_name);
			json_decref(profile);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static void
check_device(struct setup *s, const char *text, struct buf *why)
{
	struct stat st;

	if (stat(text, &st) != 0)
		buf_puts(why, say(s->ctl, "there is no such device; gongctl modem list shows them",
				  "没有这个设备;gongctl modem list 可列出"));
	else if (!S_ISCHR(st.st_mode))
		buf_puts(why, say(s->ctl, "this is no device of a modem; gongctl modem list shows them",
				  "这不是调制解调器设备;gongctl modem list 可列出"));
	else
		is_line(s, text, 200, why);
}

static void
check_provider(struct setup *s, const char *text, struct buf *why)
{
	json_t *profile = read_profile(s, text);
	enum lack lack = what_lacks(profile);

	if (!profile) {
		buf_puts(why, say(s->ctl, "write sim, a device's path, or one of:", "请写 sim、设备路径,或平台之一:"));
		put_profiles(s, why);
	} else if (lack == LACKS_SMS) {
		buf_puts(why, say(s->ctl, "this one only rings; begin with one that sends SMS, and add this one to gong.conf later",
				  "该平台只打电话;请先用能发短信的,以后再在 gong.conf 中加上它"));
	} else if (lack == LACKS_TEMPLATES) {
		buf_puts(why, say(s->ctl, "this one takes its approved templates one by one in gong.conf; begin with sim, and add it by "
				  "docs/providers.md",
				  "该平台的已审核模板要在 gong.conf 中逐个写明;请先用 sim,再按 docs/providers.md 加上它"));
	}
	json_decref(profile);
}

/* "sim", the path of a modem's port, or the name of a provider's profile. */
static bool
check_route(struct setup *s, const char *text, char **out, struct buf *why)
{
	s->route = strcmp(text, "sim") == 0 ? SETUP_SIM : *text == '/' ? SETUP_MODEM : SETUP_PROVIDER;
	if (s->route == SETUP_MODEM)
		check_device(s, text, why);
	else if (s->route == SETUP_PROVIDER)
		check_provider(s, text, why);
	if (why->len)
		return false;
	*out = xstrdup(text);
	return true;
}

/* Which modems there are; the first free one is proposed.  Caller frees. */
static char *
propose_route(struct setup *s)
{
	json_t *ports = NULL, *port, *name;
	char *first = NULL;
	size_t i;

	if (s->people && modem_ports(s->ctl, &ports) == CTL_OK)
		json_array_foreach(ports, i, port) {
			name = json_array_get(json_object_get(port, "by_id"), 0);
			name = name ? name : json_object_get(port, "port");
			if (!member_is(port, "answers") || !json_is_string(name))
				continue;
			printf(say(s->ctl, "found a modem: %s %s\n", "发现调制解调器:%s %s\n"), json_string_value(name),
			       member_text(port, "model") ? member_text(port, "model") : "");
			if (!first)
				first = xstrdup(json_string_value(name));
		}
	json_decref(ports);
	return first ? first : xstrdup("sim");
}

static void
add_value(struct setup *s, const char *name, char *value)
{
	s->values = xrealloc(s->values, (s->value_count + 1) * sizeof(*s->values));
	s->values[s->value_count++] = (struct setup_value){ xstrdup(name), value };
}

/* What --value NAME=VALUE says of it; NULL: nothing. */
static const char *
given_value(const struct ctl *ctl, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < ctl->given_count; i++)
		if (strcmp(ctl->given[i].spec->name, "--value") == 0 &&
		    strncmp(ctl->given[i].value, name, len) == 0 && ctl->given[i].value[len] == '=')
			return ctl->given[i].value + len + 1;
	return NULL;
}

static int
ask_value(struct setup *s, const char *name, const char *what)
{
	struct buf title = { 0 }, why = { 0 };
	const char *given = given_value(s->ctl, name);
	struct setup_question q = { .option = "--value", .many = true, .check = check_value };
	char *value = NULL;
	int code = CTL_OK;

	buf_printf(&title, what ? "%s (%s)" : "%s", name, what);
	q.title[LANG_ZH] = q.title[LANG_EN] = title.data;
	if (!given) {
		code = setup_ask(s, &q, &value);
	} else if (!check_value(s, given, &value, &why)) {
		fprintf(stderr, "--value %s: %s\n", name, why.data ? why.data : "");
		code = CTL_REFUSED;
	}
	if (code == CTL_OK)
		add_value(s, name, value);
	buf_fini(&title);
	buf_fini(&why);
	return code;
}

/* A parameter that has no default, or whose default leaves every text without an approved template. */
static bool
is_wanted(const struct setup *s, json_t *profile, const char *name, json_t *of)
{
	json_t *any = json_object_get(json_object_get(json_object_get(profile, "config"), "templates"), "*");
	const char *by_default = member_text(of, "default"), *code = member_text(any, "code");
	const char before[] = "{{param:";
	struct buf mention = { 0 };
	bool template;

	buf_puts(&mention, before);
	buf_puts(&mention, name);
	buf_puts(&mention, "}}");
	template = by_default && !*by_default && code && strcmp(code, mention.data) == 0;
	buf_fini(&mention);
	return template || !json_object_get(of, "default") || given_value(s->ctl, name);
}

/* What the profile cannot do without. */
static int
ask_values(struct setup *s)
{
	json_t *profile = read_profile(s, s->profile), *of;
	const char *name;
	int code = CTL_OK;

	s->approved = json_object_get(json_object_get(profile, "config"), "templates");
	if (!json_object_get(json_object_get(profile, "config"), "url"))
		code = ask_value(s, "url", say(s->ctl, "where requests go", "请求地址"));
	json_object_foreach(json_object_get(profile, "parameters"), name, of)
		if (code == CTL_OK && is_wanted(s, profile, name, of))
			code = ask_value(s, name, member_text(of, s->ctl->lang == LANG_ZH ? "what_zh" : "what"));
	json_decref(profile);
	return code;
}

static int
ask_way(struct setup *s)
{
	char *proposal = args_has(s->ctl, "--route") ? NULL : propose_route(s), *answer = NULL;
	struct setup_question q = {
		"--route", false,
		{ [LANG_EN] = "First route: a modem's path, a provider's name, or sim (for trying: reaches nobody)",
		  [LANG_ZH] = "第一条通道:调制解调器路径、平台名称,或 sim(试用,不会联系任何人)" },
		proposal, check_route,
	};
	int code = setup_ask(s, &q, &answer);

	free(proposal);
	if (code == CTL_OK && s->route == SETUP_PROVIDER) {
		s->profile = answer;
		return ask_values(s);
	}
	s->device = answer;
	return code;
}

/* -- all of them -- */

static int
ask_lang(struct setup *s)
{
	struct setup_question q = {
		"--texts", false, { [LANG_EN] = "Language of the texts, zh or en", [LANG_ZH] = "短信和电话的语言,zh 或 en" },
		lang_name(s->ctl->lang), check_lang,
	};
	char *answer = NULL;
	int code = setup_ask(s, &q, &answer);

	s->lang = code == CTL_OK ? (enum lang)lang_parse(answer) : LANG_ZH;
	free(answer);
	return code;
}

static int
ask_phone(struct setup *s)
{
	struct setup_question q = {
		"--phone", false, { [LANG_EN] = "The duty officer's telephone", [LANG_ZH] = "值班员电话" }, NULL, check_phone,
	};
	char *answer = NULL;
	int code = setup_ask(s, &q, &answer);

	free(answer);
	return code;
}

/* The English signature follows the English name; nobody is asked for both. */
static void
sign_english(struct setup *s)
{
	struct buf signature = { 0 };

	buf_printf(&signature, *s->office[LANG_EN] ? "%s: " : "", s->office[LANG_EN]);
	buf_puts(&signature, "");
	s->signature[LANG_EN] = buf_take(&signature);
}

int
setup_answers(struct setup *s)
{
	const struct {
		struct setup_question q;
		char **out;
	} lines[] = {
		{ { "--office", false, { [LANG_EN] = "The office's name in Chinese", [LANG_ZH] = "单位名称" }, NULL, check_office },
		  &s->office[LANG_ZH] },
		{ { "--office-en", false, { [LANG_EN] = "The office's name in English", [LANG_ZH] = "单位英文名(可空)" }, "",
		    check_office }, &s->office[LANG_EN] },
		{ { "--country", false, { [LANG_EN] = "Country code", [LANG_ZH] = "国家代码" }, "86", check_country }, &s->country },
		{ { "--area", false, { [LANG_EN] = "Area code of landlines, - for none", [LANG_ZH] = "固定电话区号,没有写 -" }, "-",
		    check_area }, &s->area },
		{ { "--signature", false, { [LANG_EN] = "Signature of Chinese texts", [LANG_ZH] = "短信签名" }, NULL,
		    check_signature }, &s->signature[LANG_ZH] },
	}, people[] = {
		{ { "--county", false, { [LANG_EN] = "The county's code, 6 digits", [LANG_ZH] = "县(区)区划代码,6位" }, NULL,
		    check_county }, &s->county },
		{ { "--officer", false, { [LANG_EN] = "The duty officer's name", [LANG_ZH] = "值班员姓名" }, NULL, check_name },
		  &s->officer },
	};
	int code = ask_lang(s);

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines) && code == CTL_OK; i++)
		code = setup_ask(s, &lines[i].q, lines[i].out);
	if (code == CTL_OK)
		sign_english(s);
	if (code == CTL_OK)
		code = ask_way(s);
	for (size_t i = 0; i < sizeof(people) / sizeof(*people) && code == CTL_OK; i++)
		code = setup_ask(s, &people[i].q, people[i].out);
	return code == CTL_OK ? ask_phone(s) : code;
}
