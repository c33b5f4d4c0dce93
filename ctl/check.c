/* check.c -- what the lists lack before the season begins, the worst first.  gongd finds it; here it is
 * grouped and counted. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FINDINGS_MAX 1000000
#define SHOWN 10			/* of a group */

/* In gongd's order; a kind that this gongctl does not know goes by its name. */
static const struct {
	const char *kind, *en, *zh;
} kinds[] = {
	{ "no_lists", "no lists", "没有名单" },
	{ "nobody", "nobody to call first", "最先要叫的人都联系不上" },
	{ "unreachable", "people whom nothing reaches", "联系不上的人" },
	{ "role_empty", "posts that are called first, and nobody holds", "最先要叫的岗位无人" },
	{ "officers", "townships with too few officers", "承办人员不足的乡镇" },
	{ "number_failed", "numbers that have failed for good", "已无效的号码" },
	{ "text_lacks", "places without what texts need", "缺少模板所需内容的地区" },
	{ "number_shared", "one number for two who are called", "两名责任人共用一个号码" },
	{ "unverified", "numbers that nobody has seen to work", "未验证的号码" },
	{ "language", "people without a language", "未登记语言的人" },
	{ "number_household", "numbers shared in a household", "同户共用的号码" },
};

static const char *
kind_title(const struct ctl *ctl, const char *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			return say(ctl, kinds[i].en, kinds[i].zh);
	return kind;
}

/* What a finding is grouped by: its kind, or with --within its township. */
static const char *
group_of(json_t *finding, bool places)
{
	const char *name;

	if (!places)
		return member_text(finding, "kind");
	name = member_text(json_object_get(finding, "township"), "code");
	return name ? name : "";
}

static const char *
group_title(const struct ctl *ctl, json_t *finding, bool places)
{
	json_t *township = json_object_get(finding, "township");
	const char *name = member_text(township, "name");

	if (!places)
		return kind_title(ctl, member_text(finding, "kind"));
	if (!json_is_object(township))
		return say(ctl, "without a place", "无所属地区");
	return name ? name : member_text(township, "code");
}

struct group {
	const char *name;		/* of group_of */
	json_t *first;
	size_t count, shown;
	struct buf lines;
};

/* One per group, in the order in which they first came; the caller frees. */
static struct group *
make_groups(json_t *findings, bool places, size_t shown, size_t *count)
{
	struct group *list = xcalloc(json_array_size(findings) + 1, sizeof(*list)), *g = list;
	json_t *f;
	size_t i;

	*count = 0;
	json_array_foreach(findings, i, f) {
		const char *name = group_of(f, places), *text = member_text(f, "text");

		if (!*count || strcmp(g->name, name) != 0)
			for (g = list; g < list + *count && strcmp(g->name, name) != 0;)
				g++;
		if (g == list + *count) {
			*g = (struct group){ .name = name, .first = f };
			(*count)++;
		}
		if (g->count++ >= shown)
			continue;
		g->shown++;
		buf_puts(&g->lines, "  ");
		text_clip(&g->lines, text ? text : "", SIZE_MAX);
		buf_puts(&g->lines, "\n");
	}
	return list;
}

static void
put_findings(const struct ctl *ctl, json_t *findings, struct buf *out)
{
	bool places = args_has(ctl, "--within");
	size_t count, shown = args_has(ctl, "--all") ? SIZE_MAX : SHOWN;
	struct group *groups = make_groups(findings, places, shown, &count);

	for (size_t i = 0; i < count; i++) {
		struct group *g = &groups[i];

		buf_printf(out, say(ctl, "%s: %zu\n%s", "%s:%zu\n%s"), group_title(ctl, g->first, places),
			   g->count, g->lines.data ? g->lines.data : "");
		if (g->count > g->shown)
			buf_printf(out, say(ctl, "  … and %zu more: --all\n", "  … 另有 %zu 条:--all\n"),
				   g->count - g->shown);
		buf_fini(&g->lines);
	}
	free(groups);
	if (!count)
		buf_puts(out, say(ctl, "nothing is missing\n", "没有发现缺漏\n"));
}

static int
check_path(struct ctl *ctl, struct buf *path)
{
	buf_puts(path, "/v1/check");
	if (args_has(ctl, "--within"))
		query_add(path, "division", args_value(ctl, "--within"));
	if (args_has(ctl, "--unmasked"))
		query_add(path, "unmasked", "1");
	return since_add(ctl, path);
}

int
season_check(struct ctl *ctl)
{
	struct buf path = { 0 }, text = { 0 };
	struct err err = { 0 };
	json_t *findings = NULL;
	bool more, found;
	int code = check_path(ctl, &path);

	if (code == CTL_OK) {
		code = client_pages(ctl, path.data, "findings", FINDINGS_MAX, &findings, &more, &err);
		if (code != CTL_OK)
			client_failed(ctl, code, findings, &err);
		if (code == CTL_REFUSED)
			places_hint(ctl);
	}
	buf_fini(&path);
	if (code != CTL_OK)		/* 1 is for what was found */
		return code == CTL_REFUSED ? CTL_USAGE : code;
	found = json_array_size(findings) > 0;
	if (ctl->json) {
		ctl_json(json_pack("{s:o}", "findings", findings));
	} else {
		put_findings(ctl, findings, &text);
		ctl_page(ctl, &text);
		json_decref(findings);
	}
	return found ? CTL_FOUND : CTL_OK;
}
