/* check.c -- what the lists lack before the season begins, the worst first.  gongd finds it; here it is
 * grouped and counted. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	char *name, *title;		/* name: of group_of */
	size_t count;
	struct buf lines;		/* of the first */
};

/* Of a million findings only the lines that are shown are kept. */
struct groups {
	struct group *list;		/* in the order in which they first came */
	size_t count, found;
	json_t *all;			/* for --json */
};

static struct group *
group_for(const struct ctl *ctl, struct groups *groups, json_t *finding)
{
	bool places = args_has(ctl, "--within");
	const char *name = group_of(finding, places);
	struct group *g = groups->list;

	while (g < groups->list + groups->count && strcmp(g->name, name) != 0)
		g++;
	if (g < groups->list + groups->count)
		return g;
	groups->list = xrealloc(groups->list, (groups->count + 1) * sizeof(*groups->list));
	g = &groups->list[groups->count++];
	*g = (struct group){ .name = xstrdup(name), .title = xstrdup(group_title(ctl, finding, places)) };
	return g;
}

static void
take_page(const struct ctl *ctl, struct groups *groups, json_t *findings)
{
	bool every = args_has(ctl, "--all");
	json_t *f;
	size_t i;

	groups->found += json_array_size(findings);
	if (ctl->json) {
		json_array_extend(groups->all, findings);
		return;
	}
	json_array_foreach(findings, i, f) {
		struct group *g = group_for(ctl, groups, f);
		const char *text = member_text(f, "text");

		if (g->count++ >= SHOWN && !every)
			continue;
		buf_puts(&g->lines, "  ");
		text_clip(&g->lines, text ? text : "", SIZE_MAX);
		buf_puts(&g->lines, "\n");
	}
}

static void
show(const struct ctl *ctl, struct groups *groups)
{
	bool every = args_has(ctl, "--all");
	struct buf out = { 0 };

	for (size_t i = 0; i < groups->count; i++) {
		struct group *g = &groups->list[i];

		buf_printf(&out, say(ctl, "%s: %zu\n%s", "%s:%zu\n%s"), g->title, g->count, g->lines.data);
		if (g->count > SHOWN && !every)
			buf_printf(&out, say(ctl, "  … and %zu more: --all\n", "  … 另有 %zu 条:--all\n"),
				   g->count - SHOWN);
	}
	if (!groups->found)
		buf_puts(&out, say(ctl, "nothing is missing\n", "没有发现缺漏\n"));
	ctl_page(ctl, &out);
}

static void
groups_free(struct groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		free(groups->list[i].name);
		free(groups->list[i].title);
		buf_fini(&groups->list[i].lines);
	}
	free(groups->list);
	json_decref(groups->all);
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

/* 1 is for what was found, so a refusal is 2 here. */
static int
failed(struct ctl *ctl, int code, json_t *problem, const struct err *err)
{
	client_failed(ctl, code, problem, err);
	if (code != CTL_REFUSED)
		return code;
	places_hint(ctl);
	return CTL_USAGE;
}

int
season_check(struct ctl *ctl)
{
	struct groups groups = { .all = json_array() };
	struct buf path = { 0 };
	json_t *next = NULL, *page = NULL;
	struct err err = { 0 };
	int code = check_path(ctl, &path);

	while (code == CTL_OK) {
		code = client_page(ctl, path.data, "findings", &next, &page, &err);
		if (code != CTL_OK) {
			code = failed(ctl, code, page, &err);
			break;
		}
		take_page(ctl, &groups, page);
		json_decref(page);
		if (!next)
			break;
	}
	buf_fini(&path);
	if (code == CTL_OK && ctl->json)
		ctl_json(json_pack("{s:O}", "findings", groups.all));
	else if (code == CTL_OK)
		show(ctl, &groups);
	if (code == CTL_OK && groups.found)
		code = CTL_FOUND;
	groups_free(&groups);
	return code;
}
