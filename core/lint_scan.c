/* lint_scan.c -- reads a text word by word: tokens, opt-outs, values, hazards, seconds. */
#include "core/lint_scan.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/number.h"

#define SECOND_ZH 4.5			/* characters */
#define SECOND_EN 2.5			/* words */

/* What asks for an answer, and the digit behind it. */
static const char *const asks[LANG_COUNT][3] = {
	{ "回复", "回", "按" }, { "reply ", "press ", "answer " },
};
static const char *const opt_outs[] = { "N", "T", "TD", "R", "STOP", "0000", "退订" };
static const char *const hazards_zh[] = {
	"雨", "洪", "涝", "台风", "雪", "冰", "寒潮", "霜", "大风", "雷", "高温", "滑坡", "泥石流", "地质",
	"塌", "林火", "火险", "火灾", "着火", "地震", "毒", "泄漏", "水库", "溃坝", "干旱", "沙尘", "雾", "霾", "海浪",
	"风暴潮", "爆炸",
};
static const char *const hazards_en[] = {
	"rain", "rainfall", "rainstorm", "flood", "flooding", "typhoon", "snow", "ice", "icing", "cold", "frost",
	"wind", "gale", "storm", "thunderstorm", "lightning", "hail", "heat", "landslide", "landslip", "debris",
	"fire", "quake", "earthquake", "gas", "leak", "hazmat", "chemical", "dam", "reservoir",
	"drought", "sandstorm", "fog", "haze", "wave", "surge", "blast", "explosion",
};

struct marking {
	bool all;
	char name[80];
};

static const char *
mark(void *ctx, const char *name)
{
	struct marking *m = ctx;

	if (!m->all)
		return "";
	snprintf(m->name, sizeof(m->name), "%c%s%c", LINT_OPEN, name, LINT_CLOSE);
	return m->name;
}

void
lint_skeleton(const struct text *text, bool all, struct buf *out)
{
	struct marking m = { .all = all };

	buf_reset(out);
	buf_puts(out, "");
	text_render(text, mark, &m, out, NULL);		/* every value is there */
}

static const char *
behind_value(const char *p)
{
	const char *close = strchr(p, LINT_CLOSE);

	return close ? close + 1 : p + strlen(p);
}

static unsigned
tokens_zh(const char *source)
{
	unsigned tokens = 0;

	for (size_t a = 0; a < 3; a++)
		for (const char *p = source; (p = strstr(p, asks[LANG_ZH][a])); ) {
			size_t len, next;
			int digit;

			p += strlen(asks[LANG_ZH][a]);
			p += strspn(p, " ");
			digit = digit_at(p, &len);
			if (digit >= 0 && digit_at(p + len, &next) < 0)
				tokens |= 1u << digit;
		}
	return tokens;
}

/* A digit that is no part of a number, a time or a word. */
static bool
stands_alone(const char *begin, const char *p)
{
	char before = p > begin ? p[-1] : ' ', after = p[1];

	return !isalnum((unsigned char)before) && !isalnum((unsigned char)after) && before != ':' &&
	       after != ':' && !(after == '.' && isdigit((unsigned char)p[2]));
}

static unsigned
tokens_of_sentence(const char *begin)
{
	unsigned tokens = 0;

	for (const char *p = begin; *p && !strchr(".?!", *p); p++) {
		if (*p == LINT_OPEN) {
			p = behind_value(p) - 1;
			continue;
		}
		if (*p >= '0' && *p <= '9' && stands_alone(begin, p) &&
		    !(p - begin >= 7 && strncasecmp(p - 7, "within ", 7) == 0))
			tokens |= 1u << ((unsigned char)*p - '0');
	}
	return tokens;
}

static unsigned
tokens_en(const char *source)
{
	unsigned tokens = 0;

	for (size_t a = 0; a < 3; a++)
		for (const char *p = source; (p = strcasestr(p, asks[LANG_EN][a])); ) {
			p += strlen(asks[LANG_EN][a]);
			tokens |= tokens_of_sentence(p);
		}
	return tokens;
}

unsigned
lint_tokens(const struct text *text, enum lang lang)
{
	struct buf skeleton = { 0 };
	unsigned tokens = 0;

	for (int all = 0; all < 2; all++) {
		lint_skeleton(text, all, &skeleton);
		tokens |= lang == LANG_ZH ? tokens_zh(skeleton.data) : tokens_en(skeleton.data);
	}
	buf_fini(&skeleton);
	return tokens;
}

static bool
is_word_at(const char *p, const char *word)
{
	size_t len = strlen(word);

	return strncasecmp(p, word, len) == 0 && !isalnum((unsigned char)p[len]);
}

const char *
lint_opt_out(const char *skeleton, enum lang lang)
{
	for (size_t a = 0; a < 3; a++)
		for (const char *p = skeleton; (p = strcasestr(p, asks[lang][a])); ) {
			p += strlen(asks[lang][a]);
			p += strspn(p, " \"");
			for (size_t i = 0; i < sizeof(opt_outs) / sizeof(*opt_outs); i++)
				if (is_word_at(p, opt_outs[i]))
					return opt_outs[i];
		}
	return NULL;
}

unsigned
lint_count(const char *skeleton, const char *param)
{
	size_t len = strlen(param);
	unsigned count = 0;

	for (const char *p = skeleton; (p = strchr(p, LINT_OPEN)); p++)
		count += strncmp(p + 1, param, len) == 0 && p[1 + len] == LINT_CLOSE;
	return count;
}

bool
lint_side_by_side(const char *skeleton, char *name, size_t size)
{
	for (const char *p = skeleton; (p = strchr(p, LINT_CLOSE)); ) {
		const char *end;

		p++;
		p += strspn(p, " ");
		if (*p != LINT_OPEN)
			continue;
		end = strchr(p, LINT_CLOSE);
		snprintf(name, size, "%.*s", (int)(end - p - 1), p + 1);
		return true;
	}
	return false;
}

static unsigned
words_in(const char *p)
{
	unsigned words = 0;

	for (bool inside = false; *p; p++) {
		bool letter = isalnum((unsigned char)*p) || *p == '\'' || *p == '-';

		words += letter && !inside;
		inside = letter;
	}
	return words;
}

/* Chinese characters and digits: U+4E00 to U+9FFF are E4 B8 80 to E9 BF BF. */
static unsigned
syllables_in(const char *text)
{
	unsigned count = 0;

	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		count += isdigit(*p) || (p[0] >= 0xe4 && p[0] <= 0xe9 && (p[0] != 0xe4 || p[1] >= 0xb8));
	return count;
}

double
lint_seconds(const char *spoken, enum lang lang)
{
	return lang == LANG_ZH ? syllables_in(spoken) / SECOND_ZH : words_in(spoken) / SECOND_EN;
}

/* A word of its own, or its plural: there is no ice in an office. */
static bool
has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = text; (p = strcasestr(p, word)); p++) {
		const char *end = p + len + (p[len] == 's');

		if ((p == text || !isalpha((unsigned char)p[-1])) && !isalpha((unsigned char)*end))
			return true;
	}
	return false;
}

bool
lint_names_hazard(const char *text, enum lang lang)
{
	size_t count = lang == LANG_ZH ? sizeof(hazards_zh) / sizeof(*hazards_zh)
				       : sizeof(hazards_en) / sizeof(*hazards_en);

	for (size_t i = 0; i < count; i++)
		if (lang == LANG_ZH ? strstr(text, hazards_zh[i]) != NULL : has_word(text, hazards_en[i]))
			return true;
	return false;
}
