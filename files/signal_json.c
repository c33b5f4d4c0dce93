/* signal_json.c -- a signal written and read in its one form. */
#include "files/signal_json.h"

#include <jansson.h>
#include <string.h>

static void
put_member(struct buf *out, const char *name, const char *text)
{
	if (!text)
		return;
	buf_printf(out, ",\"%s\":", name);
	buf_json(out, text);
}

static void
put_instant(struct buf *out, const char *name, msec at)
{
	if (at)
		buf_printf(out, ",\"%s\":%lld", name, (long long)at);
}

static void
put_point(struct buf *out, const struct signal_point *p)
{
	buf_printf(out, "[%.9f,%.9f]", p->lat, p->lon);
}

static void
put_rings(struct buf *out, const struct signal_area *a)
{
	for (size_t i = 0; i < a->ring_count; i++) {
		buf_puts(out, i ? ",[" : ",\"polygons\":[[");
		for (size_t k = 0; k < a->rings[i].count; k++) {
			buf_puts(out, k ? "," : "");
			put_point(out, &a->rings[i].points[k]);
		}
		buf_puts(out, "]");
	}
	if (a->ring_count)
		buf_puts(out, "]");
}

static void
put_circles(struct buf *out, const struct signal_area *a)
{
	for (size_t i = 0; i < a->circle_count; i++) {
		buf_puts(out, i ? ",[" : ",\"circles\":[[");
		put_point(out, &a->circles[i].centre);
		buf_printf(out, ",%.6f]", a->circles[i].radius_km);
	}
	if (a->circle_count)
		buf_puts(out, "]");
}

static void
put_area(struct buf *out, const struct signal_area *a)
{
	buf_printf(out, "{\"without\":%s", a->without ? "true" : "false");
	put_member(out, "name", a->name);
	for (size_t i = 0; i < a->code_count; i++) {
		buf_puts(out, i ? ",[" : ",\"codes\":[[");
		buf_json(out, a->codes[i].scheme);
		buf_puts(out, ",");
		buf_json(out, a->codes[i].value);
		buf_puts(out, "]");
	}
	if (a->code_count)
		buf_puts(out, "]");
	put_rings(out, a);
	put_circles(out, a);
	buf_puts(out, "}");
}

static void
put_texts(struct buf *out, const struct signal *s)
{
	for (int lang = 0; lang < LANG_COUNT; lang++) {
		struct buf one = { 0 };

#define T(name) put_member(&one, #name, s->texts[lang].name);
		SIGNAL_TEXTS(T)
#undef T
		if (one.len)
			buf_printf(out, ",\"%s\":{%s}", lang_name((enum lang)lang), one.data + 1);
		buf_fini(&one);
	}
}

static void
put_labels(struct buf *out, const struct signal *s)
{
	for (size_t i = 0; i < s->label_count; i++) {
		buf_puts(out, i ? "," : ",\"labels\":{");
		buf_json(out, s->labels[i].name);
		buf_puts(out, ":");
		buf_json(out, s->labels[i].text);
	}
	if (s->label_count)
		buf_puts(out, "}");
}

void
signal_encode(const struct signal *s, struct buf *out)
{
	buf_printf(out, "{\"act\":\"%s\",\"mode\":\"%s\"", signal_act_name(s->act),
		   signal_mode_name(s->mode));
	put_member(out, "ref", s->ref);
	for (size_t i = 0; i < s->ref_count; i++) {
		buf_puts(out, i ? "," : ",\"refs\":[");
		buf_json(out, s->refs[i]);
	}
	buf_puts(out, s->ref_count ? "]" : "");
	put_member(out, "kind", s->kind);
	if (s->severity >= 0)
		put_member(out, "severity", severity_name((enum severity)s->severity));
	put_instant(out, "sent_at", s->sent_at);
	put_instant(out, "onset_at", s->onset_at);
	put_instant(out, "expires_at", s->expires_at);
	for (size_t i = 0; i < s->area_count; i++) {
		buf_puts(out, i ? "," : ",\"areas\":[");
		put_area(out, &s->areas[i]);
	}
	buf_puts(out, s->area_count ? "]" : "");
	for (size_t i = 0; i < s->meant_count; i++) {
		char code[DIVISION_TEXT];

		division_format(code, s->meant[i]);
		buf_printf(out, "%s\"%s\"", i ? "," : ",\"meant\":[", code);
	}
	buf_puts(out, s->meant_count ? "]" : "");
	put_texts(out, s);
	put_labels(out, s);
	if (s->cut)
		buf_printf(out, ",\"cut\":%u", s->cut);
	buf_puts(out, "}");
}

static const char *
text_of(json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static struct signal_point
point_of(json_t *pair)
{
	return (struct signal_point){ json_number_value(json_array_get(pair, 0)),
				      json_number_value(json_array_get(pair, 1)) };
}

static void
take_ring(struct signal *s, struct signal_area *a, json_t *list)
{
	size_t count = json_array_size(list);
	struct signal_point *points = xcalloc(count + 1, sizeof(*points));

	for (size_t i = 0; i < count; i++)
		points[i] = point_of(json_array_get(list, i));
	signal_ring_add(s, a, points, count);
	free(points);
}

static void
take_area(struct signal *s, json_t *json)
{
	struct signal_area *a = signal_area_add(s, text_of(json, "name"));
	json_t *item;
	size_t i;

	if (!a)
		return;
	a->without = json_is_true(json_object_get(json, "without"));
	json_array_foreach(json_object_get(json, "codes"), i, item) {
		const char *scheme = json_string_value(json_array_get(item, 0));

		signal_code_add(s, a, scheme ? scheme : "", json_string_value(json_array_get(item, 1)));
	}
	json_array_foreach(json_object_get(json, "polygons"), i, item)
		take_ring(s, a, item);
	json_array_foreach(json_object_get(json, "circles"), i, item) {
		struct signal_circle c = { point_of(json_array_get(item, 0)),
					   json_number_value(json_array_get(item, 1)) };

		signal_circle_add(s, a, c);
	}
}

static void
take_texts(struct signal *s, enum lang lang, json_t *json)
{
	const char *name;
	json_t *value;

	json_object_foreach(json, name, value)
		signal_text_set(s, lang, name, json_string_value(value));
}

static void
take_lists(struct signal *s, json_t *json)
{
	const char *name;
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(json, "refs"), i, item)
		signal_ref_add(s, json_string_value(item));
	json_array_foreach(json_object_get(json, "areas"), i, item)
		take_area(s, item);
	json_array_foreach(json_object_get(json, "meant"), i, item) {
		const char *text = json_string_value(item);
		division_code code;

		if (text && division_parse(&code, text, NULL) == 0)
			signal_meant_add(s, code);
	}
	for (int lang = 0; lang < LANG_COUNT; lang++)
		take_texts(s, (enum lang)lang, json_object_get(json, lang_name((enum lang)lang)));
	json_object_foreach(json_object_get(json, "labels"), name, item)
		signal_label(s, name, json_string_value(item));
}

int
signal_from_json(struct signal *out, json_t *json)
{
	const char *act = text_of(json, "act"), *mode = text_of(json, "mode");
	const char *severity = text_of(json, "severity");
	int a = act ? signal_act_parse(act) : -1, m = mode ? signal_mode_parse(mode) : -1;

	signal_init(out);
	if (a < 0 || m < 0)
		return -1;
	out->act = (enum signal_act)a;
	out->mode = (enum signal_mode)m;
	signal_set(out, &out->ref, text_of(json, "ref"), SIGNAL_REF_MAX);
	signal_set(out, &out->kind, text_of(json, "kind"), SIGNAL_NAME_MAX);
	out->severity = severity ? severity_parse(severity) : -1;
	out->sent_at = json_integer_value(json_object_get(json, "sent_at"));
	out->onset_at = json_integer_value(json_object_get(json, "onset_at"));
	out->expires_at = json_integer_value(json_object_get(json, "expires_at"));
	take_lists(out, json);
	out->cut = (unsigned)json_integer_value(json_object_get(json, "cut"));
	return 0;
}

int
signal_decode(struct signal *out, const char *text)
{
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	int rc = signal_from_json(out, json);

	json_decref(json);
	return rc;
}
