"""What readers of a place would get of a text, before anything is sent (docs/templates.md, "Preview")."""
import pytest

from harness import SLOW, UnixConnection, World, sim_route

DIVISIONS = """code,name,name_en,shelter,route
990121,青石县,Qingshi,,
990121001,柳溪镇,Liuxi,,
990121001001,清溪村,Qingxi,村小学,东路
990121001002,竹坪村,Zhuping,,
"""
A, B = "990121001001", "990121001002"


@pytest.fixture(scope="module")
def world():
    with World(name="preview") as w:
        w.routes = sim_route(w.path("books")) + sim_route(w.path("more"), name="signs").replace(
            "channels = {sms}", "channels = {sms, voice}\n gong_signs = false")
        w.write_conf()
        w.start()
        status, answer = w.api("POST", "/v1/import/divisions", DIVISIONS.encode())
        assert status == 200, answer
        yield w


def forms(reader):
    return {(f["language"], f["form"]): f for f in reader["forms"]}


def get(world, path):
    status, answer = world.api("GET", path)
    assert status == 200, answer
    return answer


def test_each_place_reads_its_own_and_who_has_both_reads_both(world):
    answer = get(world, "/v1/templates/flood.move/preview?division=%s,%s" % (A, B))
    first, second, both = answer["readers"]
    assert [d["code"] for d in both["divisions"]] == [A, B]
    zh = forms(first)["zh", "sms"]
    assert "清溪村" in zh["text"] and "走东路到村小学" in zh["text"] and zh["text"].startswith("【青石县应急】")
    assert not zh["provider"].startswith("【") and zh["text"].endswith(zh["provider"])
    assert len(zh["parts"]) == 1 and zh["parts"][0]["text"] == zh["text"] and zh["parts"][0]["units"] == zh["units"] <= 70
    assert zh["alphabet"] == "ucs2" and zh["longest"]["units"] >= zh["units"]
    en = forms(first)["en", "sms"]
    assert "Qingxi" in en["text"] and en["alphabet"] == "ucs2"         # 村小学 has no English column: seen before it costs
    assert forms(second)["en", "sms"]["alphabet"] == "gsm7"
    assert 10 < forms(first)["zh", "voice"]["seconds"] < 30
    assert forms(first)["zh", "constant"]["parts"]
    assert "预案安全点" in forms(second)["zh", "sms"]["text"]          # it has no shelter: the default, and a warning
    assert any(w["param"] == "shelter" for w in answer["warnings"])
    assert {(r["name"], r["channel"], r["gong_signs"]) for r in answer["routes"]} == {
        ("sim", "sms", True), ("signs", "sms", False), ("signs", "voice", False)}


def test_values_colour_kind_and_drill_are_as_in_the_alert(world):
    path = "/v1/templates/warn.general/preview?division=%s&severity=orange&kind=fog&mode=drill" % A
    zh = forms(get(world, path)["readers"][0])["zh", "sms"]
    assert "大雾预警（橙色）" in zh["text"] and "【演练】" in zh["text"] and zh["provider"].startswith("演练:")
    path = "/v1/templates/flood.move/preview?division=%s&param=%s:shelter=%%E9%%AB%%98%%E5%%B2%%97&param=route=x" % (A, A)
    assert "走x到高岗" in forms(get(world, path)["readers"][0])["zh", "sms"]["text"]


def test_a_helpers_text_names_the_places(world):
    both = get(world, "/v1/templates/esc.unanswered/preview?division=%s,%s" % (A, B))["readers"][2]
    text = forms(both)["zh", "sms"]["text"]
    assert "2个村" in text and "清溪村、竹坪村" in text


@pytest.mark.parametrize("path, status, field, words", [
    ("/v1/templates/flood.mvoe/preview?division=" + A, 404, None, 'did you mean "flood.move"'),
    ("/v1/templates/flood.move/preview", 422, None, "division is missing"),
    ("/v1/templates/flood.move/preview?division=990121777", 422, None, "no division"),
    ("/v1/templates/warn.rain/preview?division=" + A, 422, "/params/hours", "hours"),
    ("/v1/templates/warn.rain/preview?division=%s&param=mm=lots&param=hours=3" % A, 422, "/params/mm", "number"),
    ("/v1/templates/flood.move/preview?division=%s&param=mmm=3" % A, 422, "/params/mmm", "mmm"),
    ("/v1/templates/flood.move/preview?division=%s&param=nothing" % A, 422, None, "NAME=VALUE"),
    ("/v1/templates/flood.move/preview?division=%s&colour=red" % A, 422, None, "severity"),
    ("/v1/templates/flood.move/preview?division=%s" % ",".join([A] * 21), 422, None, "at most 20"),
])
def test_what_is_wrong_is_said(world, path, status, field, words):
    got, answer = world.api("GET", path)
    assert got == status and words in answer["detail"] and (not field or answer["field"] == field), answer


def test_it_has_an_etag_and_writes_nothing(world):
    connection = UnixConnection(world.socket, 60 * SLOW)
    path = "/v1/templates/flood.move/preview?division=" + A
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    tag = answer.getheader("ETag")
    connection.request("GET", path, headers={"If-None-Match": tag})
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (304, b"")
    connection.request("GET", path + "&severity=orange&param=route=x", headers={"If-None-Match": tag})
    answer = connection.getresponse()
    assert answer.status == 200 and answer.getheader("ETag") != tag
    connection.close()
    assert get(world, "/v1/alerts")["alerts"] == []


def test_gongctl_shows_it(world):
    shown = world.ctl("template", "preview", "flood.move", "--division", A)
    assert "走东路到村小学" in shown and "由平台签名时" in shown and "Qingxi" in shown and "最长" in shown
    shown = world.ctl("template", "preview", "flood.move", "--division", A + "," + B, "--language", "zh", "--channel", "sms",
                      lang="en")
    assert "Qingxi" not in shown and "about" not in shown and "! " in shown and shown.count("== ") == 3
    shown = world.ctl("template", "preview", "warn.rain", "--division", A, "--param", "mm=80", "hours=3", "--severity", "橙色")
    assert "暴雨橙色预警" in shown
    long = world.ctl("template", "preview", "notice.text", "--division", A, "--param", "text=" + "今晚停电请备好手电" * 9)
    assert "[1: " in long and "[2: " in long
    refused = world.ctl("template", "preview", "flood.mvoe", "--division", A, check=False, lang="en")
    assert refused.returncode and 'did you mean "flood.move"' in refused.stderr
