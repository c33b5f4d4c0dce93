/* operand.c -- what a command is about: a number, or an alert by its number or code. */
#include "ctl/ctl.h"

#include "core/number.h"
#include "core/reply.h"

int
id_operand(struct ctl *ctl, msec *out)
{
	const char *text = ctl->operands[0];

	if (whole_parse(out, text, 1, INT64_MAX) < 0)
		return ctl_usage(ctl,
				 say(ctl,
				     "ID \"%s\" is not a number; gongctl task list and "
				     "gongctl inbox show them",
				     "编号 \"%s\" 不是数字;见 gongctl task list 或 "
				     "gongctl inbox"),
				 text);
	return CTL_OK;
}

bool
alert_parse(msec *out, const char *text)
{
	uint64_t number;

	if (whole_parse(out, text, 1, INT64_MAX) == 0)
		return true;
	if (!code_parse(&number, text) || number > INT64_MAX)
		return false;
	*out = (msec)number;
	return true;
}

int
alert_operand(struct ctl *ctl, msec *out)
{
	if (alert_parse(out, ctl->operands[0]))
		return CTL_OK;
	return ctl_usage(ctl,
			 say(ctl,
			     "ID \"%s\" is not a number, nor a code such as K7; gongctl "
			     "alert list shows them",
			     "编号 \"%s\" 既不是数字,也不是单号(如 K7);见 gongctl alert "
			     "list"),
			 ctl->operands[0]);
}
