/* fuzz_csv.c -- any bytes as an imported file, fed in pieces; the first byte says which kind. */
#include "tests/fuzz/fuzz.h"

#include "daemon/intake/intake.h"

static struct settings *
site(void)
{
	static char warner[] = "warner", officer[] = "duty_officer";
	static struct role roles[] = { { .name = warner, .tier = TIER_VILLAGE },
				       { .name = officer, .tier = TIER_COUNTY, .duty = true } };
	static struct settings s = { .roles = roles, .role_count = 2, .policy_divisor = 1, .refs = 1,
				     .phone_plan = { "86", "" } };

	return &s;
}

/* Every fault has its row and says why. */
static void
told(const struct faults *faults)
{
	promise(faults->count && faults->total >= faults->count, "a refused file says why");
	for (size_t i = 0; i < faults->count; i++) {
		char detail[512];

		said_render(&faults->list[i].said, LANG_ZH, detail, sizeof(detail));
		promise(detail[0] && faults->list[i].about.index > 0, "a fault has its row and its reason");
		promise(!i || faults->list[i - 1].about.index <= faults->list[i].about.index,
			"faults are told by their rows");
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = size > 1 ? 1 + data[1] % 97 : 1;
	struct command *c = command_new(CMD_IMPORT, -1);
	struct csv_intake *csv;
	int status = 0;

	if (!size) {
		command_free(c);
		return 0;
	}
	csv = csv_intake_new((enum import_kind)(data[0] % 3), site());
	for (size_t at = 1; at < size && !status; at += piece)
		status = csv_intake_feed(csv, data + at, size - at < piece ? size - at : piece);
	if (!status)
		status = csv_intake_finish(csv, &c->import);
	if (status)
		told(csv_intake_faults(csv));
	else
		promise(c->import, "a file that is read gives rows");
	if (c->import && c->import->faults.total)
		told(&c->import->faults);
	csv_intake_free(csv);
	command_free(c);
	return 0;
}
