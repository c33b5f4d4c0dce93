/* import.c -- lists in: taken over, or shown first: what a file would add, change, leave
 * and lack. */
#include "ctl/ctl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/cause.h"
#include "files/read.h"

#define FILE_MAX ((size_t)256 << 20) /* what gongd takes on its socket */
#define APPLY_S 900L
#define LOOKS 120 /* for gongd to come back, a second each */

static int
too_large(const struct ctl *ctl)
{
	return ctl_usage(ctl,
			 say(ctl, "FILE is larger than %zu MiB; import it in pieces",
			     "文件大于 %zu MiB;请分批导入"),
			 FILE_MAX >> 20);
}

static int
read_stdin(struct ctl *ctl, struct buf *out)
{
	char chunk[65536], why[SAID_BYTES];
	size_t n;

	errno = 0;
	while (out->len <= FILE_MAX && (n = fread(chunk, 1, sizeof(chunk), stdin)) > 0)
		buf_add(out, chunk, n);
	if (ferror(stdin)) {
		value_render(cause_word(errno), ctl->lang, why, sizeof(why));
		return ctl_usage(ctl,
				 say(ctl, "standard input cannot be read: %s",
				     "标准输入无法读取:%s"),
				 why);
	}
	return out->len > FILE_MAX ? too_large(ctl) : CTL_OK;
}

/* A pipe has no end that gongctl could see beforehand, so it is read only where its user
 * says that it is one. */
static int
read_file(struct ctl *ctl, const char *path, struct buf *out)
{
	struct err err = {0};
	size_t len = 0;
	char *body, why[SAID_BYTES];

	if (strcmp(path, "-") == 0)
		return read_stdin(ctl, out);
	body = file_read(path, FILE_MAX, &len, &err);
	if (!body) {
		said_render(&err.said, ctl->lang, why, sizeof(why));
		return ctl_usage(ctl,
				 say(ctl,
				     "FILE %s (to read from a pipe, write - for FILE)",
				     "文件 %s(从管道读取时,文件写作 -)"),
				 why);
	}
	buf_add(out, body, len);
	free(body);
	return CTL_OK;
}

/* No charset: gongd sees for itself whether it is UTF-8 or GBK. */
static int
post_file(struct ctl *ctl, const char *path, const struct buf *file, enum lost_answer lost, json_t **answer)
{
	struct client_request q = {
		.path = path,
		.body = file->data ? file->data : "",
		.len = file->len,
		.type = "text/csv",
		.lost = lost,
		.keep_problem = true,
	};
	struct err err = {0};
	int code = client_ask(ctl, &q, answer, &err);

	if (code != CTL_OK) {
		faults_failed(ctl, code, *answer, &err);
		*answer = NULL;
	}
	return code;
}

/* "contacts: 3 added, 2 changed, 95 unchanged". */
static void
put_counts(const struct ctl *ctl, json_t *answer, struct buf *out)
{
	buf_printf(out,
		   say(ctl, "%lld added, %lld changed, %lld unchanged",
		       "新增%lld,变更%lld,未变%lld"),
		   (long long)member_int(answer, "added"),
		   (long long)member_int(answer, "changed"),
		   (long long)member_int(answer, "unchanged"));
}

static void
print_done(const struct ctl *ctl, const char *kind, json_t *answer)
{
	struct buf out = {0};

	buf_printf(&out, say(ctl, "imported %lld rows of %s\n", "已导入 %lld 行(%s)\n"),
		   (long long)member_int(answer, "rows"), word(ctl, kind));
	if (json_object_get(answer, "added")) {
		put_counts(ctl, answer, &out);
		buf_puts(&out, "\n");
	}
	if (member_is(answer, "replace"))
		buf_printf(&out,
			   say(ctl,
			       "%lld lost their posts in %s, of whom %lld are not active "
			       "any more\n",
			       "%lld人失去在 %s 的岗位,其中%lld人已停用\n"),
			   (long long)member_int(answer, "removed"),
			   member_text(answer, "within"),
			   (long long)member_int(answer, "deactivated"));
	if (member_int(answer, "touched"))
		buf_printf(
			&out,
			say(ctl,
			    "%lld rows were changed by somebody meanwhile, and left so\n",
			    "%lld行在此期间被他人改动,未覆盖\n"),
			(long long)member_int(answer, "touched"));
	ctl_print(&out);
}

static int
take_over(struct ctl *ctl, const char *kind, const struct buf *file)
{
	struct buf path = {0};
	json_t *answer = NULL;
	int code;

	buf_printf(&path, "/v1/import/%s", kind);
	if (args_has(ctl, "--yes") && strcmp(kind, "contacts") == 0)
		query_add(&path, "yes", "1");
	code = post_file(ctl, path.data, file, LOST_IMPORT, &answer);
	buf_fini(&path);
	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return ctl_json(answer);
	print_done(ctl, kind, answer);
	json_decref(answer);
	return CTL_OK;
}

/* -- what it would do -- */

static void
import_path(struct buf *out, json_t *preview, const char *part)
{
	char path[64];

	snprintf(path, sizeof(path), "/v1/imports/%lld%s",
		 (long long)member_int(preview, "id"), part);
	buf_puts(out, path);
}

/* Not words.c: "active" is an alert's there. */
static const char *
field_word(const struct ctl *ctl, const char *name)
{
	static const struct {
		const char *name, *en, *zh;
	} words[] = {
		{"name", "name", "姓名"},
		{"lang", "language", "语言"},
		{"lang_said", "language said", "已填语言"},
		{"active", "active", "在用"},
		{"numbers", "numbers", "号码"},
		{"posts", "posts", "岗位"},
		{"role", "role", "角色"},
		{"division", "division", "区划"},
		{"from", "from", "开始"},
		{"to", "to", "结束"},
		{"tags", "tags", "标签"},
		{"area", "area", "范围"},
		{"seat", "seat", "驻地"},
	};

	for (size_t i = 0; name && i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(words[i].name, name) == 0)
			return say(ctl, words[i].en, words[i].zh);
	return name;
}

static const char *
value_word(const struct ctl *ctl, json_t *field, const char *side)
{
	const char *name = member_text(field, "field"), *value = member_text(field, side);

	if (!name || !value ||
	    (strcmp(name, "active") != 0 && strcmp(name, "lang_said") != 0))
		return value;
	return strcmp(value, "yes") == 0 ? say(ctl, "yes", "是") : say(ctl, "no", "否");
}

static void
field_row(const struct ctl *ctl, json_t *row, json_t *field, bool first, struct grid *t)
{
	grid_cell(t, first ? member_text(row, "key") : " ");
	grid_cell(t, first ? member_text(row, "name") : " ");
	grid_cell(t, field_word(ctl, member_text(field, "field")));
	grid_cell(t, value_word(ctl, field, "old"));
	grid_cell(t, value_word(ctl, field, "new"));
}

/* Rows of one kind of change, the first of them. */
static int
put_rows(struct ctl *ctl, json_t *preview, const char *change, const char *heading,
	 struct buf *out)
{
	const char *const titles[] = {
		say(ctl, "ref", "编号"),     say(ctl, "name", "姓名"),
		say(ctl, "field", "项目"),   say(ctl, "now", "现为"),
		say(ctl, "will be", "改为"), NULL};
	bool whole = strcmp(change, "changed") == 0, more = false;
	size_t max = 0, i, k;
	json_t *rows = NULL, *row, *field;
	struct buf path = {0};
	struct err err = {0};
	struct grid t;
	int code = limit_option(ctl, 20, &max);

	if (code != CTL_OK || !member_int(preview, change))
		return code;
	import_path(&path, preview, "/rows");
	query_add(&path, "change", change);
	if (args_has(ctl, "--unmasked"))
		query_add(&path, "unmasked", "1");
	code = client_pages(ctl, path.data, "rows", max, &rows, &more, &err);
	buf_fini(&path);
	if (code != CTL_OK)
		return client_failed(ctl, code, rows, &err);
	buf_printf(out, "%s\n", heading);
	grid_init(&t, 0, titles);
	json_array_foreach(rows, i, row) json_array_foreach(
		json_object_get(row, "fields"), k,
		field) if (whole || strcmp(member_text(field, "field"), "posts") == 0 ||
			   !json_object_get(preview, "inside"))
		field_row(ctl, row, field, whole ? k == 0 : true, &t);
	grid_put(&t, out, 2, screen_width());
	grid_fini(&t);
	if (more)
		buf_puts(out, say(ctl, "  … and more: --limit N\n",
				  "  … 还有更多:--limit 行数\n"));
	json_decref(rows);
	return CTL_OK;
}

/* What a preview within a place finds lost is so with --replace. */
static bool
is_lost_told(const struct ctl *ctl)
{
	return args_has(ctl, "--replace") || !args_has(ctl, "--within");
}

static void
put_lost(const struct ctl *ctl, json_t *preview, struct buf *out)
{
	json_t *one;
	size_t i;

	if (!member_int(preview, "lost") || !is_lost_told(ctl))
		return;
	buf_printf(out,
		   say(ctl,
		       "! %lld places of open alerts would have nobody left to call:",
		       "! %lld处正在叫应的地方将无人可叫:"),
		   (long long)member_int(preview, "lost"));
	json_array_foreach(json_object_get(preview, "lost_at"), i, one) buf_printf(
		out, "%s%s", i ? say(ctl, ", ", "、") : " ", member_text(one, "name"));
	buf_puts(out, "\n");
}

static void
put_missing(const struct ctl *ctl, const char *kind, json_t *preview, struct buf *out)
{
	long long missing = (long long)member_int(preview, "missing");
	const char *within = member_text(preview, "within");

	if (!missing)
		return;
	if (strcmp(kind, "geometry") == 0) {
		buf_printf(out,
			   say(ctl,
			       "%lld places would still have no shape; an area on the map "
			       "finds them by the place above only\n",
			       "仍有%lld处没有范围,地图上的区域只能通过其上级找到它们\n"),
			   missing);
		return;
	}
	if (args_has(ctl, "--replace"))
		buf_printf(out,
			   say(ctl,
			       "! %lld of the %lld people of %s are not in the file, and "
			       "lose their posts there\n",
			       "! 文件里没有的有%lld人(该地区共%lld人),他们将失去在 %s "
			       "的岗位\n"),
			   missing, (long long)member_int(preview, "inside"), within);
	else
		buf_printf(out,
			   say(ctl, "%lld are not in the file; they stay as they are\n",
			       "文件里没有的有%lld个,保持不变\n"),
			   missing);
}

static int
put_preview(struct ctl *ctl, const char *kind, json_t *preview, struct buf *out)
{
	int code;

	buf_printf(out, "%s: ", word(ctl, kind));
	put_counts(ctl, preview, out);
	buf_puts(out, "\n");
	code = put_rows(ctl, preview, "changed", say(ctl, "changed:", "变更:"), out);
	put_missing(ctl, kind, preview, out);
	if (code == CTL_OK && member_text(preview, "within"))
		code = put_rows(ctl, preview, "missing",
				say(ctl, "not in the file:", "文件里没有:"), out);
	put_lost(ctl, preview, out);
	return code;
}

/* -- and then -- */

static void
drop(struct ctl *ctl, json_t *preview)
{
	struct buf path = {0};
	struct client_request q = {.method = "DELETE"};
	struct err err = {0};
	json_t *answer = NULL;

	import_path(&path, preview, "");
	q.path = path.data;
	client_ask(ctl, &q, &answer, &err); /* it goes by itself within the hour */
	json_decref(answer);
	buf_fini(&path);
}

/* What is only added hurts nothing, and a pasted command must not be taken for the
 * answer. */
static bool
is_to_be_asked(const struct ctl *ctl, json_t *preview)
{
	return member_int(preview, "changed") ||
	       (args_has(ctl, "--replace") && member_int(preview, "missing"));
}

static bool
is_wanted(const struct ctl *ctl)
{
	char line[16] = "";

	fputs(say(ctl, "import this? [y/N] ", "确认导入?[y/N] "), stdout);
	fflush(stdout);
	return fgets(line, sizeof(line), stdin) &&
	       (strcmp(line, "y\n") == 0 || strcmp(line, "Y\n") == 0 ||
		strcmp(line, "yes\n") == 0 || strcmp(line, "是\n") == 0);
}

static bool
is_under_way(json_t *answer)
{
	const char *state = member_text(answer, "state");

	return state && strcmp(state, "applying") == 0;
}

/* gongd went away in the middle.  It goes on with what it had begun, and begins what it
 * had not: asking again does no harm, and tells how far it is. */
static int
ask_again(struct ctl *ctl, const struct client_request *q, json_t **answer,
	  struct err *err)
{
	int code = CTL_NOT_REACHED;

	for (int i = 0; i < LOOKS; i++) {
		json_decref(*answer);
		*answer = NULL;
		sleep(1);
		code = client_ask(ctl, q, answer, err);
		if (code == CTL_REFUSED || (code == CTL_OK && !is_under_way(*answer)))
			break;
	}
	return code;
}

static int
apply(struct ctl *ctl, json_t *preview, bool yes, json_t **answer)
{
	struct buf path = {0};
	json_t *body =
		json_pack("{s:b,s:b}", "replace", args_has(ctl, "--replace"), "yes", yes);
	char *text = json_dumps(body, JSON_COMPACT);
	struct client_request q = {.body = text, .len = strlen(text), .wait_s = APPLY_S,
				    .lost = LOST_IMPORT};
	struct err err = {0};
	int code;

	import_path(&path, preview, "/apply");
	q.path = path.data;
	code = client_ask(ctl, &q, answer, &err);
	if (code == CTL_NOT_REACHED || (code == CTL_OK && is_under_way(*answer)))
		code = ask_again(ctl, &q, answer, &err);
	if (code == CTL_OK && is_under_way(*answer)) {
		err_say(&err, REFUSED_BUSY, about(CONCEPT_NONE), import_other_runs,
			NUM(member_int(preview, "id")));
		code = CTL_NOT_REACHED;
	}
	if (code != CTL_OK)
		code = client_failed(ctl, code, *answer, &err);
	if (code == CTL_REFUSED)
		drop(ctl, preview);
	buf_fini(&path);
	free(text);
	json_decref(body);
	return code;
}

static int
applied(struct ctl *ctl, const char *kind, json_t *preview, bool yes)
{
	json_t *answer = NULL;
	int code = apply(ctl, preview, yes, &answer);

	if (code != CTL_OK)
		return code;
	if (ctl->json)
		return ctl_json(answer);
	print_done(ctl, kind, answer);
	json_decref(answer);
	return CTL_OK;
}

/* `asks`: somebody sits there. */
static int
show_first(struct ctl *ctl, const char *kind, const struct buf *file, bool asks)
{
	bool yes = args_has(ctl, "--yes"), only = args_has(ctl, "--dry-run");
	struct buf path = {0}, out = {0};
	json_t *preview = NULL;
	int code;

	buf_printf(&path, "/v1/import/%s", kind);
	query_add(&path, "preview", "1");
	if (args_has(ctl, "--within"))
		query_add(&path, "within", args_value(ctl, "--within"));
	code = post_file(ctl, path.data, file, LOST_LOOKING, &preview);
	buf_fini(&path);
	if (code != CTL_OK)
		return code;
	if (!ctl->json)
		code = put_preview(ctl, kind, preview, &out);
	ctl_print(&out);
	if (code == CTL_OK && !only && asks && !yes && is_to_be_asked(ctl, preview)) {
		only = !is_wanted(ctl);
		yes = is_lost_told(ctl); /* to what was shown only */
		if (only)
			puts(say(ctl, "nothing was changed", "未作任何改动"));
	}
	if (code == CTL_OK && !only) {
		code = applied(ctl, kind, preview, yes);
		json_decref(preview);
		return code;
	}
	drop(ctl, preview);
	if (ctl->json && code == CTL_OK)
		return ctl_json(preview);
	json_decref(preview);
	return code;
}

int
import_list(struct ctl *ctl)
{
	const char *kind = strchr(ctl->command->words, ' ') + 1;
	bool asks = !ctl->json && strcmp(ctl->operands[0], "-") != 0 &&
		    isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
		    !args_has(ctl, "--yes");
	struct buf file = {0};
	int code;

	if (args_has(ctl, "--replace") && !args_has(ctl, "--within"))
		return ctl_usage(
			ctl,
			say(ctl,
			    "--replace needs --within CODE: of which place is the file "
			    "the whole list?",
			    "--replace 需要 --within 区划:文件是哪个地区的完整名单?"));
	code = read_file(ctl, ctl->operands[0], &file);
	if (code == CTL_OK)
		code = strcmp(kind, "geometry") == 0 ? geometry_as_csv(ctl, &file)
						     : workbook_as_csv(ctl, &file);
	if (code == CTL_OK)
		code = asks || args_has(ctl, "--dry-run") || args_has(ctl, "--within")
			       ? show_first(ctl, kind, &file, asks)
			       : take_over(ctl, kind, &file);
	buf_fini(&file);
	return code;
}
