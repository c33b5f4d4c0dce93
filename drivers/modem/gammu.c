/* gammu.c -- starts libGammu, submits parts, asks for health. */
#include "drivers/modem/gammu.h"

#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/kit/kit.h"

static void
on_result(GSM_StateMachine *s, int status, int mr, void *arg)
{
	struct gammu *g = arg;

	g->has_result = true;
	g->status = status;
	g->mr = mr;
	g->is_cme = tty_is_cme(g->conf.tty);
}

static void
on_log(const char *text, void *arg)
{
	fputs(text, stderr);
}

void
gammu_setup(struct gammu *g, struct worker *worker, const struct worker_conf *conf)
{
	g->worker = worker;
	g->conf = *conf;
	g->sms = xcalloc(1, sizeof(*g->sms));
}

static void
disconnect(struct gammu *g)
{
	if (!g->machine)
		return;
	/* Also after a failed start: otherwise every later one fails with DEVICEOPENERROR. */
	GSM_TerminateConnection(g->machine);
	GSM_FreeStateMachine(g->machine);
	g->machine = NULL;
	g->connected = false;
}

static GSM_Error
connect_modem(struct gammu *g)
{
	GSM_Config *conf;
	GSM_Error error;

	g->machine = GSM_AllocStateMachine();
	if (!g->machine)
		return ERR_MOREMEMORY;
	conf = GSM_GetConfig(g->machine, 0);
	memset(conf, 0, sizeof(*conf));
	conf->Device = xstrdup(tty_slave(g->conf.tty));		/* libGammu frees these */
	conf->Connection = xstrdup("dku2at");
	conf->DebugFile = xstrdup("");
	snprintf(conf->Model, sizeof(conf->Model), "at");
	snprintf(conf->DebugLevel, sizeof(conf->DebugLevel), "%s",
		 g->conf.debug ? "textall" : "nothing");
	for (size_t i = 0; i < sizeof(conf->CNMIParams) / sizeof(conf->CNMIParams[0]); i++)
		conf->CNMIParams[i] = -1;
	conf->CNMIParams[3] = 1;	/* receipts by +CDS: whole, and no memory to run full */
	GSM_SetConfigNum(g->machine, 1);
	error = GSM_InitConnection_Log(g->machine, 1, on_log, NULL);
	g->connected = error == ERR_NONE;
	return error;
}

static void
fatal(struct report *end, bool retry, const char *what, GSM_Error error)
{
	end->verdict = VERDICT_FATAL;
	end->retry = retry;
	snprintf(end->refusal.reason, sizeof(end->refusal.reason), "%s%s%s", what,
		 error == ERR_NONE ? "" : ": ", error == ERR_NONE ? "" : GSM_ErrorString(error));
}

/* Never twice with the same wrong PIN: the third try locks the SIM. */
static bool
unlock_sim(struct gammu *g, struct report *end)
{
	GSM_SecurityCode code = { .Type = SEC_Pin };
	GSM_SecurityCodeType state;
	GSM_Error error = GSM_GetSecurityStatus(g->machine, &state);

	if (error == ERR_NOTSUPPORTED || (error == ERR_NONE && state == SEC_None))
		return true;
	if (error != ERR_NONE) {
		fatal(end, true, "cannot ask whether the SIM wants a PIN", error);
	} else if (state != SEC_Pin) {
		fatal(end, false, "the SIM is locked by more than its PIN; unlock it in a phone",
		      ERR_NONE);
	} else if (!g->conf.pin) {
		fatal(end, false, "the SIM wants its PIN; set option `pin`", ERR_NONE);
	} else {
		snprintf(code.Code, sizeof(code.Code), "%s", g->conf.pin);
		error = GSM_EnterSecurityCode(g->machine, &code);
		if (error == ERR_NONE)
			return true;
		fatal(end, false, "the SIM refused its PIN; correct option `pin`", error);
	}
	return false;
}

static GSM_Error
read_smsc(struct gammu *g)
{
	GSM_SMSC *smsc = xcalloc(1, sizeof(*smsc));
	GSM_Error error;
	char *number;

	smsc->Location = 1;
	error = GSM_GetSMSC(g->machine, smsc);
	if (error == ERR_NONE) {
		number = sms_number(smsc->Number, sizeof(smsc->Number) / 2);
		snprintf(g->smsc, sizeof(g->smsc), "%s", number);
		free(number);
	}
	free(smsc);
	return error;
}

/* The configured number wins; else the SIM's, which CSCA may refuse to name while it is locked. */
static bool
find_smsc(struct gammu *g, struct report *end)
{
	GSM_Error error;

	if (g->conf.smsc) {
		snprintf(g->smsc, sizeof(g->smsc), "%s", g->conf.smsc);
		return true;
	}
	error = read_smsc(g);
	if (error != ERR_NONE && !g->conf.pin) {
		if (!unlock_sim(g, end))
			return false;
		error = read_smsc(g);
	}
	if (error == ERR_NONE && g->smsc[0])
		return true;
	fatal(end, true, "the SIM names no service centre; set option `smsc`", error);
	return false;
}

static void
run_init(struct gammu *g, struct report *end)
{
	struct report ready = { .kind = REPORT_READY };
	GSM_Error error;

	disconnect(g);
	error = connect_modem(g);
	if (error != ERR_NONE) {
		fatal(end, true, "the modem does not answer", error);
		return;
	}
	if (g->conf.pin && !unlock_sim(g, end))
		return;
	if (!find_smsc(g, end))
		return;
	GSM_SetSendSMSStatusCallback(g->machine, on_result, g);
	GSM_SetIncomingSMSCallback(g->machine, gammu_incoming, g);
	error = GSM_SetIncomingSMS(g->machine, TRUE);
	if (error != ERR_NONE)
		kit_log("modem announces no incoming messages, they are polled reason=\"%s\"",
			GSM_ErrorString(error));
	if (GSM_GetIMEI(g->machine, ready.text) != ERR_NONE)
		ready.text[0] = 0;
	worker_post(g->worker, &ready);
}

static void
end_unknown(struct report *end, const char *reason)
{
	end->verdict = VERDICT_UNKNOWN;
	end->must_init = true;		/* libGammu takes a later OK for the lost +CMGS */
	snprintf(end->refusal.reason, sizeof(end->refusal.reason), "%s", reason);
}

static void
end_rejected(struct report *end, const char *class, const char *reason)
{
	end->verdict = VERDICT_REJECTED;
	end->refusal.class = class;
	snprintf(end->refusal.reason, sizeof(end->refusal.reason), "%s", reason);
}

/* true: the network has this part, g->mr is its reference. */
static bool
submit(struct gammu *g, GSM_SMSMessage *sms, struct report *end)
{
	GSM_Error error;

	g->has_result = false;
	error = GSM_SendSMS(g->machine, sms);
	if (error == ERR_NONE) {
		worker_post(g->worker, &(struct report){ .kind = REPORT_SUBMITTED });
		while (!g->has_result)
			worker_wait(g->worker, false);
	}
	if (g->has_result && g->status == 0 && g->mr >= 0)
		return true;
	if (g->has_result && g->status == 0)
		end_unknown(end, "the modem said OK but no reference: sent or not, nobody knows");
	else if (g->has_result) {
		end->verdict = VERDICT_REJECTED;
		end->refusal = sms_refusal(g->status, g->is_cme);
	} else if (error == ERR_TIMEOUT) {
		end_rejected(end, "retry_other", "the modem gave no prompt for the message");
		end->is_mute = true;
	} else if (error == ERR_EMPTYSMSC) {
		end_rejected(end, "config", "no service centre number; set option `smsc`");
	} else {
		end_unknown(end, GSM_ErrorString(error));
	}
	return false;
}

/* Parts go back to back: operators drop a long message whose parts come minutes apart. */
static void
run_send(struct gammu *g, const struct job *job, struct report *end)
{
	struct outgoing *o = job->message;
	GSM_SMSMessage *sms = xcalloc(1, sizeof(*sms));
	msec now = kit_now(), validity = job->validity_ms;

	if (o->not_after != NEVER)
		validity = msec_min(validity, o->not_after - now);
	for (unsigned part = 0; part < o->plan.parts; part++) {
		if (!o->wanted[part])
			continue;
		if (o->not_after != NEVER && kit_now() >= o->not_after) {
			end_rejected(end, "retry", "its time is over (not_after)");
			break;
		}
		if (worker_must_stop(g->worker)) {
			end_rejected(end, "retry", "the driver is closing; parts are left");
			break;
		}
		sms_encode(sms, o, part, g->smsc, validity);
		if (!submit(g, sms, end))
			break;
		o->wanted[part] = 0;
		worker_post(g->worker, &(struct report){ .kind = REPORT_PART, .part = part + 1,
							 .ref = (unsigned)g->mr });
	}
	free(sms);
}

static void
run_health(struct gammu *g, struct report *end)
{
	struct report r = { .kind = REPORT_HEALTH };
	GSM_SMSMemoryStatus memory = { 0 };
	GSM_SignalQuality signal = { 0 };
	GSM_NetworkInfo network = { 0 };
	GSM_Error error = GSM_GetNetworkInfo(g->machine, &network);
	char *name;

	if (error == ERR_TIMEOUT) {
		end->verdict = VERDICT_REJECTED;
		end->is_mute = true;
		snprintf(end->refusal.reason, sizeof(end->refusal.reason),
			 "the modem does not say its network state");
		return;
	}
	r.health.registered = error == ERR_NONE && (network.State == GSM_HomeNetwork ||
						    network.State == GSM_RoamingNetwork);
	name = sms_number(network.NetworkName, sizeof(network.NetworkName) / 2);
	snprintf(r.health.operator, sizeof(r.health.operator), "%s",
		 *name ? name : network.NetworkCode);
	free(name);
	if (GSM_GetSignalQuality(g->machine, &signal) == ERR_NONE && signal.SignalStrength < 0) {
		r.health.has_signal = signal.SignalStrength > -114;
		r.health.signal_dbm = signal.SignalStrength;
	}
	if (GSM_GetSMSStatus(g->machine, &memory) == ERR_NONE) {
		r.health.used = memory.SIMUsed + memory.PhoneUsed;
		r.health.size = memory.SIMSize + memory.PhoneSize;
	}
	worker_post(g->worker, &r);
}

void
gammu_run(struct gammu *g, const struct job *job, struct report *end)
{
	switch (job->kind) {
	case JOB_INIT:
		run_init(g, end);
		break;
	case JOB_SEND:
		run_send(g, job, end);
		break;
	case JOB_LIST:
		gammu_list(g, end);
		break;
	case JOB_READ:
		gammu_read(g, job, end);
		break;
	case JOB_DELETE:
		gammu_delete(g, job, end);
		break;
	case JOB_HEALTH:
		run_health(g, end);
		break;
	}
}
