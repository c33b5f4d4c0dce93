/* faults.c -- all that is wrong with a file, as a table: a row's number once, what stands where, why
 * that cannot be, and how to mend it. */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>

static void
fault_cells(json_t *fault, msec *row, struct grid *t)
{
	msec line = member_int(fault, "line");

	if (line == *row)
		grid_cell(t, " ");
	else
		grid_cellf(t, "%lld", (long long)line);
	*row = line;
	grid_cell(t, member_text(fault, "column"));
	grid_cell(t, member_text(fault, "value"));
	grid_cell(t, member_text(fault, "detail"));
}

static void
put_table(const struct ctl *ctl, json_t *problem, struct buf *out)
{
	const char *const titles[] = { say(ctl, "row", "行"), say(ctl, "column", "列"),
				       say(ctl, "value", "内容"),
				       say(ctl, "what is wrong, and the remedy", "问题与改法"), NULL };
	json_t *faults = json_object_get(problem, "faults"), *fault;
	long long listed = (long long)json_array_size(faults);
	long long total = (long long)member_int(problem, "fault_count");
	struct grid t;
	msec row = 0;
	size_t i;

	grid_init(&t, 1, titles);
	json_array_foreach(faults, i, fault)
		fault_cells(fault, &row, &t);
	grid_put(&t, out, 0, 0);
	grid_fini(&t);
	if (total > listed)
		buf_printf(out, say(ctl, "… and %lld more; mend these and import again\n",
				    "……另有%lld处;请改好以上各处后重新导入\n"),
			   total - listed);
}

int
faults_failed(struct ctl *ctl, int code, json_t *problem, const struct err *err)
{
	struct buf out = { 0 };

	if (ctl->json || json_array_size(json_object_get(problem, "faults")) < 2)
		return client_failed(ctl, code, problem, err);
	buf_printf(&out, say(ctl, "gongctl: nothing was imported; %lld faults in the file:\n",
			     "gongctl: 未导入任何内容;文件中有%lld处问题:\n"),
		   (long long)member_int(problem, "fault_count"));
	put_table(ctl, problem, &out);
	fputs(out.data, stderr);
	buf_fini(&out);
	json_decref(problem);
	return code;
}
