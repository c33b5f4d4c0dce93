/* modem_power.c -- the simulated modem's power: plugged in and out, reset by command or by
 * itself, hung.  A reset forgets every setting and every answer on its way, as real modems do;
 * what the network holds stays there. */
#include <stdlib.h>

#include "tests/sim/modem.h"

/* Time for the OK of +CFUN=1,1 to leave before the line goes dead. */
#define LAST_WORDS_MS 20

bool
power_deaf(const struct modem *m)
{
	return m->booting || m->hang == HANG_HARD ||
	       (m->muted_until && now_ms() < m->muted_until);
}

/* Freshly powered: nothing of the time before is left in the modem itself. */
static void
power_fresh(struct modem *m)
{
	m->boots++;
	m->booting = m->busy = false;
	m->reply_drop = false;
	m->reply_late_ms = 0;
	m->hang = HANG_NONE;
	m->speaking = false;
	sms_forget_acknowledgement(m);
	at_reset(m);
	m->cmgf = m->text_stuck;
	if (m->loses_smsc && m->boots > 1)
		*m->smsc = 0;
	sim_power(m);
	for (int i = 0; i < 3; i++)
		m->mem[i] = MEMORY_SM;
}

int
power_plug(struct modem *m, const char *link)
{
	if (m->port[0].tty)
		power_unplug(m);
	if (ports_open(m, link))
		return -1;
	m->plugs++;
	m->stalled = false;
	power_fresh(m);
	sms_hand_over(m);
	return 0;
}

void
power_unplug(struct modem *m)
{
	m->boots++;			/* whatever was booting does so no more */
	call_hang_up(m);
	ports_close(m);
}

static void
power_banner(struct modem *m)
{
	tty_line(m, "RDY");
	tty_line(m, "+CFUN: 1");
	tty_line(m, "+CPIN: %s", sim_state(m));
	if (!sim_ready(m))
		return;
	tty_line(m, "Call Ready");
	tty_line(m, "SMS Ready");
}

struct boot {
	unsigned boots;
	char link[];			/* where the tty comes back; "" = it never went */
};

static void
power_up(struct modem *m, void *arg)
{
	const struct boot *boot = arg;

	if (boot->boots != m->boots)
		return;
	if (*boot->link) {
		power_plug(m, boot->link);
		return;
	}
	power_fresh(m);
	power_banner(m);
	sms_hand_over(m);
}

/* Where a stick comes back: under its name, or by turns under the other one. */
static const char *
power_next_link(const struct modem *m)
{
	const char *other = m->o.reenumerate;

	if (!other)
		return "";
	if (!strcmp(other, "same"))
		return m->port[0].link;
	return strcmp(m->port[0].link, other) ? other : m->o.link;
}

void
power_reset(struct modem *m, int ms)
{
	const char *link = m->port[0].link ? power_next_link(m) : "";
	struct boot *boot;

	if (!m->port[0].tty)
		return;
	boot = xcalloc(1, sizeof(*boot) + strlen(link) + 1);
	strcpy(boot->link, link);
	call_hang_up(m);
	if (*link)
		power_unplug(m);
	tty_forget(m);
	m->plugs++;			/* nobody hears of what is in the air */
	m->busy = false;
	m->booting = true;
	boot->boots = ++m->boots;
	modem_later(m, ms, power_up, boot);
}

static void
reset_due(struct modem *m, void *arg)
{
	if (*(unsigned *)arg == m->boots)
		power_reset(m, m->o.boot_ms);
}

void
power_reset_soon(struct modem *m)
{
	unsigned *boots;

	if (!m->o.boot_ms && !m->o.reenumerate) {
		power_fresh(m);
		return;
	}
	boots = xmalloc(sizeof(*boots));
	*boots = m->boots;
	modem_later(m, LAST_WORDS_MS, reset_due, boots);
}

/* --- the tester's hand -------------------------------------------------------------- */

static bool
mute(struct modem *m, const char *args)
{
	int ms;

	if (!control_number(&args, &ms, 0, 86400000))
		return false;
	m->muted_until = now_ms() + ms;
	return true;
}

static bool
unplug(struct modem *m, const char *args)
{
	power_unplug(m);
	return true;
}

static bool
replug(struct modem *m, const char *args)
{
	return !power_plug(m, *args ? args : m->o.link);
}

static bool
reset(struct modem *m, const char *args)
{
	int ms = m->o.boot_ms;

	if (*args && !control_number(&args, &ms, 0, 86400000))
		return false;
	modem_log_fault(m, "reset", NULL);
	power_reset(m, ms);
	return m->port[0].tty || m->booting;
}

static bool
hang(struct modem *m, const char *args)
{
	if (strcmp(args, "soft") && strcmp(args, "hard"))
		return false;
	m->hang = strcmp(args, "soft") ? HANG_HARD : HANG_SOFT;
	return true;
}

static bool
revive(struct modem *m, const char *args)
{
	m->hang = HANG_NONE;
	return true;
}

const struct control power_controls[] = {
	{ "mute", mute, "MS" },
	{ "unplug", unplug, "" },
	{ "replug", replug, "[PATH], a path that is free" },
	{ "reset", reset, "[MS], while plugged in" },
	{ "hang", hang, "soft|hard" },
	{ "unhang", revive, "" },
	{ "revive", revive, "" },
	{ 0 },
};
