/* provider_mix.c -- what goes wrong at a provider, a kind a row, drawn from a seed. */
#include <string.h>

#include "tests/sim/provider.h"

static const struct fault faults[] = {
	/* Left in doubt: some were taken, some were not, and the answer does not tell. */
	{ "5xx", WAY_WHOLE, FATE_TAKEN, 0.5, 503, NULL, NULL, "{\"code\":503}" },
	{ "reset", WAY_RESET, FATE_TAKEN, 0.5, 0, NULL, NULL, NULL },
	{ "silent", WAY_SILENT, FATE_TAKEN, 0.5, 0, NULL, NULL, NULL },
	{ "half", WAY_HALF, FATE_TAKEN, 0, 200, NULL, NULL, NULL },
	{ "not-json", WAY_WHOLE, FATE_TAKEN, 0.5, 200, NULL, NULL, "<html>gateway</html>" },
	/* Taken, and said so in an odd way. */
	{ "drip", WAY_DRIP, FATE_TAKEN, 0, 200, NULL, NULL, NULL },
	{ "type", WAY_WHOLE, FATE_TAKEN, 0, 200, "text/html", NULL, NULL },
	/* Refused. */
	{ "302", WAY_WHOLE, FATE_REFUSED, 0, 302, "text/html", "/login", "<a href=/login>log in</a>" },
	{ "429", WAY_WHOLE, FATE_REFUSED, 0, 429, NULL, NULL, "{\"code\":429}" },
	{ "one", WAY_WHOLE, FATE_ONE_REFUSED, 0, 200, NULL, NULL, NULL },
};
enum { FAULTS = sizeof(faults) / sizeof(faults[0]) };

static uint64_t dice;
static double share;
static const struct fault *chosen[FAULTS];
static size_t chosen_count;

void
dice_init(uint64_t seed)
{
	dice = (seed + 1) * 0x9e3779b97f4a7c15u;
}

double
chance(void)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (double)(dice >> 11) / 9007199254740992.0;
}

bool
happens(double ratio)
{
	return ratio > 0 && chance() < ratio;
}

static bool
choose(const char *name)
{
	for (size_t i = 0; i < FAULTS; i++) {
		if (strcmp(faults[i].name, name) != 0)
			continue;
		if (chosen_count == FAULTS)
			return false;
		chosen[chosen_count++] = &faults[i];
		return true;
	}
	return false;
}

bool
mix_parse(const char *text)
{
	char *copy = xstrdup(text), *rest = copy, *name;
	char *ratio = strsep(&rest, ":"), *end;
	bool ok = true;

	share = strtod(ratio, &end);
	ok = *ratio && !*end && share >= 0 && share <= 1;
	while (ok && (name = strsep(&rest, ",")))
		ok = choose(name);
	free(copy);
	for (size_t i = 0; ok && !strchr(text, ':') && i < FAULTS; i++)
		chosen[chosen_count++] = &faults[i];
	return ok && chosen_count > 0;
}

const struct fault *
mix_draw(enum fate *fate)
{
	const struct fault *fault;

	*fate = FATE_TAKEN;
	if (!happens(share))
		return NULL;
	fault = chosen[(size_t)(chance() * (double)chosen_count)];
	*fate = happens(fault->lost) ? FATE_LOST : fault->fate;
	return fault;
}
