"""People and places one by one: found, shown, changed, by whom and as far as he may."""
import csv
import io
import os
import zipfile

import pytest

from harness import wait_for
from mail import MailWorld

HERE, THERE = "990121001001", "990121100001"
CHIEF, DEPUTY = "village_chief-%s-1" % HERE, "village_deputy-%s-1" % HERE


# A crew that is called again after a while: the same people, whoever has learnt to dive meanwhile.
CREW = '''policy "crew" {
 title = "crew"
 targets = team
 until = 3
 quota = 5
 step "once" { after = "0s" channels = {sms} }
 step "again" { after = "2s" channels = {sms} }
}
'''
EACH = '''policy "each" {
 title = "each"
 targets = person
 until = 3
 step "once" { after = "0s" channels = {sms} }
}
'''


@pytest.fixture(scope="module")
def world():
    clients = (("fewfew", "read, send, import", "divisions = {990121001}"),)
    w = MailWorld(clients, name="people")
    with open(w.path("policies/crew.conf"), "w", encoding="utf-8") as f:
        f.write(CREW)
    with open(w.path("policies/each.conf"), "w", encoding="utf-8") as f:
        f.write(EACH)
    w.site = 'auto_replies_per_hour = 100\n\ttag_columns = {"skills", "boat"}'
    with open(w.conf, encoding="utf-8") as f:
        text = f.read()
    with open(w.conf, "w", encoding="utf-8") as f:
        f.write(text.replace("auto_replies_per_hour = 100", w.site))
    with w.begun():
        yield w


def found(world, query, **more):
    status, answer = world.api("GET", "/v1/contacts?" + query, **more)
    assert status == 200, answer
    return [c["ref"] for c in answer["contacts"]]


def contact(world, ref):
    status, answer = world.api("GET", "/v1/contacts/%s?unmasked=1" % ref)
    assert status == 200, answer
    return answer


def change(world, whom, status=200, method="PATCH", **body):
    got, answer = world.api(method, "/v1/contacts/" + whom, body)
    assert got == status, answer
    return answer


def audits(world, action):
    return world.rows("SELECT detail FROM audit WHERE action = '%s'" % action)


def test_people_are_found_by_what_one_knows_of_them(world):
    chief = contact(world, CHIEF)
    number = chief["numbers"][0]["number"]
    assert found(world, "find=" + number.replace("+", "%2B")) == [CHIEF]
    assert found(world, "find=" + CHIEF) == [CHIEF]
    assert len(found(world, "role=village_chief")) == 6
    assert found(world, "role=village_chief&division=" + HERE) == [CHIEF]
    assert CHIEF in found(world, "role=village_principal&division=990121001")
    everybody, after = [], ""
    while after is not None:
        page = world.api("GET", "/v1/contacts?limit=7&after=" + after)[1]
        everybody += [c["ref"] for c in page["contacts"]]
        after = page["next"]
    assert everybody == found(world, "limit=1000") and len(everybody) == len(set(everybody)) > 60
    assert "*" in world.as_client("fewfew", "GET", "/v1/contacts/" + CHIEF)[1]["numbers"][0]["number"]
    assert world.as_client("fewfew", "GET", "/v1/contacts/%s?unmasked=1" % CHIEF)[0] == 403


def test_who_is_limited_sees_and_changes_his_own_only(world):
    def few(method, path, body=None):
        return world.as_client("fewfew", method, path, body)
    refs = {c["ref"] for c in few("GET", "/v1/contacts")[1]["contacts"]}
    assert CHIEF in refs and "village_chief-%s-1" % THERE not in refs and "duty_officer-990121-1" not in refs
    other = "/v1/contacts/village_chief-%s-1" % THERE
    assert few("GET", other)[1]["code"] == "right_contact"
    assert few("PATCH", other, {"name": "x"})[1]["code"] == "import_not_own"
    posts = [{"role": "warner", "division": THERE}]
    assert few("PATCH", "/v1/contacts/" + DEPUTY, {"posts": posts})[1]["code"] == "import_outside"
    assert few("PATCH", "/v1/divisions/" + THERE, {"name": "x"})[1]["code"] == "import_outside"
    answer = few("PATCH", "/v1/contacts/" + DEPUTY, {"numbers": ["+999500000009"]})[1]
    assert "*" in answer["changed"]["numbers"]["new"][0]["number"], answer
    assert few("PATCH", "/v1/contacts/" + DEPUTY, {"numbers": ["+9995****0009"]})[1]["code"] == "number_masked"


def test_a_change_is_shown_audited_and_refused_with_what_mends_it(world):
    was = contact(world, DEPUTY)
    answer = change(world, DEPUTY, name="改名", note="换届", by="李伟")
    assert answer["changed"] == {"name": {"old": was["name"], "new": "改名"}}
    assert contact(world, DEPUTY) == dict(was, name="改名")
    detail = audits(world, "contact.change")[-1]["detail"]
    assert "换届" in detail and "李伟" in detail and was["name"] in detail
    count = len(audits(world, "contact.change"))
    assert change(world, DEPUTY, name="改名")["changed"] == {}
    assert len(audits(world, "contact.change")) == count
    for body, field in (({"numbers": ["12"]}, "/numbers/0"), ({"numbers": []}, "/numbers"), ({"language": "fr"}, "/language"),
                        ({"posts": [{"role": "nix", "division": HERE}]}, "/posts/0"),
                        ({"posts": [{"role": "warner", "division": "990121001"}]}, "/posts/0"),
                        ({"posts": [{"role": "warner", "division": "990121001999"}]}, "/posts/0"),
                        ({"numbers": ["+999500000001", "+999500000001"]}, "/numbers/1"), ({"ref": "x"}, "/ref")):
        answer = change(world, DEPUTY, 422, **body)
        assert answer["field"] == field, (body, answer)
    assert change(world, DEPUTY, 422, "PUT", numbers=["+999500000001"])["field"] == "/name"


def test_what_an_import_would_refuse_is_refused_here(world):
    new = {"name": "\u3000新 人 ", "numbers": ["+999177000111"], "posts": []}
    for ref in ("%20n", "n%E2%80%8B", "1.39E+10", "1001.0"):
        assert change(world, ref, 422, "PUT", **new)["concept"] == "ref"
    assert change(world, "blank-around", 200, "PUT", **new)["changed"]["name"]["new"] == "新 人"
    for body in ({"name": "x\u200b"}, {"name": " "}, {"tags": ["skills: a"]}, {"tags": ["skills:a\u200e"]}):
        assert change(world, "blank-around", 422, **body)["status"] == 422
    assert world.api("PATCH", "/v1/divisions/" + HERE, {"params": {"shelter": "x\u200b"}})[1]["code"] == "csv_has_unseen"
    assert "U+200B" in upload(world, 422, "id,name,phone,skills", "c9,甲,+999177000112,潜水\u200b")["detail"]


def test_posts_of_who_is_not_active_come_back_with_him(world):
    was = contact(world, DEPUTY)
    change(world, DEPUTY, active=False)
    assert contact(world, DEPUTY) == dict(was, active=False)
    assert found(world, "active=0") == [DEPUTY]
    held = world.api("GET", "/v1/divisions/" + HERE)[1]["roles"]
    assert DEPUTY not in [p["ref"] for r in held for p in r["people"]]
    change(world, DEPUTY, active=True)
    assert contact(world, DEPUTY) == was


def test_the_last_person_of_a_place_is_not_lost_by_mistake(world):
    answer = change(world, CHIEF, 409, active=False)
    assert answer["field"] == "/yes" and answer["code"] == "person_last_place", answer
    assert contact(world, CHIEF)["active"]
    assert change(world, CHIEF, 409, posts=[])["code"] == "person_last_place"
    change(world, CHIEF, active=False, yes=True)
    change(world, CHIEF, active=True)


def test_the_last_person_of_an_open_target_neither(world):
    alone = "village_chief-%s-1" % THERE
    for other in found(world, "division=" + THERE):
        if other != alone:
            change(world, other, active=False, yes=True)
    alert = world.send(key="last", template="flood.move", policy="move.now", severity="red", params={"route": "x", "shelter": "y"},
                       audience={"divisions": [THERE]})
    answer = change(world, alone, 409, active=False)
    assert answer["code"] == "person_last_target", answer
    assert contact(world, alone)["posts"]
    change(world, alone, active=False, yes=True)
    wait_for("nobody to be told", lambda: world.api("GET", "/v1/alerts/%d/targets" % alert)[1]["targets"][0]["nobody"])
    assert world.api("POST", "/v1/alerts/%d/cancel" % alert, {"note": "x"})[0] == 200


def test_places_one_by_one(world):
    place = world.api("GET", "/v1/divisions/990121001")[1]
    assert place["counts"]["villages"] == 3 and place["tier"] == "township" and place["parent"]["code"] == "990121"
    assert {"township_chief"} <= {r["role"] for r in place["roles"]}
    answer = world.api("PATCH", "/v1/divisions/" + HERE, {"name_en": "Here", "params": {"shelter": None, "road": "x"}})[1]
    assert answer["changed"]["name_en"] == {"old": None, "new": "Here"}
    now = world.api("GET", "/v1/divisions/" + HERE)[1]
    assert now["name_en"] == "Here" and now["params"]["road"] == "x" and "shelter" not in now["params"]
    assert world.api("PUT", "/v1/divisions/" + HERE, {"name": now["name"]})[1]["changed"]["params"]["new"] == {}
    codes = [d["code"] for d in world.api("GET", "/v1/divisions?division=990121001")[1]["divisions"]]
    assert codes == ["990121001", "990121001001", "990121001002", "990121001003"]


def test_who_has_opted_out_is_listed_and_may_come_back(world):
    chief = contact(world, CHIEF)
    for text in "退订", "TD":
        world.write(chief["numbers"][0]["number"], text)
    wait_for("the opt-out", lambda: contact(world, CHIEF)["opt_out"])
    said = contact(world, CHIEF)["opt_out"]
    assert said["text"] == "退订" and said["at"]
    out = world.ctl("contact", "optouts", lang="en")
    assert CHIEF in out and "退订" in out and "! " in out and "warnings still reach them" in out
    world.ask("out", HERE)
    assert any(s["to"] == chief["numbers"][0]["number"] for s in world.sent())
    assert world.ctl("contact", "optin", chief["numbers"][0]["number"], check=False).returncode == 2
    world.ctl("contact", "optin", chief["numbers"][0]["number"], "--note", "本人来电")
    assert contact(world, CHIEF)["opt_out"] is None
    assert "本人来电" in audits(world, "contact.opt_in")[-1]["detail"]


def test_gongctl_changes_and_shows_what_was(world):
    chief = contact(world, CHIEF)
    out = world.ctl("contact", "edit", CHIEF, "--phone", "+999500000042:sms", "+999500000043", "--language", "en", lang="en")
    assert "numbers: %s → +999500000042 (sms only), +999500000043" % chief["numbers"][0]["number"] in out, out
    assert "language: zh → en" in out or chief["language"] == "en"
    out = world.ctl("contact", "show", "+999500000043", lang="en")
    assert CHIEF in out and "+999500000042 (sms only)" in out and "posts" in out
    no = world.ctl("contact", "deactivate", CHIEF, check=False, lang="en")
    assert no.returncode == 1 and "--yes" in no.stderr and "last person" in no.stderr, no
    assert world.ctl("contact", "edit", CHIEF, check=False).returncode == 2
    assert world.ctl("contact", "edit", CHIEF, "--post", "nix", check=False).returncode == 2
    assert "active: yes → no" in world.ctl("contact", "deactivate", CHIEF, "--yes", lang="en")
    assert CHIEF in world.ctl("contact", "find", "--inactive", "--division", HERE)
    world.ctl("contact", "activate", CHIEF)
    assert "#1" not in world.ctl("contact", "edit", CHIEF, "--post", "village_chief@%s:2" % HERE, "--yes")
    assert CHIEF in world.ctl("contact", "find", chief["name"])
    assert HERE in world.ctl("division", "find", "--division", "990121001")
    assert CHIEF in world.ctl("division", "show", HERE)


def lists(world):
    """All that an import could change."""
    return {name: world.rows("SELECT %s FROM %s ORDER BY 1, 2, 3, 4" % (columns, name)) for name, columns in (
        ("division", "code, name, params, 0"),
        ("contact", "id, ref, name, lang, active, lang_said, opt_out, opt_out_at"),
        ("number", "*"), ("post", "*"), ("post_off", "*"), ("roster", "*"),
        ("tag", "id, name, 0, 0"), ("tagged", "tag, contact, 0, 0"))}


ODD = (("007", "=1+1", ["+999500001001"]), ("+7", "'=x", ["+999500001002"]), ("x%2Fy", "''5 \"a\", b", []),
       ("990121001001", "@张", [{"number": "+999500001003", "voice": False},
                               {"number": "+999500001004", "sms": False}]))


def test_an_export_that_is_imported_again_changes_nothing(world):
    posts = [{"role": "warner", "division": HERE}, {"role": "info_officer", "division": HERE, "order": 3}]
    for ref, name, numbers in ODD:
        change(world, ref, 200, "PUT", name=name, numbers=numbers, active=bool(numbers), posts=posts)
    world.api("PATCH", "/v1/divisions/" + HERE, {"params": {"road": "-5, \"北\"", "shelter": "]"}})
    world.write("+999500001003", "STOP")
    change(world, "007", tags=["skills:潜水", "skills:=x", "boat:1吨"])
    duty = b"role,division,contact,from,to\nduty_officer,990121,duty_officer-990121-1,2026-01-01 00:00,2026-12-31 00:00\n"
    assert world.api("POST", "/v1/import/roster", duty)[0] == 200
    before = lists(world)
    for kind in "divisions", "contacts", "roster":
        path = world.path(kind + ".csv")
        world.ctl("export", kind, "--output", path)
        assert os.stat(path).st_mode & 0o777 == 0o600
        with open(path, "rb") as f:
            text = f.read()
        assert text.startswith(b"\xef\xbb\xbf")
        for row in csv.reader(io.StringIO(text.decode("utf-8-sig"))):
            assert not any(c[:1] in "=+-@" for c in row if c), row
        world.ctl("import", kind, path)
        assert lists(world) == before, kind
        assert world.ctl("export", kind).encode() == text.replace(b"\r\n", b"\n")
    for kind in "divisions", "contacts", "roster":
        path = world.path(kind + ".xlsx")
        world.ctl("export", kind, "--output", path)
        with zipfile.ZipFile(path) as sheet:
            text = "".join(sheet.read(n).decode() for n in sheet.namelist() if n.endswith(".xml"))
        assert "'=1+1" not in text and (kind != "contacts" or "+999500001001" in text)
        world.ctl("import", kind, path)
        assert lists(world) == before, path
    masked = world.as_client("fewfew", "GET", "/v1/export/contacts")[1]
    assert "****" in masked and THERE not in masked and CHIEF in masked
    no = world.ctl("export", "roster", "--output", world.path("nix/x.csv"), check=False, lang="en")
    assert no.returncode == 2 and "cannot be written" in no.stderr, no


def upload(world, status, *rows):
    got, answer = world.api("POST", "/v1/import/contacts", "\n".join(rows).encode())
    assert got == status, answer
    return answer


def tags(world, ref):
    return contact(world, ref)["tags"]


def test_words_of_a_list_become_tags(world):
    head = "ref,name,phone,skills,boat,role,division"
    upload(world, 200, head, "d1,甲,+999500002001,潜水;急救、驾船,1吨,warner," + HERE, "d1,,,游泳,,info_officer," + HERE,
           "d2,乙,+999500002002,潜水；,,warner," + THERE, "d3,丙,+999500002003,急救,,,")
    assert tags(world, "d1") == ["boat:1吨", "skills:急救", "skills:游泳", "skills:潜水", "skills:驾船"]
    assert tags(world, "d2") == ["skills:潜水"]
    assert found(world, "tag=skills%3A%E6%BD%9C%E6%B0%B4&find=d2") == ["d2"]
    upload(world, 200, "ref,name,phone,boat", "d1,甲,+999500002001,")
    assert tags(world, "d1") == ["skills:急救", "skills:游泳", "skills:潜水", "skills:驾船"], "a column that is not there says nothing"
    upload(world, 200, head, "d1,甲,+999500002001,潜水;急救,,warner," + HERE)
    counts = {t["tag"]: t["contacts"] for t in world.api("GET", "/v1/tags")[1]["tags"]}
    assert counts["skills:急救"] == 2 and "skills:游泳" not in counts, counts
    many = ";".join("s%d" % i for i in range(17))
    answer = upload(world, 422, head, "d4,丁,+999500002004,%s,,," % many)
    assert answer["code"] == "tags_of_one" and "skills" in answer["field"], answer
    answer = upload(world, 422, head, *["m%d,丁,+99950001%04d,%s,,," % (i, i, ";".join(
        "t%d" % (i * 16 + k) for k in range(16))) for i in range(64)])
    assert answer["code"] == "tags_of_all", answer
    assert "m0" not in found(world, "limit=1000")
    assert upload(world, 422, "ref,name,phone,nix", "d1,甲,+999500002001,x")["code"] == "csv_title_unknown"
    assert change(world, "d2", 422, tags=["潜水"])["field"] == "/tags/0"
    out = world.ctl("contact", "edit", "d2", "--tag", "skills:潜水", "boat:2吨", lang="en")
    assert "tags: skills:潜水 → boat:2吨, skills:潜水" in out, out
    assert "boat:2吨" in world.ctl("contact", "tags") and "boat:2吨" in world.ctl("contact", "show", "d2")


def test_an_alert_goes_to_whoever_has_a_tag(world):
    def people(**audience):
        status, plan = world.api("POST", "/v1/alerts?dry_run=1", dict(
            template="notice.text", severity="notice", params={"text": "集合"}, audience=audience))
        assert status == 200, plan
        return sum(w["people"] for s in plan["steps"] for w in s["waves"])
    assert people(tags=["skills:潜水"]) >= 2 and people(tags=["skills:潜水"], divisions=[THERE]) == 1
    assert people(tags=["skills:潜水"], without_contacts=["d1"]) == people(tags=["skills:潜水"]) - 1
    assert people(tags=["skills:潜水", "skills:急救"], divisions=["990121"], without_divisions=[THERE]) == 2
    assert people(tags=["boat:2吨"], contacts=["d3", "d2"]) == 2
    nix = dict(template="notice.text", severity="notice", params={"text": "x"}, audience={"tags": ["skills:飞"]})
    status, answer = world.api("POST", "/v1/alerts?dry_run=1", nix)
    assert status == 422 and answer["field"] == "/audience/tags/0" and answer["code"] == "tag_unknown", answer
    nix["audience"] = {"tags": ["skills:潜水"]}
    assert world.as_client("fewfew", "POST", "/v1/alerts?dry_run=1", nix)[1]["code"] == "client_tags_where"
    nix["audience"]["divisions"] = ["990121001"]
    assert world.as_client("fewfew", "POST", "/v1/alerts?dry_run=1", nix)[0] == 200
    out = world.ctl("send", "notice.text", "--severity", "notice", "--param", "text=集合", "--tag", "skills:潜水",
                    "--division", THERE, "--key", "tags", lang="en")
    wait_for("everybody to be told", world.settled)
    alert = world.api("GET", "/v1/alerts?key=tags")[1]["alerts"][0]["id"]
    assert [m["contact"] for m in world.api("GET", "/v1/alerts/%d/messages" % alert)[1]["messages"]] == ["d2"], out
    assert world.alert(alert)["request"]["audience"]["tags"] == ["skills:潜水"]
    asked = world.send(
        key="beside", template="warn.rain", policy="ask", severity="orange", params={"hours": 3, "mm": 80},
        audience={"divisions": ["990121"], "tags": ["boat:2吨"]})
    wait_for("everybody to be told", world.settled)
    kinds = {m["contact"]: m["kind"] for m in world.api("GET", "/v1/alerts/%d/messages" % asked)[1]["messages"]}
    assert kinds["d2"] == "inform" and kinds[CHIEF] == "call", kinds


def test_whom_a_tag_names_is_settled_at_the_release(world):
    alert = world.send(key="crew", template="warn.rain", policy="crew", severity="orange",
                       params={"hours": 3, "mm": 80, "place": "青石"},
                       audience={"tags": ["skills:潜水"]})
    change(world, "d3", tags=["skills:潜水"])
    wait_for("the second rung", lambda: len({m["step"] for m in world.api(
        "GET", "/v1/alerts/%d/messages" % alert)[1]["messages"]}) == 2)
    told = {m["contact"] for m in world.api("GET", "/v1/alerts/%d/messages" % alert)[1]["messages"]}
    assert {"d1", "d2"} <= told and "d3" not in told, told
    world.api("POST", "/v1/alerts/%d/cancel" % alert, {"note": "x"})


def test_an_alert_replaces_those_whom_its_own_tags_name(world):
    change(world, "d3", tags=["skills:急救"])
    old = world.send(key="first", template="warn.rain", policy="each", severity="orange",
                     params={"hours": 3, "mm": 80, "place": "青石"}, audience={"tags": ["skills:潜水", "skills:急救"]})
    new = dict(template="warn.rain", policy="each", severity="orange", params={"hours": 3, "mm": 80, "place": "青石"},
               replaces=old, audience={"tags": ["skills:急救"]})
    status, plan = world.api("POST", "/v1/alerts?dry_run=1", new)
    assert status == 200 and plan["replaces"]["moved"] == ["d1", "d3"], plan
    world.api("POST", "/v1/alerts/%d/cancel" % old, {"note": "x"})


def test_very_many_with_a_tag_are_collected_in_slices(world):
    upload(world, 200, "ref,name,phone,skills", *["v%d,众,+99977%06d,众" % (i, i) for i in range(4500)])
    alert = world.send(key="many", template="notice.text", severity="notice", params={"text": "集合"},
                       audience={"tags": ["skills:众"], "without_contacts": ["v7"]})
    planned = wait_for("all of them", lambda: [e for e in world.api("GET", "/v1/alerts/%d/events" % alert)[1]["events"]
                                               if e["what"] == "planned"])
    assert planned[0]["detail"]["people"] == 4499
    world.api("POST", "/v1/alerts/%d/cancel" % alert, {"note": "x"})
