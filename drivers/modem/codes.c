/* codes.c -- the table of refusals.  What makers add beyond 3GPP (512 and above) is here only where
 * several report it as passing. */
#include "drivers/modem/codes.h"

#include <stddef.h>
#include <stdio.h>

#include "core/phrase.h"

struct range {
	int first, last;
	enum speaks_of of;
	const char *text;		/* a phrase */
};

static const struct range cms[] = {
	{ 1, 1, OF_NUMBER, WORD(code_unassigned) },
	{ 8, 8, OF_SENDER, WORD(code_operator_barred) },
	{ 10, 10, OF_SENDER, WORD(code_barred) },
	{ 21, 21, OF_NOBODY, WORD(code_rejected) },
	{ 22, 22, OF_MOMENT, WORD(code_capacity) },
	{ 27, 27, OF_NUMBER, WORD(code_out_of_service) },
	{ 28, 28, OF_SENDER, WORD(code_unidentified) },
	{ 29, 29, OF_NUMBER, WORD(code_facility) },
	/* of the sender or of the number: the standard allows both */
	{ 30, 30, OF_NOBODY, WORD(code_unknown_subscriber) },
	{ 38, 38, OF_MOMENT, WORD(code_out_of_order) },
	{ 41, 41, OF_MOMENT, WORD(code_temporary) },
	{ 42, 42, OF_MOMENT, WORD(code_congestion) },
	{ 47, 47, OF_MOMENT, WORD(code_resources) },
	{ 50, 50, OF_SENDER, WORD(code_not_in_contract) },
	{ 69, 69, OF_SENDER, WORD(code_not_offered) },
	{ 81, 81, OF_MOMENT, WORD(code_reference) },
	{ 98, 98, OF_MOMENT, WORD(code_link_state) },
	{ 127, 127, OF_NOBODY, WORD(code_interworking) },
	{ 128, 159, OF_NOBODY, WORD(code_coding) },
	{ 160, 191, OF_NOBODY, WORD(code_tpdu) },
	{ 192, 192, OF_MOMENT, WORD(code_centre_busy) },
	{ 193, 193, OF_SENDER, WORD(code_no_subscription) },
	{ 194, 194, OF_MOMENT, WORD(code_centre_failed) },
	{ 195, 195, OF_NUMBER, WORD(code_invalid_number) },
	{ 196, 196, OF_NUMBER, WORD(code_number_barred) },
	{ 197, 197, OF_DOUBT, WORD(code_duplicate) },
	{ 211, 212, OF_MOMENT, WORD(code_sim_full) },
	{ 300, 302, OF_MOMENT, WORD(code_not_now) },
	{ 305, 305, OF_MODE, WORD(code_text_mode) },
	{ 310, 313, OF_SENDER, WORD(code_sim_missing) },
	{ 314, 314, OF_MOMENT, WORD(code_sim_busy) },
	{ 315, 318, OF_SENDER, WORD(code_sim_wrong) },
	{ 320, 320, OF_MOMENT, WORD(code_memory) },
	{ 322, 322, OF_MOMENT, WORD(code_memory_full) },
	{ 330, 330, OF_SENDER, WORD(code_no_centre) },
	{ 331, 331, OF_NETWORK, WORD(code_no_service) },
	{ 332, 332, OF_DOUBT, WORD(code_timeout) },
	{ 350, 350, OF_MOMENT, WORD(code_radio) },
	{ 500, 500, OF_DOUBT, WORD(code_unknown_error) },
	{ 512, 513, OF_MOMENT, WORD(code_radio) },
	{ 515, 515, OF_MOMENT, WORD(code_starting_or_busy) },
}, cme[] = {
	{ 10, 13, OF_SENDER, WORD(code_sim_missing) },
	{ 14, 14, OF_MOMENT, WORD(code_sim_busy) },
	{ 15, 18, OF_SENDER, WORD(code_sim_wrong) },
	{ 20, 20, OF_MOMENT, WORD(code_memory_full) },
	{ 30, 30, OF_NETWORK, WORD(code_no_service) },
	{ 31, 31, OF_DOUBT, WORD(code_timeout) },
	{ 32, 32, OF_NETWORK, WORD(code_emergency_only) },
	{ 100, 100, OF_DOUBT, WORD(code_unknown_error) },
	{ 515, 515, OF_MOMENT, WORD(code_starting) },
};

static const struct range *
row_of(const struct range *rows, size_t count, int code)
{
	for (size_t i = 0; i < count; i++)
		if (code >= rows[i].first && code <= rows[i].last)
			return &rows[i];
	return NULL;
}

struct refusal
refusal_of(int code, bool is_cme)
{
	const struct range *row = is_cme ? row_of(cme, sizeof(cme) / sizeof(cme[0]), code)
					 : row_of(cms, sizeof(cms) / sizeof(cms[0]), code);
	struct refusal r = { .of = row ? row->of : OF_NOBODY, .code = CODE_NONE };

	if (code < 0) {
		snprintf(r.reason, sizeof(r.reason), "%s", WORD(code_none));
		return r;
	}
	r.code = is_cme ? CODE_CME + code : code;
	snprintf(r.reason, sizeof(r.reason), "%s", SAID(code_of_modem, is_cme ? "CME" : "CMS", NUM(code),
		 row ? row->text : WORD(code_elsewhere)));
	return r;
}
