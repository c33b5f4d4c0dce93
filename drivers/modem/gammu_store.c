/* gammu_store.c -- lists, reads and deletes stored messages through libGammu. */
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "drivers/kit/kit.h"
#include "drivers/modem/gammu.h"

static void
to_stored(struct stored *out, const GSM_SMSMessage *sms)
{
	const GSM_UDHHeader *udh = &sms->UDH;

	*out = (struct stored){
		.memory = sms->Memory, .location = sms->Location,
		.from = sms_number(sms->Number, sizeof(sms->Number) / 2),
		.at = sms_time(&sms->DateTime),
	};
	if (sms->PDU == SMS_Status_Report) {
		out->is_report = true;
		out->ref = sms->MessageReference;
		out->status = sms->DeliveryStatus;
		out->at = sms_time(&sms->SMSCTime);
		return;
	}
	out->text = sms_text(sms);
	if (udh->Type == UDH_NoUDH || udh->AllParts <= 1 || udh->PartNumber < 1)
		return;
	if (udh->ID8bit < 0 && udh->ID16bit < 0)
		return;
	/* Two references of different width are different references. */
	out->reference = udh->ID16bit >= 0 ? 0x10000u | (unsigned)udh->ID16bit
					   : (unsigned)udh->ID8bit;
	out->part = (unsigned)udh->PartNumber;
	out->of = (unsigned)udh->AllParts;
}

static void
stored_drop(struct stored *s)
{
	free(s->from);
	free(s->text);
}

static void
post_found(struct gammu *g, const GSM_SMSMessage *sms, bool is_direct)
{
	struct report r = { .kind = REPORT_FOUND, .is_direct = is_direct };

	to_stored(&r.stored, sms);
	worker_post(g->worker, &r);
}

/* Reports carried by +CDS come whole; +CMTI and +CDSI only say where to look, and some modems say
 * it wrong, so a hint makes us list, not read (but for the report memory, which is not listed). */
void
gammu_incoming(GSM_StateMachine *s, GSM_SMSMessage *sms, void *arg)
{
	struct gammu *g = arg;
	struct report hint = {
		.kind = REPORT_HINT, .memory = sms->Memory, .location = sms->Location,
	};

	if (sms->PDU == SMS_Status_Report && sms->Memory == MEM_SR && !sms->Number[1])
		worker_post(g->worker, &hint);
	else if (sms->PDU == SMS_Status_Report || sms->PDU == SMS_Deliver)
		post_found(g, sms, true);
	else
		worker_post(g->worker, &(struct report){ .kind = REPORT_HINT });
}

void
gammu_list(struct gammu *g, struct report *end)
{
	GSM_Error error = GSM_GetNextSMS(g->machine, g->sms, TRUE);

	for (; error == ERR_NONE; error = GSM_GetNextSMS(g->machine, g->sms, FALSE)) {
		GSM_SMSMessage *sms = &g->sms->SMS[0];

		if (sms->PDU == SMS_Deliver || sms->PDU == SMS_Status_Report)
			post_found(g, sms, false);
		sms->Folder = 0;	/* how libGammu wants its place in the list back */
	}
	if (error == ERR_EMPTY)
		return;
	end->verdict = VERDICT_REJECTED;
	end->is_mute = error == ERR_TIMEOUT;
	end->must_init = error == ERR_UNKNOWNRESPONSE;
	snprintf(end->refusal.reason, sizeof(end->refusal.reason), "listing messages: %s",
		 GSM_ErrorString(error));
}

static GSM_Error
fetch(struct gammu *g, int memory, int location)
{
	memset(&g->sms->SMS[0], 0, sizeof(g->sms->SMS[0]));
	g->sms->Number = 1;
	g->sms->SMS[0].Folder = 0;
	g->sms->SMS[0].Memory = (GSM_MemoryType)memory;
	g->sms->SMS[0].Location = location;
	return GSM_GetSMS(g->machine, g->sms);
}

void
gammu_read(struct gammu *g, const struct job *job, struct report *end)
{
	GSM_Error error = fetch(g, job->memory, job->location);
	GSM_SMSMessage *sms = &g->sms->SMS[0];

	if (error != ERR_NONE) {
		end->verdict = VERDICT_REJECTED;
		snprintf(end->refusal.reason, sizeof(end->refusal.reason),
			 "reading message %d: %s", job->location, GSM_ErrorString(error));
		return;
	}
	sms->Memory = (GSM_MemoryType)job->memory;
	sms->Location = job->location;
	post_found(g, sms, false);
}

/* A place may hold another message by now (the modem reuses places, people use phones): compare
 * before deleting, for what is deleted unseen is lost. */
void
gammu_delete(struct gammu *g, const struct job *job, struct report *end)
{
	GSM_Error error = fetch(g, job->memory, job->location);
	struct stored now;
	bool same;

	if (error == ERR_EMPTY || error == ERR_INVALIDLOCATION)
		return;				/* gone already */
	if (error == ERR_NONE) {
		to_stored(&now, &g->sms->SMS[0]);
		same = inbound_key(&now) == job->key;
		stored_drop(&now);
		if (!same) {
			kit_log("not deleted, another message lies there location=%d", job->location);
			return;
		}
		g->sms->SMS[0].Folder = 0;
		g->sms->SMS[0].Memory = (GSM_MemoryType)job->memory;
		g->sms->SMS[0].Location = job->location;
		error = GSM_DeleteSMS(g->machine, &g->sms->SMS[0]);
	}
	if (error == ERR_NONE || error == ERR_EMPTY)
		return;
	end->verdict = VERDICT_REJECTED;
	snprintf(end->refusal.reason, sizeof(end->refusal.reason), "deleting message %d: %s",
		 job->location, GSM_ErrorString(error));
}
