"""Words that are no answer, through a real gongd: each is in the inbox and reaches the desk."""
import json

from harness import World, wait_for

DIVISIONS = """code,name,level,parent
990121,青石县,county,9901
990121001,小岩镇,township,990121
990121001001,一村,village,990121001
990121001002,二村,village,990121001
990121001003,三村,village,990121001
990121001004,四村,village,990121001
"""
SAYS = ["1", "3人被困在学校", "N side bridge gone, 2 trapped", "你们是谁啊"]


def world():
    w = World(routes='route "sim" {\n driver = "gong-sim"\n channels = {sms}\n config = \'{"simulation":true,'
                     '"people":"PEOPLE"}\'\n}\n', name="inboxwords")
    with open(w.path("people"), "w", encoding="utf-8") as f:
        for i, text in enumerate(SAYS):
            f.write("+9992%07d sms 0 %s\n" % (i, text))
    with open(w.conf, encoding="utf-8") as f:
        conf = f.read().replace("PEOPLE", w.path("people"))
    with open(w.conf, "w", encoding="utf-8") as f:
        f.write(conf)
    w.start()
    assert w.api("POST", "/v1/import/divisions", DIVISIONS.encode())[0] == 200
    people = "id,name,phone,role,division\n" + "".join(
        "x%d,人%d,+9992%07d,village_chief,99012100100%d\n" % (i, i, i, i + 1) for i in range(len(SAYS)))
    assert w.api("POST", "/v1/import/contacts", people.encode())[0] == 200
    return w


def test_what_people_write_is_in_the_inbox_and_at_the_desk():
    w = world()
    try:
        w.send(key="words", template="warn.rain", severity="orange", policy="call.orange",
               params={"mm": "80", "hours": "3", "level": "橙色"}, audience={"divisions": ["990121"]})
        wait_for("all have written", lambda: len(w.rows(
            "SELECT id FROM inbound WHERE meaning IS NOT NULL")) >= len(SAYS))
        seen = {r["ref"]: r for r in w.rows(
            "SELECT c.ref, i.text, i.meaning, i.level, i.rule, i.alert, i.task FROM inbound i "
            "JOIN contact c ON c.id = i.contact ORDER BY i.id DESC")}
        assert seen["x0"]["meaning"] == "acknowledged" and seen["x0"]["level"] == 3
        assert seen["x0"]["rule"] == "only one"
        for ref, text in (("x1", SAYS[1]), ("x2", SAYS[2])):
            assert seen[ref]["meaning"] == "help", seen[ref]
            task = w.rows("SELECT kind, words, urgency FROM task WHERE id = ?", seen[ref]["task"])[0]
            assert task["kind"] == "help" and task["urgency"] > 0
            assert text in [said["text"] for said in json.loads(task["words"])]
        assert seen["x3"]["meaning"] == "none"
        assert w.rows("SELECT kind FROM task WHERE id = ?", seen["x3"]["task"])[0]["kind"] == "unclear"
        assert [r["opt_out"] for r in w.rows("SELECT opt_out FROM contact")] == [0, 0, 0, 0]
    finally:
        w.close()
