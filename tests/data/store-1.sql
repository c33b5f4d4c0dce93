-- store-1.sql: a store as the first schema wrote it, with one message that waits for a route.
-- For ever valid; no instant in it is to come.
BEGIN TRANSACTION;
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
	due_at INTEGER				-- when the engine must look at it; NULL = never
) STRICT;
INSERT INTO "alert" VALUES(1,'socket:0/old',X'D0F15F4DE6F1A6923688EA31E34689F5AF9520C7272074CE8EDF36BCFEED34F4','socket:0',10,11,NULL,3,0,0,1,'A3','{"template":"warn.rain","policy":"call.orange","client":"socket:0","reached":false,"in_turn":false,"recipients_max":0,"params":{"hours":"3","level":"橙色","mm":"80"},"division_params":[],"divisions":[990121001000],"without_divisions":[],"roles":[],"contacts":[],"without_contacts":[]}',1795550848158,1795550848158,4102444800000,NULL,NULL,NULL,NULL,1,1,0,0,1,NULL);
CREATE TABLE alert_document (	-- which version of a step's template the alert runs on
	alert INTEGER NOT NULL, name TEXT NOT NULL, document INTEGER NOT NULL,
	PRIMARY KEY (alert, name)
) STRICT, WITHOUT ROWID;
INSERT INTO "alert_document" VALUES(1,'esc.summary',4);
INSERT INTO "alert_document" VALUES(1,'esc.unanswered',5);
CREATE TABLE answer (
	id INTEGER PRIMARY KEY, alert INTEGER NOT NULL, contact INTEGER, division INTEGER,
	at INTEGER NOT NULL, source INTEGER NOT NULL, kind INTEGER NOT NULL,
	level INTEGER NOT NULL, step INTEGER, helper INTEGER NOT NULL DEFAULT 0, text TEXT,
	name TEXT, note TEXT
) STRICT;
CREATE TABLE attempt (
	wave INTEGER NOT NULL, contact INTEGER NOT NULL, n INTEGER NOT NULL,
	route INTEGER NOT NULL, e164 INTEGER NOT NULL, sent_at INTEGER NOT NULL,
	ended_at INTEGER NOT NULL, outcome INTEGER NOT NULL, class INTEGER NOT NULL,
	parts INTEGER NOT NULL, ref TEXT, reason TEXT, receipt INTEGER NOT NULL DEFAULT 0,
	receipt_at INTEGER, PRIMARY KEY (wave, contact, n)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
	id INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
	detail TEXT NOT NULL, hash BLOB NOT NULL	-- SHA-256 over the row before and this row
) STRICT;
INSERT INTO "audit" VALUES(1,1795550848153,'socket:0','import','divisions',X'D819A615E12E78D4888B078C79BA9B994CCF6E2AEB98F7192CBDC43455B2F186');
INSERT INTO "audit" VALUES(2,1795550848154,'socket:0','import','contacts',X'2216B3208D844E7324B7CBB0A1C3B3A51D48C1247109A9F40F6A6746F388271C');
INSERT INTO "audit" VALUES(3,1795550848158,'socket:0','alert.accept','{"template":"warn.rain","policy":"call.orange","client":"socket:0","reached":false,"in_turn":false,"recipients_max":0,"params":{"hours":"3","level":"橙色","mm":"80"},"division_params":[],"divisions":[990121001000],"without_divisions":[],"roles":[],"contacts":[],"without_contacts":[]}',X'F7E1D7A2DC872F4D41D7DE78A2F18EBC3E83CFEE3346558D9031E77F8FED8A3B');
CREATE TABLE called (		-- who was called for what
	contact INTEGER NOT NULL, alert INTEGER NOT NULL, target INTEGER NOT NULL,
	step INTEGER NOT NULL, PRIMARY KEY (contact, alert, target)
) STRICT, WITHOUT ROWID;
INSERT INTO "called" VALUES(1,1,0,0);
CREATE TABLE contact (
	id INTEGER PRIMARY KEY, ref TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
	lang INTEGER NOT NULL, active INTEGER NOT NULL, opt_out INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO "contact" VALUES(1,'c1','李建国',0,1,0);
CREATE TABLE division (
	code INTEGER PRIMARY KEY, name TEXT NOT NULL, params TEXT NOT NULL DEFAULT '{}'
) STRICT;
INSERT INTO "division" VALUES(990121000000,'青石县','{}');
INSERT INTO "division" VALUES(990121001000,'柳溪镇','{}');
INSERT INTO "division" VALUES(990121001001,'柳溪村','{}');
CREATE TABLE document (
	id INTEGER PRIMARY KEY, sha256 BLOB NOT NULL UNIQUE, kind TEXT NOT NULL,
	name TEXT NOT NULL, body TEXT NOT NULL
) STRICT;
INSERT INTO "document" VALUES(1,X'8A1892B690DE066739DA5EF0DE627CB5D6BDD7A8C8A725FE81DB5090B99A559F','template','ack.late','# 迟到的应答
template "ack.late" {
	title = "迟到的应答"
	param "time" { scope = derived type = text max = 20 worst_zh = "2日14:30" worst_en = "2 Jun 14:30" }
	text "zh" {
		sms = "已登记。该预警已于{{time}}解除"
	}
	text "en" {
		sms = "Recorded. That warning ended {{time}}."
	}
}
');
INSERT INTO "document" VALUES(2,X'54F2E3FC5E86683305866F8B84DB4A1337ECF43E882FCCD0CF0FC4320344056E','template','ack.thanks','# 应答登记
template "ack.thanks" {
	title = "应答登记"
	answer "9" { outcome = help level = 0 }
	text "zh" {
		sms = "已登记您的应答。需要支援请回复9"
	}
	text "en" {
		sms = "Your answer is recorded. Reply 9 if you need help."
	}
}
');
INSERT INTO "document" VALUES(3,X'CF952F078E46AC2463C1D17DFF129CC7C5767B33DA76B39BC7023FA09F03BABA','template','duty.callout','# 值班人员召集
template "duty.callout" {
	title = "值班人员召集"
	flash = true
	param "event" { scope = request type = text max = 20 worst_zh = "山体滑坡" worst_en = "landslide" }
	param "min" { scope = request type = number max = 20 worst_zh = "15" worst_en = "15" }
	param "name" { scope = person type = text max = 40 worst_zh = "沈康顺" worst_en = "Shen K." }
	param "place" { scope = request type = text max = 20 worst_zh = "清东湾村" worst_en = "Qingdongwan" }
	param "post" { scope = derived type = text max = 40 worst_zh = "带班领导" worst_en = "duty leader" default_zh = "" default_en = "" }
	param "ref" { scope = derived type = text max = 20 worst_zh = "7K3Q" worst_en = "7K3Q" }
	answer "1" { outcome = acknowledged level = 3 }
	answer "2" { outcome = in_post level = 4 }
	answer "0" { outcome = cannot level = 0 }
	text "zh" {
		sms = "{{name}}{{post}}:{{place}}发生{{event}},请{{min}}分钟内到指挥中心。收到回复1,到岗回复2,不能到回复0。单号{{ref}}"
		voice = "{{name}}{{post}},{{place}}发生{{event}},请{{min}}分钟内到指挥中心。确认请按1,到岗请按2,不能到请按0。"
		constant = "发生突发事件,请立即到指挥中心值班。收到请回复1,不能到请回复0。"
	}
	text "en" {
		sms = "{{name}}, {{post}}: {{event}} at {{place}}. Be at the command centre in {{min}} min. Reply 1 now, 2 on arrival, 0 if you cannot. Ref {{ref}}"
		voice = "{{name}}, {{event}} at {{place}}. Come to the command centre within {{min}} minutes. Press 1 to confirm, 2 if you are there, 0 if you cannot."
	}
}
');
INSERT INTO "document" VALUES(4,X'FBF7C7C9D15CE4FADDC51599036E7A5F67080D1F3B00543AA73F641E41D014E6','template','esc.summary','# 叫应小结
template "esc.summary" {
	title = "叫应小结"
	param "area" { scope = division type = text max = 20 worst_zh = "小岩街道" worst_en = "Xiaoyan Street" default_zh = "本县" default_en = "the county" }
	param "kind" { scope = derived type = text max = 20 worst_zh = "雷雨大风" worst_en = "thunderstorm" default_zh = "预警" default_en = "warning" }
	param "m" { scope = derived type = number max = 20 worst_zh = "180" worst_en = "180" }
	param "min" { scope = derived type = number max = 20 worst_zh = "15" worst_en = "15" }
	param "n" { scope = derived type = number max = 20 worst_zh = "12" worst_en = "12" }
	param "ref" { scope = derived type = text max = 20 worst_zh = "7K3Q" worst_en = "7K3Q" }
	text "zh" {
		sms = "{{area}}{{kind}}叫应:应叫{{m}}个,未应答{{n}}个,用时{{min}}分钟。单号{{ref}}"
	}
	text "en" {
		sms = "{{area}} {{kind}} call: {{n}} of {{m}} silent after {{min}} min. Ref {{ref}}"
	}
}
');
INSERT INTO "document" VALUES(5,X'5F82A4AAF7A574975FC9AE97B7F98A7636CDB91E84824195596ABC97209BA112','template','esc.unanswered','# 未应答催办
template "esc.unanswered" {
	title = "未应答催办"
	param "area" { scope = division type = text max = 20 worst_zh = "小岩街道" worst_en = "Xiaoyan Street" default_zh = "本县" default_en = "the county" }
	param "n" { scope = derived type = number max = 20 worst_zh = "12" worst_en = "12" }
	param "names" { scope = derived type = text max = 60 worst_zh = "沈安平、杨明、李顺" worst_en = "Shen, Yang, Li" default_zh = "" default_en = "" }
	answer "1" { outcome = acknowledged level = 3 }
	answer "0" { outcome = cannot level = 0 }
	text "zh" {
		sms = "{{area}}{{n}}个村未应答:{{names}}。请派人上门叫醒并回复1"
		voice = "{{area}}还有{{n}}个村没有应答,请立即派人上门叫醒。确认请按1。"
		constant = "有责任人未应答预警,请立即派人上门叫醒。收到请回复1。"
	}
	text "en" {
		sms = "{{n}} villages in {{area}} have not answered: {{names}}. Send someone to the door, reply 1."
		voice = "{{n}} villages in {{area}} have not answered. Send someone to the door. Press 1 to confirm."
	}
}
');
INSERT INTO "document" VALUES(6,X'DB39CD6C84F336D906BA019E02EB65EE36CDAC96BF51432FE736CC2B6FE2C8C4','template','flood.move','# 山洪立即转移
template "flood.move" {
	title = "山洪立即转移"
	flash = true
	param "place" { scope = division type = text max = 20 worst_zh = "清东湾村" worst_en = "Qingdongwan" }
	param "route" { scope = division type = text max = 20 worst_zh = "村北机耕路" worst_en = "north farm road" }
	param "shelter" { scope = division type = text max = 20 worst_zh = "小岩中心小学" worst_en = "Xiaoyan School" }
	answer "1" { outcome = acknowledged level = 3 }
	answer "2" { outcome = in_post level = 4 }
	answer "3" { outcome = done level = 5 }
	answer "0" { outcome = cannot level = 0 }
	answer "9" { outcome = help level = 0 }
	text "zh" {
		sms = "立即转移!{{place}}山洪危险!马上鸣锣吹哨,按{{route}}撤到{{shelter}}。收到回复1,全部到位回复3"
		voice = "立即转移!立即转移!{{place}}山洪危险,马上鸣锣吹哨,组织群众沿{{route}}撤到{{shelter}}。收到请按1,全部撤出请按3。"
		constant = "山洪灾害预警:立即转移!请马上鸣锣吹哨,组织危险区群众按预定路线撤离。收到请回复1。"
	}
	text "en" {
		sms = "MOVE NOW! Flash flood, {{place}}. Sound the gong, go by {{route}} to {{shelter}}. Reply 1 now, 3 when all are out."
		voice = "Move now. Move now. Flash flood danger at {{place}}. Sound the gong and take everybody by {{route}} to {{shelter}}. Press 1 to confirm, 3 when everybody is out."
	}
}
');
INSERT INTO "document" VALUES(7,X'272157977A073EA816198424BFB0A374D0CC5621D5167EE66491CA762FDFF25D','template','notice.text','# 一般通知: the request brings the whole text
template "notice.text" {
	title = "通知"
	param "text" { scope = request type = text max = 300 }
	answer "1" { outcome = acknowledged level = 3 }
	text "zh" { sms = "{{text}}" }
	text "en" { sms = "{{text}}" }
}
');
INSERT INTO "document" VALUES(8,X'9DA9787843B2E1AF4F643650731A386587DAD5EB9497A723B9264691B9E0C7F3','template','route.alarm','# 通道告警: gong''s own word to the duty officer about a way out that is in trouble
template "route.alarm" {
	title = "通道告警"
	param "route" { scope = request type = text max = 40 worst_zh = "sim1" worst_en = "sim1" }
	param "text" { scope = request type = text max = 400 worst_zh = "已中断2分钟:无应答" worst_en = "down for 2 min: no answer" }
	param "text_en" { scope = request type = text max = 400 worst_zh = "down for 2 min: no answer" worst_en = "down for 2 min: no answer" }
	text "zh" { sms = "通道{{route}}告警:{{text}}。请查看待办任务" }
	text "en" { sms = "Route {{route}}: {{text_en}}. See the open tasks." }
}
');
INSERT INTO "document" VALUES(9,X'DBF283E0ABD67DE7807CEA4C62E9BD3EB78A39A8B0B1E799C79D34132D1E6177','template','warn.cancel','# 预警解除
template "warn.cancel" {
	title = "预警解除"
	param "area" { scope = division type = text max = 20 worst_zh = "小岩街道" worst_en = "Xiaoyan Street" }
	param "kind" { scope = request type = text max = 20 worst_zh = "雷雨大风" worst_en = "thunderstorm" }
	param "level" { scope = request type = text max = 20 worst_zh = "红色" worst_en = "RED" }
	param "time" { scope = derived type = text max = 20 worst_zh = "2日14:30" worst_en = "2 Jun 14:30" }
	text "zh" {
		sms = "{{area}}{{kind}}{{level}}预警{{time}}解除。仍请留意滑坡和河道,未经允许不要返回危险区"
		constant = "本地预警已经解除,请继续留意山体和河道,未经允许不要返回危险区。"
	}
	text "en" {
		sms = "{{area}}: {{kind}} {{level}} warning ended {{time}}. Watch slopes and streams; do not go back without permission."
	}
}
');
INSERT INTO "document" VALUES(10,X'C970152BE0ABF3293023C02A6477E326B78ACEB46E9B2321F777CD5B3B415860','template','warn.rain','# 暴雨预警
template "warn.rain" {
	title = "暴雨预警"
	param "area" { scope = division type = text max = 20 worst_zh = "小岩街道" worst_en = "Xiaoyan Street" }
	param "hours" { scope = request type = number max = 20 worst_zh = "3" worst_en = "3" }
	param "level" { scope = request type = text max = 20 worst_zh = "红色" worst_en = "RED" }
	param "mm" { scope = request type = number max = 20 worst_zh = "100" worst_en = "100" }
	answer "1" { outcome = acknowledged level = 3 }
	answer "0" { outcome = cannot level = 0 }
	answer "9" { outcome = help level = 0 }
	text "zh" {
		sms = "{{area}}未来{{hours}}小时降雨或超{{mm}}毫米,{{level}}预警。请巡查隐患点并做好转移准备。收到回复1"
		voice = "{{area}}未来{{hours}}小时降雨可能超过{{mm}}毫米,暴雨{{level}}预警。请立即巡查隐患点,做好转移准备。确认请按1。"
		constant = "本地发布暴雨预警,请立即巡查山洪和地质灾害隐患点,做好群众转移准备。收到请回复1。"
	}
	text "en" {
		sms = "{{level}} rain warning, {{area}}: over {{mm}} mm in the next {{hours}} h. Check risk points, be ready to move. Reply 1."
		voice = "Heavy rain, {{level}} warning for {{area}}. More than {{mm}} millimetres in {{hours}} hours. Check risk points now and be ready to move people. Press 1 to confirm."
	}
}
');
INSERT INTO "document" VALUES(11,X'B8C273B761FEB8E625041C059D6293CE0FA4CCD6FB2E339BB044B03C419C93CE','policy','call.orange','# 橙色叫应
policy "call.orange" {
	title = "橙色叫应"
	targets = village
	until = 3
	deadline = "30m"
	step "principals" { after = "0s"   to = {village_principal, warner, township_duty} channels = {sms} }
	step "ring"       { after = "4m"   to = {village_principal} channels = {voice} }
	step "deputies"   { after = "8m"   to = {village_deputy, warner} channels = {sms, voice} }
	step "township"   { after = "15m"  to = {township_duty} channels = {voice, sms} template = "esc.unanswered" }
	step "county"     { after = "25m"  to = {township_deputy, county_duty} channels = {voice, console} template = "esc.unanswered" }
	step "desk"       { after = "30m"  to = {duty_leader} channels = {console, sms} template = "esc.summary" }
}
');
INSERT INTO "document" VALUES(12,X'8BDCAF4B5DCD0E5A90284F46BD53A1E879611149CF185B41D69233CBD0D40499','policy','call.red','# 红色叫应.  Times count from the release (签发), never from the step before.
# A step calls the targets (villages) that are still below its level; default: chase_below.
policy "call.red" {
	title = "红色/临灾叫应"
	targets = village
	until = 3
	deadline = "15m"
	step "principals" { after = "0s"   to = {village_principal, warner, township_duty} channels = {sms, voice} }
	step "redial"     { after = "90s"  to = {village_principal, warner} channels = {voice} }
	step "deputies"   { after = "3m"   to = {village_deputy, grid_worker} channels = {sms, voice} }
	step "township"   { after = "5m"   to = {township_duty, township_officer} channels = {voice, sms} template = "esc.unanswered" }
	step "chief"      { after = "10m"  to = {township_chief, county_duty} channels = {voice, console} template = "esc.unanswered" }
	step "desk"       { after = "15m"  to = {duty_leader} channels = {console, sms} template = "esc.summary" }
}
');
INSERT INTO "document" VALUES(13,X'7D5731921E504D6BBE5829A9FFA418803268228AC68BBCC495C3288507576D5D','policy','duty.callout','# 值班人员召集.  One after the other until one confirms (3), then chased until in post (4).
# The target is the duty itself: a team of one; whoever answers raises it.
policy "duty.callout" {
	title = "值班人员召集"
	targets = team
	quota = 1
	until = 4
	chase_below = 3
	deadline = "30m"
	step "officer" { after = "0s"   to = {duty_officer} channels = {voice, sms} }
	step "redial"  { after = "80s"  to = {duty_officer} channels = {voice} }
	step "deputy"  { after = "160s" to = {duty_deputy} channels = {voice, sms} }
	step "leader"  { after = "4m"   to = {duty_leader} channels = {voice, sms} }
	step "heads"   { after = "8m"   to = {dept_head} channels = {voice, sms} }
	step "chase"   { after = "10m"  to = {answered} channels = {voice, sms} below = 4 }
	step "county"  { after = "15m"  to = {county_deputy} channels = {voice, console} }
	step "again"   { after = "20m"  to = {answered} channels = {voice, sms} below = 4 }
	step "desk"    { after = "30m"  channels = {console} below = 4 }
}
');
INSERT INTO "document" VALUES(14,X'59649C069D449D6D38B356A05BD72F2AF25809508A1A2EE0CD649A0E2C62A212','policy','inform.once','# 一次告知: the request''s own roles and contacts are told once; nobody is chased.
policy "inform.once" {
	title = "一次告知"
	targets = none
	step "tell" { after = "0s" channels = {sms} inform = true }
}
');
INSERT INTO "document" VALUES(15,X'83D21C54429A6BC4E3841509F9E6561B2458AF14C7507C30D1E21E80819E27D9','policy','move.now','# 立即转移.  Until everybody is out (5); a chief who answered 1 is not rung again before 30 min.
policy "move.now" {
	title = "立即转移"
	targets = village
	until = 5
	chase_below = 3
	deadline = "1h"
	step "principals" { after = "0s"   to = {village_principal, warner, transfer_lead, group_leader, township_duty} channels = {sms, voice} }
	step "households" { after = "0s"   to = {household} channels = {sms} inform = true }
	step "redial"     { after = "80s"  to = {village_principal, warner} channels = {voice} }
	step "deputies"   { after = "150s" to = {village_deputy, grid_worker} channels = {sms, voice} }
	step "township"   { after = "4m"   to = {township_chief, township_duty} channels = {voice, sms} template = "esc.unanswered" }
	step "county"     { after = "5m"   to = {county_duty, duty_leader} channels = {console, voice} template = "esc.unanswered" }
	step "all_out"    { after = "30m"  to = {village_principal} channels = {voice} below = 5 }
	step "desk"       { after = "1h"   to = {duty_leader} channels = {console} template = "esc.summary" below = 5 }
}
');
CREATE TABLE event (		-- the story of an alert
	id INTEGER PRIMARY KEY, alert INTEGER NOT NULL, at INTEGER NOT NULL,
	what TEXT NOT NULL, detail TEXT NOT NULL	-- detail: JSON object
) STRICT;
INSERT INTO "event" VALUES(1,1,1795550848158,'accepted','{"client":"socket:0","severity":"orange"}');
INSERT INTO "event" VALUES(2,1,1795550848158,'roster_gap','{"role":"township_duty","division":"990121001"}');
INSERT INTO "event" VALUES(3,1,1795550848158,'step','{"step":0,"waves":1,"messages":1,"nobody":0,"console":false,"broadcast":false}');
CREATE TABLE inbound (
	id INTEGER PRIMARY KEY, route INTEGER NOT NULL, driver_id TEXT NOT NULL,
	e164 INTEGER NOT NULL, text TEXT, at INTEGER NOT NULL, received_at INTEGER NOT NULL,
	contact INTEGER, alert INTEGER, UNIQUE (route, driver_id)
) STRICT;
CREATE TABLE message (
	wave INTEGER NOT NULL, contact INTEGER NOT NULL, state INTEGER NOT NULL,
	variant INTEGER NOT NULL, number INTEGER NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
	route INTEGER NOT NULL DEFAULT 0, due INTEGER, reference INTEGER NOT NULL DEFAULT 0,
	parts_done INTEGER NOT NULL DEFAULT 0, kills INTEGER NOT NULL DEFAULT 0,
	flags INTEGER NOT NULL DEFAULT 0, at INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (wave, contact)
) STRICT, WITHOUT ROWID;
INSERT INTO "message" VALUES(1,1,0,1,0,0,0,NULL,0,0,0,0,0);
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE number (		-- sms, voice: may the number be used for it
	contact INTEGER NOT NULL, pos INTEGER NOT NULL, e164 INTEGER NOT NULL,
	sms INTEGER NOT NULL, voice INTEGER NOT NULL, PRIMARY KEY (contact, pos)
) STRICT, WITHOUT ROWID;
INSERT INTO "number" VALUES(1,0,99910000001,1,1);
CREATE TABLE post (		-- only posts of active contacts; lang is a copy of the contact's
	role INTEGER NOT NULL, division INTEGER NOT NULL, ord INTEGER NOT NULL,
	contact INTEGER NOT NULL, lang INTEGER NOT NULL,
	PRIMARY KEY (role, division, ord, contact)
) STRICT, WITHOUT ROWID;
INSERT INTO "post" VALUES(20,990121001001,1,1,0);
CREATE TABLE receipt_early (	-- came before the route told which message has that reference
	route INTEGER NOT NULL, ref TEXT NOT NULL, e164 INTEGER NOT NULL,
	delivered INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (route, ref, e164)
) STRICT, WITHOUT ROWID;
CREATE TABLE receipt_key (	-- receipts known only by the network's own reference
	route INTEGER NOT NULL, ref TEXT NOT NULL, e164 INTEGER NOT NULL, at INTEGER NOT NULL,
	wave INTEGER NOT NULL, contact INTEGER NOT NULL, n INTEGER NOT NULL,
	PRIMARY KEY (route, ref, e164, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE role (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
INSERT INTO "role" VALUES(1,'superior_duty');
INSERT INTO "role" VALUES(2,'county_leader');
INSERT INTO "role" VALUES(3,'county_deputy');
INSERT INTO "role" VALUES(4,'dept_head');
INSERT INTO "role" VALUES(5,'liaison');
INSERT INTO "role" VALUES(6,'duty_leader');
INSERT INTO "role" VALUES(7,'duty_officer');
INSERT INTO "role" VALUES(8,'duty_deputy');
INSERT INTO "role" VALUES(9,'expert');
INSERT INTO "role" VALUES(10,'supplies_keeper');
INSERT INTO "role" VALUES(11,'vehicle_driver');
INSERT INTO "role" VALUES(12,'rescue_lead');
INSERT INTO "role" VALUES(13,'rescue_member');
INSERT INTO "role" VALUES(14,'township_chief');
INSERT INTO "role" VALUES(15,'township_deputy');
INSERT INTO "role" VALUES(16,'township_duty');
INSERT INTO "role" VALUES(17,'township_officer');
INSERT INTO "role" VALUES(18,'forest_team');
INSERT INTO "role" VALUES(19,'shelter_keeper');
INSERT INTO "role" VALUES(20,'village_chief');
INSERT INTO "role" VALUES(21,'village_deputy');
INSERT INTO "role" VALUES(22,'warner');
INSERT INTO "role" VALUES(23,'info_officer');
INSERT INTO "role" VALUES(24,'grid_worker');
INSERT INTO "role" VALUES(25,'monitor');
INSERT INTO "role" VALUES(26,'flood_watcher');
INSERT INTO "role" VALUES(27,'transfer_lead');
INSERT INTO "role" VALUES(28,'forest_ranger');
INSERT INTO "role" VALUES(29,'reservoir_keeper');
INSERT INTO "role" VALUES(30,'volunteer');
INSERT INTO "role" VALUES(31,'group_leader');
INSERT INTO "role" VALUES(32,'site_manager');
INSERT INTO "role" VALUES(33,'household');
INSERT INTO "role" VALUES(34,'special_care');
CREATE TABLE roster (
	role INTEGER NOT NULL, division INTEGER NOT NULL, from_at INTEGER NOT NULL,
	to_at INTEGER NOT NULL, contact INTEGER NOT NULL,
	PRIMARY KEY (role, division, from_at, contact)
) STRICT, WITHOUT ROWID;
CREATE TABLE route (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, keep TEXT,
	health TEXT, state TEXT, state_at INTEGER,
	canary TEXT			-- JSON: how the last round trip went
) STRICT;
INSERT INTO "route" VALUES(1,'road',NULL,NULL,'down',1795550848146,NULL);
CREATE TABLE route_alarm (	-- stands as long as the row; own: gong's word, else the driver's
	route INTEGER NOT NULL, own INTEGER NOT NULL, name TEXT NOT NULL, since INTEGER NOT NULL,
	task INTEGER NOT NULL, notice INTEGER NOT NULL,	-- notice: the alert that told it, 0 = none
	text TEXT NOT NULL, PRIMARY KEY (route, own, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE target (		-- division: the village or township; contact: a person target
	alert INTEGER NOT NULL, id INTEGER NOT NULL, division INTEGER, contact INTEGER,
	level INTEGER NOT NULL DEFAULT 0, level_at INTEGER, by_contact INTEGER, by_name TEXT,
	PRIMARY KEY (alert, id)
) STRICT, WITHOUT ROWID;
INSERT INTO "target" VALUES(1,0,990121001001,NULL,0,NULL,NULL,NULL);
CREATE TABLE task (		-- work for a human at the desk; contact: about whom, if anybody
	id INTEGER PRIMARY KEY, alert INTEGER, kind TEXT NOT NULL, text TEXT NOT NULL,
	opened_at INTEGER NOT NULL, closed_at INTEGER, closed_by TEXT, note TEXT, contact INTEGER
) STRICT;
CREATE TABLE variant (		-- one rendered text; head = signature, apart for routes that sign
	id INTEGER PRIMARY KEY, alert INTEGER NOT NULL, lang INTEGER NOT NULL,
	head TEXT NOT NULL, body TEXT NOT NULL, parts INTEGER NOT NULL
) STRICT;
INSERT INTO "variant" VALUES(1,1,0,'【青石县应急】','柳溪村未来3小时降雨或超80毫米,橙色预警。请巡查隐患点并做好转移准备。收到回复1',1);
CREATE TABLE wave (
	id INTEGER PRIMARY KEY, alert INTEGER NOT NULL, step INTEGER NOT NULL,
	position INTEGER NOT NULL, channel INTEGER NOT NULL, kind INTEGER NOT NULL,
	state INTEGER NOT NULL, severity INTEGER NOT NULL, drill INTEGER NOT NULL,
	template INTEGER NOT NULL, below INTEGER NOT NULL, expires_at INTEGER NOT NULL,
	planned_at INTEGER NOT NULL, cursor INTEGER NOT NULL DEFAULT 0,
	total INTEGER NOT NULL DEFAULT 0,	-- rows planned
	sending INTEGER NOT NULL DEFAULT 0, sent INTEGER NOT NULL DEFAULT 0,
	delivered INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
	expired INTEGER NOT NULL DEFAULT 0, withdrawn INTEGER NOT NULL DEFAULT 0,
	uncertain INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO "wave" VALUES(1,1,0,0,0,0,1,3,0,10,3,4102444800000,1795550848158,0,1,0,0,0,0,0,0,0);
CREATE INDEX contact_opt_out ON contact (id) WHERE opt_out = 1;
CREATE INDEX number_e164 ON number (e164, contact);
CREATE INDEX post_contact ON post (contact);
CREATE INDEX alert_due ON alert (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX alert_open ON alert (id) WHERE closed_at IS NULL;
CREATE INDEX wave_alert ON wave (alert);
CREATE INDEX wave_told ON wave (id) WHERE kind BETWEEN 1 AND 3;
CREATE INDEX wave_open ON wave (id) WHERE state IN (0, 1);
CREATE INDEX variant_alert ON variant (alert);
CREATE INDEX message_due ON message (wave, due) WHERE due IS NOT NULL;
CREATE INDEX message_sending ON message (wave, contact) WHERE state = 1;
CREATE INDEX answer_alert ON answer (alert, id);
CREATE INDEX task_open ON task (id) WHERE closed_at IS NULL;
CREATE INDEX task_about ON task (alert, contact, kind)
	WHERE closed_at IS NULL AND contact IS NOT NULL;
CREATE INDEX event_alert ON event (alert, id);
COMMIT;
PRAGMA application_id = 1735356007;
PRAGMA user_version = 1;
