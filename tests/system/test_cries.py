"""Calls for help reach the duty officer in whatever letters, and nobody whom they do not concern."""
from harness import wait_for
from mail import MailWorld

CLIENTS = (("here", "read, send", "divisions = {990121001}"), ("desk", "read, send", ""),
           ("there", "read, send", "divisions = {990121100}"), ("driller", "read, send", "drill_only = true"))
CRIES = ["救命", "3人被困 \x9b31m\x1b[0m", "【县应急】快来人", "救救我们\r\n在村口\t桥边", "‮被困⁩🆘", "help " + "水" * 400]


def told(world):
    return [m["text"] for m in world.sent() if "求助！" in m["text"]]


def test_whoever_cries_is_heard_by_the_duty_officer_and_by_no_other_township():
    world = MailWorld(CLIENTS, name="cries")
    try:
        world.begin()
        for n, cry in enumerate(CRIES):
            text = world.write("+9995550000%d" % n, cry)
            assert text["meaning"] == "help" and text["task"], text
            wait_for("the duty officer to hear of %r" % cry, lambda n=n: len(told(world)) > n)
        # by name and place, the words of somebody of one township are not another's
        world.write(world.phone("village_chief-990121001001-1"), "救命 这是秘密")
        wait_for("the duty officer to hear of it", lambda: len(told(world)) > len(CRIES))
        own = [a for a in world.api("GET", "/v1/alerts")[1]["alerts"] if a["template"] == "help.told"]
        assert len(own) == len(CRIES) + 1
        for call in ("", "/messages", "/messages.csv", "/events", "/targets"):
            path = "/v1/alerts/%d%s" % (own[0]["id"], call)
            for client in ("here", "there", "driller"):
                status, answer = world.as_client(client, "GET", path)
                assert status in (403, 503) and "秘密" not in str(answer), (client, path, answer)
            status, answer = world.as_client("desk", "GET", path)
            assert status == 200, (path, answer)
            assert "秘密" in str(answer) or call in ("/events", "/targets"), (path, answer)
    finally:
        world.close()
