-- schema.sql: gong's state.  Integers everywhere a row may be one of a million.
-- Codes of states and kinds are those of core/words.h and core/message_state.h (append only).
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE division (
	code INTEGER PRIMARY KEY, name TEXT NOT NULL, params TEXT NOT NULL DEFAULT '{}',
	version INTEGER NOT NULL DEFAULT 1	-- grows with each writing
) STRICT;
-- Where a place lies: WKT in degrees, longitude first (core/shape.h); at least one of the two.
CREATE TABLE shape (
	division INTEGER PRIMARY KEY, area TEXT, seat TEXT
) STRICT;
CREATE TABLE contact (
	id INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
	lang INTEGER NOT NULL, active INTEGER NOT NULL, opt_out INTEGER NOT NULL DEFAULT 0,
	lang_said INTEGER NOT NULL DEFAULT 1,	-- 0: no list said it, lang is the site's
	version INTEGER NOT NULL DEFAULT 1,	-- grows with each writing
	-- since when he is out, and what he wrote; NULL: not known
	opt_out_at INTEGER, opt_out_text TEXT
) STRICT;
CREATE INDEX contact_opt_out ON contact (id) WHERE opt_out = 1;
CREATE TABLE number (		-- sms, voice: may the number be used for it
	contact INTEGER NOT NULL, pos INTEGER NOT NULL, e164 INTEGER NOT NULL,
	sms INTEGER NOT NULL, voice INTEGER NOT NULL, PRIMARY KEY (contact, pos)
) STRICT, WITHOUT ROWID;
CREATE INDEX number_e164 ON number (e164, contact);
-- What is known of a number of the lists.  good_at: when something was delivered there last, a call from
-- or to it was answered, a text came from it.  bad_at: it was refused for good, and nothing since.
CREATE TABLE reached (e164 INTEGER PRIMARY KEY, good_at INTEGER, bad_at INTEGER) STRICT;
CREATE INDEX reached_bad ON reached (e164) WHERE bad_at IS NOT NULL;
CREATE TABLE role (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE post (		-- only posts of active contacts; lang is a copy of the contact's
	role INTEGER NOT NULL, division INTEGER NOT NULL, ord INTEGER NOT NULL,
	contact INTEGER NOT NULL, lang INTEGER NOT NULL,
	PRIMARY KEY (role, division, ord, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX post_contact ON post (contact);
CREATE TABLE post_off (		-- posts of those who are not active: nobody is called by them
	contact INTEGER NOT NULL, role INTEGER NOT NULL, division INTEGER NOT NULL,
	ord INTEGER NOT NULL, PRIMARY KEY (contact, role, division, ord)
) STRICT, WITHOUT ROWID;
-- What somebody can or has, by which an audience may be named: "skills:潜水".  A tag that nobody has is
-- not kept.
CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE tagged (
	tag INTEGER NOT NULL, contact INTEGER NOT NULL, PRIMARY KEY (tag, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX tagged_contact ON tagged (contact);
CREATE TABLE roster (
	role INTEGER NOT NULL, division INTEGER NOT NULL, from_at INTEGER NOT NULL,
	to_at INTEGER NOT NULL, contact INTEGER NOT NULL,
	PRIMARY KEY (role, division, from_at, contact)
) STRICT, WITHOUT ROWID;
-- An import that was compared with the store (staged.c); stage, gone, change: enums of store.h.
-- within 0: anywhere; generation: of the lists, before they were compared; cursor: of the stage;
-- lost: open targets that would have nobody left, lost_at: JSON, the first of them
CREATE TABLE staged (
	id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, stage INTEGER NOT NULL,
	gone INTEGER NOT NULL DEFAULT 0, by_kind INTEGER NOT NULL, by_name TEXT NOT NULL,
	generation INTEGER NOT NULL, within INTEGER NOT NULL, replace INTEGER NOT NULL DEFAULT 0,
	confirmed INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
	rows INTEGER NOT NULL, added INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL DEFAULT 0,
	unchanged INTEGER NOT NULL DEFAULT 0, missing INTEGER NOT NULL DEFAULT 0,
	inside INTEGER NOT NULL DEFAULT 0, cursor INTEGER NOT NULL DEFAULT 0,
	touched INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0,
	deactivated INTEGER NOT NULL DEFAULT 0, lost INTEGER NOT NULL DEFAULT 0, lost_at TEXT
) STRICT;
-- seq: place in the file, of a missing contact its id; was: a digest of what the store had, 0 = nothing
CREATE TABLE staged_row (
	import INTEGER NOT NULL, change INTEGER NOT NULL, seq INTEGER NOT NULL, key TEXT NOT NULL,
	line INTEGER NOT NULL, was INTEGER NOT NULL, old TEXT, new TEXT,
	PRIMARY KEY (import, change, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE document (
	id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, kind TEXT NOT NULL,
	name TEXT NOT NULL, body TEXT NOT NULL
) STRICT;
CREATE TABLE route (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, keep TEXT,
	health TEXT, state TEXT, state_at INTEGER,
	canary TEXT,			-- JSON: how the last round trip went
	down_since INTEGER,		-- NULL: it works; losses: how often it went since then
	losses INTEGER NOT NULL DEFAULT 0,
	speed REAL,			-- parts a second, as measured; NULL: not yet
	pace REAL,			-- parts a second that forecasts reckon with; NULL: not known
	-- meters (core/pace.h): of its losses, of the alarms its driver names anew
	restless_until INTEGER NOT NULL DEFAULT 0, alarms_until INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE route_alarm (	-- stands as long as the row; own: gong's word, else the driver's
	route INTEGER NOT NULL, own INTEGER NOT NULL, name TEXT NOT NULL, since INTEGER NOT NULL,
	task INTEGER NOT NULL, notice INTEGER NOT NULL,	-- notice: the alert that told it, 0 = none
	text TEXT NOT NULL, text_phrase TEXT, text_values TEXT,	-- as of a task
	ends_at INTEGER,		-- its cause is gone; it ends then.  NULL: it is there
	PRIMARY KEY (route, own, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE route_alarm_told (	-- how often an alarm came lately; over_at NULL: it stands
	route INTEGER NOT NULL, own INTEGER NOT NULL, name TEXT NOT NULL, times INTEGER NOT NULL,
	told_at INTEGER, over_at INTEGER, PRIMARY KEY (route, own, name)
) STRICT, WITHOUT ROWID;

-- state: 0 held, 1 active, 2 satisfied, 3 exhausted, 4 cancelled, 5 expired
CREATE TABLE alert (
	id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, digest BLOB NOT NULL,
	client TEXT NOT NULL, template INTEGER NOT NULL, policy INTEGER NOT NULL DEFAULT 0,
	kind TEXT, severity INTEGER NOT NULL, drill INTEGER NOT NULL, test INTEGER NOT NULL,
	state INTEGER NOT NULL, code TEXT NOT NULL, body TEXT NOT NULL,
	accepted_at INTEGER NOT NULL, released_at INTEGER, expires_at INTEGER NOT NULL,
	deadline_at INTEGER, closed_at INTEGER, replaces INTEGER, replaced_by INTEGER,
	step INTEGER NOT NULL DEFAULT 0,	-- next step of the ladder
	targets INTEGER NOT NULL DEFAULT 0, satisfied INTEGER NOT NULL DEFAULT 0,
	hurry INTEGER NOT NULL DEFAULT 0,
	own_expiry INTEGER NOT NULL DEFAULT 0,	-- expires_at is gong's own, not the caller's
	due_at INTEGER,				-- when the engine must look at it; NULL = never
	holds INTEGER NOT NULL DEFAULT 0,	-- a set of ALERT_HOLD_…: it stands still, and calls nobody
	held_at INTEGER				-- where its clock stands meanwhile
) STRICT;
CREATE INDEX alert_due ON alert (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX alert_replaces ON alert (replaces) WHERE replaces IS NOT NULL;
CREATE INDEX alert_open ON alert (id) WHERE closed_at IS NULL;	-- held, active, exhausted
-- Keys of alerts that a restore has lost (epoch.h): their people may have been told.
CREATE TABLE lost_key (
	key TEXT PRIMARY KEY, alert INTEGER NOT NULL, code TEXT NOT NULL, at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE alert_document (	-- which version of a step's template the alert runs on
	alert INTEGER NOT NULL, name TEXT NOT NULL, document INTEGER NOT NULL,
	PRIMARY KEY (alert, name)
) STRICT, WITHOUT ROWID;
-- Whom the tags of its audience named when it was released; contact 0: that is known, be it nobody.
CREATE TABLE alert_tagged (
	alert INTEGER NOT NULL, contact INTEGER NOT NULL, PRIMARY KEY (alert, contact)
) STRICT, WITHOUT ROWID;
CREATE TABLE target (		-- division: the village or township; contact: a person target
	alert INTEGER NOT NULL, id INTEGER NOT NULL, division INTEGER, contact INTEGER,
	level INTEGER NOT NULL DEFAULT 0, level_at INTEGER, by_contact INTEGER, by_name TEXT,
	moved_to INTEGER,			-- the alert that took it over: it is frozen here
	nobody INTEGER NOT NULL DEFAULT 0,	-- 1: there is nobody with a usable number to call for it
	-- byte L = the step that was next when it came to stand at level L or above
	rose INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (alert, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE standing (		-- what a person's word for a target stands at; contact 0: the desk's
	alert INTEGER NOT NULL, target INTEGER NOT NULL, contact INTEGER NOT NULL,
	level INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (alert, target, contact)
) STRICT, WITHOUT ROWID;
CREATE TABLE catch_up (		-- targets that fell back: bit set of steps to be taken for them now
	alert INTEGER NOT NULL, target INTEGER NOT NULL, steps INTEGER NOT NULL,
	taken_at INTEGER, PRIMARY KEY (alert, target)	-- taken_at: when that was done last
) STRICT, WITHOUT ROWID;
CREATE INDEX catch_up_due ON catch_up (alert) WHERE steps <> 0;
CREATE TABLE called (		-- who was called for what
	contact INTEGER NOT NULL, alert INTEGER NOT NULL, target INTEGER NOT NULL,
	step INTEGER NOT NULL, PRIMARY KEY (contact, alert, target)
) STRICT, WITHOUT ROWID;
-- kind: 0 call (recipients answer for targets), 1 inform, 2 helper, 3 correction, 4 automatic reply
-- state: 0 planning, 1 open, 2 finished, 3 withdrawn, 4 expired.  A row still `queued` in a
-- wave that is withdrawn or expired counts as withdrawn or expired.
CREATE TABLE wave (
	id INTEGER PRIMARY KEY, alert INTEGER NOT NULL, step INTEGER NOT NULL,
	position INTEGER NOT NULL, channel INTEGER NOT NULL, kind INTEGER NOT NULL,
	state INTEGER NOT NULL, severity INTEGER NOT NULL, drill INTEGER NOT NULL,
	template INTEGER NOT NULL, below INTEGER NOT NULL, expires_at INTEGER NOT NULL,
	planned_at INTEGER NOT NULL, cursor INTEGER NOT NULL DEFAULT 0,
	total INTEGER NOT NULL DEFAULT 0,	-- rows planned
	segments INTEGER NOT NULL DEFAULT 0,	-- parts of all their texts; 0 = not known
	sending INTEGER NOT NULL DEFAULT 0, sent INTEGER NOT NULL DEFAULT 0,
	delivered INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
	expired INTEGER NOT NULL DEFAULT 0, withdrawn INTEGER NOT NULL DEFAULT 0,
	uncertain INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX wave_alert ON wave (alert);
-- An alert has a wave for every thank-you; what it sent of itself are a few.
CREATE INDEX wave_of ON wave (alert, id) WHERE kind <> 4;
CREATE INDEX wave_told ON wave (id) WHERE kind BETWEEN 1 AND 3;
CREATE INDEX wave_open ON wave (id) WHERE state IN (0, 1);
CREATE TABLE variant (		-- one rendered text; head = signature, apart for routes that sign
	id INTEGER PRIMARY KEY, alert INTEGER NOT NULL, lang INTEGER NOT NULL,
	head TEXT NOT NULL, body TEXT NOT NULL, parts INTEGER NOT NULL,
	template TEXT,		-- JSON: what it was made of, as drivers get it; NULL = not known
	places TEXT,		-- JSON: codes of the divisions it speaks of; NULL = of all he is called for
	code TEXT		-- by which it is answered, where that is not the alert's; see core/reply.h
) STRICT;
CREATE INDEX variant_alert ON variant (alert);
-- number: position from which the person's numbers are tried; parts_done: bit set of parts known accepted
-- kills: how many drivers died with it in hand; due: when to look at it again
CREATE TABLE message (
	wave INTEGER NOT NULL, contact INTEGER NOT NULL, state INTEGER NOT NULL,
	variant INTEGER NOT NULL, number INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
	route INTEGER NOT NULL DEFAULT 0, due INTEGER, reference INTEGER NOT NULL DEFAULT 0,
	parts_done INTEGER NOT NULL DEFAULT 0, kills INTEGER NOT NULL DEFAULT 0,
	flags INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (wave, contact)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_due ON message (wave, due) WHERE due IS NOT NULL;
CREATE INDEX message_sending ON message (wave, contact) WHERE state = 1;
-- Who was told by a wave of kind 1 to 3, for replies that come much later: of 32 contacts with ids
-- from block * 32 on, bit i = the i-th.  An index of message by contact would double what a message
-- costs; written afterwards (told.c), up to the wave and contact that meta names.
CREATE TABLE told (
	block INTEGER NOT NULL, wave INTEGER NOT NULL, who INTEGER NOT NULL,
	PRIMARY KEY (block, wave)
) STRICT, WITHOUT ROWID;
-- A finished handing-over; append only (a receipt later fills receipt and receipt_at).
-- outcome: 1 accepted, 2 rejected, 3 unknown, 4 withdrawn; 0: it goes on, and the network has reported
-- parts of it already.  receipt: 0 none, 1 delivered, 2 failed.  parts_of: how many there are, as
-- receipts say, 0 = they do not; parts_delivered, parts_failed: bit sets of those reported, part 1 = 1
CREATE TABLE attempt (
	wave INTEGER NOT NULL, contact INTEGER NOT NULL, n INTEGER NOT NULL,
	route INTEGER NOT NULL, e164 INTEGER NOT NULL, sent_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL, outcome INTEGER NOT NULL, class INTEGER NOT NULL,
	parts INTEGER NOT NULL, ref TEXT, reason TEXT, receipt INTEGER NOT NULL DEFAULT 0,
	receipt_at INTEGER,
	reason_said TEXT,	-- the reason with phrases in it (core/phrase.h), where reason has their English
	parts_of INTEGER NOT NULL DEFAULT 0, parts_delivered INTEGER NOT NULL DEFAULT 0,
	parts_failed INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (wave, contact, n)
) STRICT, WITHOUT ROWID;
-- Receipts known only by the network's own reference: of a message, or of its part `part` of `of`.
-- e164 0: a part that has a reference only, of a message that receipts name by gong's own id.
CREATE TABLE receipt_key (
	route INTEGER NOT NULL, ref TEXT NOT NULL, e164 INTEGER NOT NULL, at INTEGER NOT NULL,
	wave INTEGER NOT NULL, contact INTEGER NOT NULL, n INTEGER NOT NULL,
	part INTEGER NOT NULL DEFAULT 0, of INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (route, ref, e164, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE receipt_early (	-- came before the route told which message has that reference
	route INTEGER NOT NULL, ref TEXT NOT NULL, e164 INTEGER NOT NULL,
	part INTEGER NOT NULL, part_ref TEXT NOT NULL,	-- which part of it; 0 and '': the whole
	of INTEGER NOT NULL, delivered INTEGER NOT NULL, at INTEGER NOT NULL,
	PRIMARY KEY (route, ref, e164, part, part_ref)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipt_early_at ON receipt_early (route, at);
-- source: 0 sms, 1 key, 2 call answered, 3 missed call, 4 desk, 5 api
CREATE TABLE answer (
	id INTEGER PRIMARY KEY, alert INTEGER NOT NULL, contact INTEGER, division INTEGER,
	at INTEGER NOT NULL, source INTEGER NOT NULL, kind INTEGER NOT NULL,
	level INTEGER NOT NULL, step INTEGER, helper INTEGER NOT NULL DEFAULT 0, text TEXT,
	name TEXT, note TEXT, wave INTEGER,	-- wave: of the message it answers, where that is known
	minutes INTEGER				-- after which whoever comes says he will be there
) STRICT;
CREATE INDEX answer_alert ON answer (alert, id);
CREATE INDEX answer_of ON answer (alert, contact);
CREATE TABLE inbound (
	id INTEGER PRIMARY KEY, route INTEGER NOT NULL, driver_id TEXT NOT NULL,
	e164 INTEGER NOT NULL, text TEXT, at INTEGER NOT NULL, received_at INTEGER NOT NULL,
	contact INTEGER, alert INTEGER,
	-- what gong made of it: a word of core/words.h, the level, the rule that decided, the task
	meaning TEXT, level INTEGER, rule TEXT, task INTEGER,
	wait_until INTEGER,			-- what it may answer is in the air; NULL: it is judged
	decided_by TEXT, decided_at INTEGER, note TEXT,		-- by a person at the desk
	answered_by TEXT, answered_at INTEGER,	-- the desk wrote back
	UNIQUE (route, driver_id)
) STRICT;
CREATE INDEX inbound_waits ON inbound (wait_until) WHERE wait_until IS NOT NULL;
CREATE INDEX inbound_of ON inbound (contact, id) WHERE contact IS NOT NULL;
-- What other systems say (docs/sources.md).  heard_at: last sign of life; silent_since: its silence is an
-- alarm; told_at: when the duty officer heard of that; task, notice: of the alarm that stands
CREATE TABLE source (
	id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, heard_at INTEGER NOT NULL,
	silent_since INTEGER, told_at INTEGER, task INTEGER, notice INTEGER,
	shut_ms INTEGER NOT NULL DEFAULT 0,
	keep TEXT,			-- what its child wants to be opened with next time
	state TEXT, state_at INTEGER	-- of its child; NULL: it has none
) STRICT;
CREATE TABLE source_alarm (		-- of its child; since NULL: over, and remembered for told_at
	source INTEGER NOT NULL, name TEXT NOT NULL, since INTEGER, told_at INTEGER,
	task INTEGER NOT NULL, notice INTEGER NOT NULL, text TEXT NOT NULL, text_phrase TEXT, text_values TEXT,
	PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;
-- act: 0 alert, 1 update, 2 end, 3 test, 4 beat.  state: 0 new (waits until due_at), 1 matched, 2 unmatched,
-- 3 held, 4 ignored, 5 refused.  made: its ref is a digest of gong's.  at: when it was said; outcome: digest
-- of what its rule made of it; rule_sha256: of the rule that it waits for; raw: which bytes it came in;
-- dated: `at` is the sender's instant, not gong's
CREATE TABLE signal (
	id INTEGER PRIMARY KEY, source INTEGER NOT NULL, ref TEXT NOT NULL, act INTEGER NOT NULL,
	made INTEGER NOT NULL, digest BLOB NOT NULL, kind TEXT, severity INTEGER, state INTEGER NOT NULL,
	reason TEXT, reason_phrase TEXT, reason_values TEXT, rule TEXT, rule_sha256 BLOB, alert INTEGER,
	task INTEGER, at INTEGER NOT NULL, dated INTEGER NOT NULL, received_at INTEGER NOT NULL,
	last_at INTEGER NOT NULL, repeats INTEGER NOT NULL DEFAULT 0, due_at INTEGER, outcome BLOB, body TEXT NOT NULL, raw BLOB
) STRICT;
CREATE INDEX signal_of ON signal (source, ref, id);
CREATE INDEX signal_due ON signal (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX signal_rule ON signal (rule, received_at) WHERE rule IS NOT NULL;
CREATE INDEX signal_alert ON signal (alert) WHERE alert IS NOT NULL;
CREATE INDEX signal_last ON signal (last_at);
CREATE TABLE signal_raw (	-- as it came, for a while
	source INTEGER NOT NULL, sha256 BLOB NOT NULL, at INTEGER NOT NULL, size INTEGER NOT NULL,
	bytes BLOB NOT NULL, PRIMARY KEY (source, sha256)
) STRICT;
CREATE INDEX signal_raw_at ON signal_raw (at);
CREATE TABLE signal_watch (	-- a gauge that fits its rule since `since_at`; signal: its last value
	source INTEGER NOT NULL, rule TEXT NOT NULL, by_labels TEXT NOT NULL, signal INTEGER NOT NULL,
	sha256 BLOB NOT NULL, since_at INTEGER NOT NULL, last_at INTEGER NOT NULL, fired INTEGER NOT NULL,
	PRIMARY KEY (source, rule, by_labels)
) STRICT, WITHOUT ROWID;
CREATE TABLE signal_cover (	-- who has been told lately: of a group of rules, by labels and division
	grp TEXT NOT NULL, by_labels TEXT NOT NULL, division INTEGER NOT NULL, source INTEGER NOT NULL,
	ref TEXT NOT NULL, severity INTEGER NOT NULL, until_at INTEGER NOT NULL,
	PRIMARY KEY (grp, by_labels, division, source, ref)
) STRICT, WITHOUT ROWID;
CREATE INDEX signal_cover_of ON signal_cover (source, ref);
-- What goes out again over HTTP.  alert 0: of none; due_at NULL: it is out, or another of its alert goes
-- before it; boot: which run of the engine gave it to gong-hook, NULL = it is not out
CREATE TABLE outbox (
	id INTEGER PRIMARY KEY, source INTEGER NOT NULL, alert INTEGER NOT NULL, at INTEGER NOT NULL,
	due_at INTEGER, boot INTEGER, tries INTEGER NOT NULL DEFAULT 0, is_post INTEGER NOT NULL,
	is_signed INTEGER NOT NULL, url TEXT NOT NULL, type TEXT, body TEXT
) STRICT;
CREATE INDEX outbox_of ON outbox (source, alert, id);
CREATE INDEX outbox_due ON outbox (source, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX outbox_out ON outbox (boot, source) WHERE boot IS NOT NULL;
CREATE INDEX outbox_at ON outbox (at);
CREATE TABLE dlr (		-- who wants to hear what became of the messages of his sendsms
	signal INTEGER PRIMARY KEY, source INTEGER NOT NULL, alert INTEGER, mask INTEGER NOT NULL,
	url TEXT NOT NULL, until_at INTEGER NOT NULL
) STRICT;
CREATE INDEX dlr_alert ON dlr (alert) WHERE alert IS NOT NULL;
CREATE INDEX dlr_until ON dlr (until_at);
-- What gong says is a phrase of core/phrases.def and its values (a JSON array); text and note then
-- have its English.  Without a phrase they are somebody's own words.
CREATE TABLE task (		-- work for a human at the desk; contact: about whom, if anybody
	id INTEGER PRIMARY KEY, alert INTEGER, kind TEXT NOT NULL, text TEXT NOT NULL,
	opened_at INTEGER NOT NULL, closed_at INTEGER, closed_by TEXT, note TEXT, contact INTEGER,
	text_phrase TEXT, text_values TEXT, note_phrase TEXT, note_values TEXT,
	taken_by TEXT, taken_at INTEGER, grown_at INTEGER,	-- grown_at: more was said of it
	e164 INTEGER,				-- about whom, when that is all that is known of him
	urgency INTEGER NOT NULL DEFAULT 0,	-- larger goes first at the desk
	count INTEGER NOT NULL DEFAULT 0,	-- of places or people it is about; 0 = it does not say
	places TEXT,				-- JSON: codes of those divisions
	words TEXT,				-- JSON: what people wrote, oldest first
	notes TEXT				-- JSON: [{"at", "by", "text"}], by the desk while it was open
) STRICT;
CREATE INDEX task_of ON task (alert, kind) WHERE closed_at IS NULL;
CREATE INDEX task_open ON task (id) WHERE closed_at IS NULL;
CREATE INDEX task_about ON task (alert, contact, kind)
	WHERE closed_at IS NULL AND contact IS NOT NULL;
CREATE TABLE event (		-- the story of an alert
	id INTEGER PRIMARY KEY, alert INTEGER NOT NULL, at INTEGER NOT NULL,
	what TEXT NOT NULL, detail TEXT NOT NULL	-- detail: JSON object
) STRICT;
CREATE INDEX event_alert ON event (alert, id);
CREATE TABLE audit (
	id INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
	detail TEXT NOT NULL, hash BLOB NOT NULL	-- SHA-256 over the row before and this row
) STRICT;
