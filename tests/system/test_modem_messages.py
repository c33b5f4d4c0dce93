"""gong-modem: what becomes of each message, each receipt, each answer, each question.

One sentence a test, the real driver on the simulated modem; the simulator's log is the other
witness.
"""
import time

import pytest

from test_modem_driver import A, B, LONG, SLOW, bench, settle  # noqa: F401

FAST = {"poll_seconds": 1, "result_seconds": 2}


def submits(sim, state="accepted", **like):
    return sim.log(ev="submit", state=state, **like)


def words(bench):
    with open(bench.folder + "/driver.err", encoding="utf-8", errors="replace") as f:
        return f.read()


def events(driver, ev, **like):
    return [e for e in driver.seen
            if e["ev"] == ev and all(e.get(k) == v for k, v in like.items())]


def pause(driver, seconds):
    """Lets it go on for a while, and reads what it said."""
    end = time.monotonic() + seconds
    driver.op("ping", n=1)
    while time.monotonic() < end:
        time.sleep(0.05)
    driver.op("ping", n=2)
    driver.expect("pong", n=2)


def listed(driver, memory):
    """How many messages lie in that memory, as the modem says."""
    driver.op("ask", id="q%d" % len(driver.seen), what="at", text="AT+CPMS?")
    fields = driver.expect("answer", ok=True)["lines"][0][len("+CPMS: "):].split(",")
    return int(fields[fields.index('"%s"' % memory) + 1])


def empties(driver, *memories):
    settle(lambda: not any(listed(driver, m) for m in memories))


# --- submits --------------------------------------------------------------------------

REFUSALS = [
    ("cms 8 1", "retry_other"), ("cms 10 1", "retry_other"), ("cms 1 1", "drop"),
    ("cms 41 1", "retry"), ("cms 42 1", "retry"), ("cms 47 1", "retry"), ("cms 322 1", "retry"),
    ("cms 310 1", "retry_other"), ("cms 330 1", "retry_other"), ("cms 21 1", "retry_other"),
    ("cms 302 1", "retry"), ("cme 30 1", "retry_other"), ("cme 10 1", "retry_other"),
    ("cme 14 1", "retry"), ("cme 4 1", "retry_other"), ("submit-error 1", "retry_other")]


def test_each_kind_of_refusal_has_its_class(bench):
    sim, driver = bench.ready(**FAST)
    for i, (order, kind) in enumerate(REFUSALS):
        sim.tell(order)
        driver.send("m%d" % i, A, "one")
        done = driver.expect("done", id="m%d" % i)
        assert (done["outcome"], done["class"]) == ("rejected", kind), order
        assert done["reason"] and "ref" not in done
        driver.send("between%d" % i, B, "two")
        assert driver.expect("done", id="between%d" % i)["outcome"] == "accepted"
        if order.startswith("cm"):
            assert order.split()[1] in done["reason"]


def test_a_bad_number_never_blocks_the_others(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell("cms 38 1000 " + A, "air 5")
    begun = time.monotonic()
    for i in range(10):
        driver.send("a%d" % i, A, "bad")
        driver.send("b%d" % i, B, "good")
    for i in range(10):
        driver.expect("done", id="b%d" % i, outcome="accepted")
    assert time.monotonic() - begun < 3 * SLOW
    assert all(d["class"] == "retry" for i in range(10) for d in driver.dones("a%d" % i))
    assert not events(driver, "fatal")


def test_with_refusals_at_random_each_message_has_one_end_and_the_books_agree(bench):
    sim, driver = bench.ready("--seed", "7", **FAST)
    sim.tell("cms-ratio 42 0.4", "air 1")
    for i in range(40):
        driver.send("m%d" % i, A, "text %d" % i)
    ends = []
    while len(ends) < 40:
        ends.append(driver.expect("done"))
    accepted = {e["id"] for e in ends if e["outcome"] == "accepted"}
    assert len({e["id"] for e in ends}) == 40
    assert all(e["class"] == "retry" for e in ends if e["id"] not in accepted)
    assert {"text " + i[1:] for i in accepted} == {s["text"] for s in submits(sim)}
    assert 0 < len(accepted) < 40


def test_a_late_result_is_never_taken_for_that_of_the_next_message(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell("late-submit 3000 1")
    driver.send("m1", A, "one")
    assert driver.expect("done", id="m1")["outcome"] == "unknown"
    driver.send("m2", B, "two", receipt=True)
    done = driver.expect("done", 20, id="m2")
    (mine,) = submits(sim, text="two")
    assert (done["outcome"], done["ref"]) == ("accepted", str(mine["mr"]))
    assert driver.receipts("m2")[0]["state"] == "delivered"
    assert len(submits(sim, text="one")) == 1


def test_an_ok_without_a_reference_is_unknown_and_the_next_one_goes(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell("no-mr 1")
    driver.send("m1", A, "one")
    done = driver.expect("done", id="m1")
    assert done["outcome"] == "unknown" and "reference" in done["reason"]
    driver.send("m2", B, "two")
    assert driver.expect("done", id="m2")["outcome"] == "accepted"


def test_without_a_prompt_the_message_has_certainly_not_left(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell("no-prompt 1")
    driver.send("m1", A, "one")
    done = driver.expect("done", 20, id="m1")
    assert (done["outcome"], done["class"]) == ("rejected", "retry_other")
    driver.send("m2", B, "two")
    assert driver.expect("done", id="m2")["outcome"] == "accepted"
    assert [s["text"] for s in submits(sim)] == ["two"]


def test_a_long_message_that_breaks_off_is_told_part_by_part_and_goes_on_from_there(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell("air-parts 10,900,10")
    driver.send("m1", A, LONG, reference=200)
    driver.expect("part", part=1, of=3, reference=200)
    settle(lambda: submits(sim, "air", part=2))
    sim.tell("cms 42 1")                        # hits part 3
    done = driver.expect("done", id="m1")
    assert (done["outcome"], done["class"]) == ("rejected", "retry")
    assert [e["part"] for e in events(driver, "part")] == [1, 2]
    driver.send("m2", A, LONG, reference=200, parts=[3])
    assert driver.expect("done", id="m2")["outcome"] == "accepted"
    assert [(s["part"], s["ref"]) for s in submits(sim)] == [(1, 200), (2, 200), (3, 200)]
    assert sim.log(ev="message")[0]["text"] == LONG


def test_parts_go_back_to_back_and_urgent_ones_overtake_only_between_messages(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell("air 150")
    driver.send("m1", A, LONG, reference=5)
    driver.send("m2", A, "ordinary")
    settle(lambda: submits(sim, "air"))
    driver.send("m3", B, "urgent", urgent=True)
    driver.send("m4", A, "urgent, too", urgent=True)
    driver.expect("done", id="m2", outcome="accepted")
    sent = submits(sim)
    assert [s["text"] for s in sent[3:]] == ["urgent", "urgent, too", "ordinary"]
    air = {s["part"]: s["at"] for s in submits(sim, "air", ref=5)}
    for part in (1, 2):
        assert air[part + 1] - sent[part - 1]["at"] < 100 * SLOW


def test_a_message_whose_time_runs_out_between_its_parts_stops_there(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell("air 600")
    driver.send("m1", A, LONG, not_after=int(time.time() * 1000) + 900)
    done = driver.expect("done", id="m1")
    assert done["outcome"] == "rejected" and "not_after" in done["reason"]
    assert len(events(driver, "part")) == 2 == len(submits(sim))


def test_closing_ends_a_long_message_after_the_part_in_hand_when_its_grace_is_over(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell("air 700")
    driver.send("m1", A, LONG)
    settle(lambda: submits(sim, "air"))
    driver.op("close", grace_ms=100)
    assert driver.end() == 0
    (done,) = driver.dones("m1")
    assert (done["outcome"], done["class"]) == ("rejected", "retry") and "parts" in done["reason"]
    assert [e["part"] for e in events(driver, "part")] == [1] == [s["part"] for s in submits(sim)]


# --- texts that a phone cut or spoilt -------------------------------------------------

def swapped(digits):
    digits += "F" * (len(digits) % 2)
    return "".join(digits[i + 1] + digits[i] for i in range(0, len(digits), 2))


def pdu(data, length=None, dcs="08", sender=None, header=""):
    """A DELIVER of user data in hexadecimal; `length` in septets for GSM 7 bit."""
    sender = sender or "0B91" + swapped("99900000000")
    return "".join(["0791" + swapped("99900000000"), "44" if header else "04", sender, "00", dcs,
                    "62114280030023", "%02X" % (len(header + data) // 2 if length is None else length),
                    header, data])


def packed(codes, fill=0):
    bits = sum(code << (7 * i + fill) for i, code in enumerate(codes))
    return bits.to_bytes((7 * len(codes) + fill + 7) // 8, "little").hex().upper()


def utf16(text):
    return text.encode("utf-16-be", "surrogatepass").hex().upper()


@pytest.mark.parametrize("text,want", [("三组\0被困2人", "三组被困2人"), ("\0001", "1"),
                                       ("一\ud83d二", "一\ufffd二"), ("\udf0a", "\ufffd")])
def test_a_text_with_u0000_or_half_a_pair_is_told_to_its_end(bench, text, want):
    sim, driver = bench.ready(**FAST)
    sim.tell("deliver-hex " + pdu(utf16(text)), "deliver %s next" % B)
    told = [driver.expect("inbound")["text"], driver.expect("inbound")["text"]]
    assert sorted(told) == sorted([want, "next"])


@pytest.mark.parametrize("backwards", [False, True])
def test_a_character_cut_between_two_parts_is_whole(bench, backwards):
    sim, driver = bench.ready(**FAST)
    wide = [pdu(utf16("水\ud83c"), header="0500035A0201"), pdu(utf16("\udf0a高"), header="0500035A0202")]
    euro = [pdu(packed(list(b"only 5") + [0x1b], 1), 7 + 7, "00", header="0500035B0201"),
            pdu(packed(list(b"e left"), 1), 7 + 6, "00", header="0500035B0202")]
    for parts, want in ((wide, "水🌊高"), (euro, "only 5€ left")):
        for one in reversed(parts) if backwards else parts:
            sim.tell("deliver-hex " + one)
        assert driver.expect("inbound")["text"] == want


@pytest.mark.parametrize("kind", ["D0", "D1", "D9", "50"])
def test_a_sender_with_a_name_keeps_it(bench, kind):
    sim, driver = bench.ready(**FAST)
    name = "CMCC-95" if kind == "D0" else "Gong_4"
    codes = [0x11 if c == "_" else ord(c) for c in name]
    sender = "%02X%s%s" % ((len(name) * 7 + 3) // 4, kind, packed(codes))
    sim.tell("deliver-hex " + pdu(utf16("通知"), sender=sender))
    event = driver.expect("inbound")
    assert (event["from"], event["text"]) == (name, "通知")


# --- receipts -------------------------------------------------------------------------

def quirks(bench, text):
    path = bench.folder + "/models.conf"
    with open(path, "w", encoding="utf-8") as f:
        f.write('model "*" {\n%s\n}\n' % text)
    return {"models": path, **FAST}


@pytest.mark.parametrize("way", ["direct", "stored", "cannot be direct"])
def test_receipts_name_their_message_by_whatever_way_they_come(bench, way):
    options = ["--cnmi", "(0-2),(0-2),(0-3),(0,2),(0,1)"] if way == "cannot be direct" else []
    config = quirks(bench, 'receipts = "stored"') if way == "stored" else FAST
    sim, driver = bench.ready(*options, **config)
    driver.send("m1", A, "one", receipt=True)
    driver.send("m2", A, LONG, receipt=True)
    told = driver.receipts("m1") + driver.receipts("m2")
    assert [r["state"] for r in told] == ["delivered"] * 4
    for receipt in told if way != "direct" else []:
        driver.op("took", id=receipt["took"])
    if way != "direct":
        empties(driver, "SR")
    pause(driver, 1.5)
    assert len(events(driver, "receipt")) == 4


def test_no_report_of_a_part_leaves_the_sim_before_gongd_has_it(bench):
    sim, driver = bench.ready(**quirks(bench, 'receipts = "stored"'))
    driver.send("m1", A, LONG, receipt=True)
    first, second, third = driver.receipts("m1")
    driver.op("took", id=second["took"])
    settle(lambda: listed(driver, "SR") == 2)
    driver.kill()
    driver = bench.driver(sim.tty, **quirks(bench, 'receipts = "stored"'))
    again = [driver.expect("receipt"), driver.expect("receipt")]
    assert sorted(r["ref"] for r in again) == sorted(r["ref"] for r in (first, third))


@pytest.mark.parametrize("status,state", [(0x00, "delivered"), (0x01, "buffered"), (0x02, "buffered"),
                                          (0x1f, "buffered"), (0x30, "buffered"), (0x46, "failed"),
                                          (0x63, "failed")])
def test_a_report_that_does_not_say_delivered_is_none(bench, status, state):
    sim, driver = bench.ready("--receipts", "0x%02x" % status, **FAST)
    driver.send("m1", A, "one", receipt=True)
    (receipt,) = driver.receipts("m1")
    assert receipt["state"] == state and (state == "delivered" or str(status) in receipt["reason"])


def test_receipts_late_failed_lost_and_doubled(bench):
    sim, driver = bench.ready("--receipt-duplicate", "1", **FAST)
    driver.send("m1", A, "doubled", receipt=True)
    one = driver.receipts("m1")[0]
    driver.expect("receipt", ref=one["ref"], state="delivered")     # gongd counts it once
    sim.tell("receipt-loss 1")
    driver.send("m2", A, "lost", receipt=True)
    driver.expect("done", id="m2", outcome="accepted")
    settle(lambda: sim.log(ev="receipt", lost=True))
    sim.tell("receipt-loss 0", "receipt-duplicate 0", "receipt-ms 1500", "receipts failed")
    driver.send("m3", B, "late", receipt=True)
    (receipt,) = driver.receipts("m3")
    assert receipt["state"] == "failed" and "70" in receipt["reason"]
    assert [e["ref"] for e in events(driver, "receipt")] == [one["ref"], one["ref"], receipt["ref"]]


def test_a_receipt_for_the_driver_before_goes_up_by_its_reference(bench):
    sim, driver = bench.ready("--receipt-ms", "1500", **FAST)
    driver.send("m1", A, "one", receipt=True)
    ref = driver.expect("done", id="m1")["ref"]
    driver.kill()
    driver = bench.driver(sim.tty, **FAST)
    receipt = driver.expect("receipt")
    assert (receipt["ref"], receipt["to"], receipt["state"]) == (ref, A, "delivered")
    assert "id" not in receipt


def test_a_stored_receipt_outlives_the_driver_until_it_is_taken(bench):
    config = quirks(bench, 'receipts = "stored"')
    sim, driver = bench.ready(**config)
    driver.send("m1", A, "one", receipt=True)
    (first,) = driver.receipts("m1")
    driver.kill()
    driver = bench.driver(sim.tty, **config)
    again = driver.expect("receipt")
    assert again["took"] == first["took"] and again["ref"] == first["ref"]
    driver.op("took", id=again["took"])
    empties(driver, "SR")


# --- what comes in --------------------------------------------------------------------

def test_a_hint_to_the_wrong_place_only_makes_it_look_everywhere(bench):
    sim, driver = bench.ready(poll_seconds=60)
    driver.expect("health")
    sim.tell("full on", "deliver %s first" % A, "full off")
    assert driver.expect("inbound")["text"] == "first"
    sim.tell("deliver %s second" % A)
    assert driver.expect("inbound")["text"] == "second"
    for hint in ['+CMTI: "SM",19', '+CMTI: "SM",-4', '+CMTI: "XX",1', "+CMTI: ", '+CMTI: "ME",999999']:
        sim.tell("urc " + hint)
    pause(driver, 0.5)
    assert len(events(driver, "inbound")) == 2 and not events(driver, "fatal")


def test_a_wrong_hint_finds_what_was_not_hinted(bench):
    sim, driver = bench.ready("--cnmi", "(0-2),(0),(0-3),(0-2),(0,1)", poll_seconds=60)
    driver.expect("health")
    pause(driver, 0.3)
    sim.tell("deliver %s found" % A)
    pause(driver, 0.3)
    assert not events(driver, "inbound")
    sim.tell('urc +CMTI: "SM",19')
    assert driver.expect("inbound")["text"] == "found"


def test_without_any_hint_the_next_look_finds_it(bench):
    sim, driver = bench.ready("--cnmi", "(0-2),(0),(0-3),(0-2),(0,1)", **FAST)
    sim.tell("deliver %s found" % A)
    assert driver.expect("inbound", 4)["text"] == "found"


def test_a_text_that_comes_straight_is_told_and_joined(bench):
    sim, driver = bench.ready("--cnmi", "(0-2),(0,2),(0-3),(0-2),(0,1)", **FAST)
    sim.tell("deliver %s straight" % A, "deliver-part %s 9 2 2 -b" % A, "deliver-part %s 9 1 2 a" % A)
    assert driver.expect("inbound")["text"] == "straight"
    joined = driver.expect("inbound")
    assert joined["text"] == "a-b"
    driver.op("took", id=joined["id"])
    pause(driver, 1.5)
    assert len(events(driver, "inbound")) == 2


def test_parts_out_of_order_and_twice_become_one_message_and_all_leave_at_took(bench):
    sim, driver = bench.ready(**FAST)
    parts = ["deliver-part %s 4 %d 3 %s" % (A, n, t) for n, t in ((3, "c"), (1, "a"), (1, "a"))]
    sim.tell(*parts)
    sim.tell("deliver-part %s 4 2 3 b" % A)
    message = driver.expect("inbound")
    assert message["text"] == "abc"
    sim.tell("deliver-part %s 4 2 3 b" % A)     # the network missed an acknowledgement
    settle(lambda: listed(driver, "SM") == 5)
    driver.op("took", id=message["id"])
    empties(driver, "SM")
    assert len(events(driver, "inbound")) == 1


# SMS-DELIVER from +999000000001, 2026-11-24: 16-bit reference 0x0102, part n of 2, "hi"
WIDE = "00440C91990900000010000062114201000000" "0A" "0608040102020%d" "E834"


def test_references_of_16_bits_are_no_references_of_8_bits(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell("deliver-part %s 2 1 2 other" % A, "deliver-hex " + WIDE % 2, "deliver-hex " + WIDE % 1)
    message = driver.expect("inbound")
    assert (message["from"], message["text"]) == (A, "hihi")
    sim.tell("deliver-part %s 2 2 2 -end" % A)
    assert driver.expect("inbound")["text"] == "other-end"


def test_a_message_stays_until_taken_and_is_told_once(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell("deliver %s stay" % A)
    message = driver.expect("inbound")
    pause(driver, 2.5)
    assert listed(driver, "SM") == 1
    driver.op("took", id="ffffffffffffffff")
    pause(driver, 1.5)
    assert listed(driver, "SM") == 1
    driver.op("took", id=message["id"])
    empties(driver, "SM")
    assert len(events(driver, "inbound")) == 1


def test_a_full_memory_is_drained_and_what_waited_in_the_network_comes(bench):
    sim, driver = bench.ready("--sm-size", "4", **FAST)
    for i in range(7):
        sim.tell("deliver %s text %d" % (A, i))
    texts = []
    for _ in range(7):
        message = driver.expect("inbound")
        texts.append(message["text"])
        driver.op("took", id=message["id"])
    assert sorted(texts) == ["text %d" % i for i in range(7)]
    empties(driver, "SM")


def test_what_others_wrote_into_the_memory_is_purged_and_what_came_is_told(bench):
    sim = bench.sim()
    sim.tell("store SM sent %s old" % A, "store SM unsent %s draft" % A,
             "store SM read %s read before" % B, "store ME unread %s in the modem" % B)
    driver = bench.driver(sim.tty, **FAST)
    texts = set()
    for _ in range(2):
        message = driver.expect("inbound")
        texts.add(message["text"])
        driver.op("took", id=message["id"])
    assert texts == {"read before", "in the modem"}
    settle(lambda: {s["used"] for s in [h["storage"] for h in events(driver, "health")][-1:]} == {0}
           or pause(driver, 0.2))
    assert len(events(driver, "inbound")) == 2


def test_flash_is_told_apart_and_binary_becomes_a_note(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell("deliver-class0 %s look" % A)
    flash = driver.expect("inbound")
    assert (flash["text"], flash["class"]) == ("look", "flash")
    sim.tell("deliver-8bit %s 0102FF00" % B)
    binary = driver.expect("inbound")
    assert (binary["from"], binary["text"]) == (B, "[binary message of 4 bytes]")
    assert "class" not in binary
    assert not submits(sim, "air")              # nobody gets an answer to it


def test_a_national_table_is_read(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell("deliver-hex 0891683108100005F0440BA13108108300F00000621142800300230A03240102986ED29B32")
    message = driver.expect("inbound")
    assert (message["from"], message["text"]) == ("13800138000", "Sí€")
    sim.tell("deliver-hex " + pdu("106A03A091B4026A5201", 16, "00", header="03250106"))
    assert driver.expect("inbound")["text"] == "मैं ठीक हूँ"


HOSTILE = ["0004", "000C9199", "0011" + "00" * 20, "07919999000000F0" "0B" + "00" * 30,
           "0004FF91" + "1" * 60, "00400C919909000000100008621142010000008C" + "FF" * 140]


def test_what_is_no_message_is_passed_on_as_a_note_and_leaves_the_memory(bench):
    sim, driver = bench.ready(**FAST)
    for pdu in HOSTILE:
        sim.tell("deliver-hex " + pdu)
        note = driver.expect("inbound")
        assert note["text"] == "[unreadable message: %s]" % pdu
        driver.op("took", id=note["id"])
    empties(driver, "SM")
    sim.tell("deliver %s after" % A)
    assert driver.expect("inbound")["text"] == "after"


def test_a_missed_call_is_told_once_and_rung_off(bench):
    sim, driver = bench.ready("--ring-every-ms", "200", **FAST)
    sim.tell("ring %s 20" % A)
    call = driver.expect("inbound")
    assert call["missed_call"] is True and call["from"] == A and "text" not in call
    settle(lambda: sim.log(ev="call", state="hangup"))
    driver.op("took", id=call["id"])
    sim.tell('urc +CLIP: "%s",145' % A)         # one more ring that was on its way
    pause(driver, 0.5)
    assert len(events(driver, "inbound")) == 1
    sim.tell("ring %s 20" % B)
    assert driver.expect("inbound")["from"] == B


def test_a_caller_without_a_number_or_with_an_odd_one_does_no_harm(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell('urc +CLIP: "",128', "urc +CLIP: ", 'urc +CLIP: "anonymous é",129', "ring - 3",
             'urc +CLIP: "%s",145' % ("9" * 200))
    assert driver.expect("inbound")["from"] == "+" + "9" * 23
    driver.send("m1", A, "goes on")
    assert driver.expect("done", id="m1")["outcome"] == "accepted"


# --- questions ------------------------------------------------------------------------

def ask(driver, id, what, text, **fields):
    driver.op("ask", id=id, what=what, text=text, **fields)
    return driver.expect("answer", 20, id=id)


def test_a_command_is_answered_with_what_the_modem_said(bench):
    sim, driver = bench.ready("--signal", "17", **FAST)
    answer = ask(driver, "q1", "at", "AT+CSQ")
    assert answer["ok"] and answer["lines"] == ["+CSQ: 17,99", "OK"] and answer["ms"] >= 0
    assert ask(driver, "q2", "at", "AT+NOSUCH")["lines"][-1] == "ERROR"


@pytest.mark.parametrize("what,text,to,word", [
    ("at", "CSQ", None, "begins with AT"), ("at", "AT+CMGS=20", None, "send-test"),
    ("at", "ATE0;+CMGS=20", None, "send-test"), ("at", "AT+CSQ\rAT+CMGF=1", None, "one line"),
    ("at", "AT" + "A" * 1200, None, "1000"), ("at", "AT+CPBF=\"é\"", None, "ASCII"),
    ("ussd", '*100#",15\r', None, "`text`"), ("ussd", "", None, "`text`"),
    ("ussd", "1" * 33, None, "`text`"), ("sms", "hello", "12a", "`to`"), ("dance", "x", None, "at, ussd")])
def test_a_question_that_cannot_be_asked_is_refused_with_a_reason(bench, what, text, to, word):
    sim, driver = bench.ready(**FAST)
    answer = ask(driver, "q1", what, text, **({"to": to} if to else {}))
    assert answer["ok"] is False and word in answer["reason"]
    assert ask(driver, "q2", "at", "AT")["ok"]
    assert not submits(sim, "air")


@pytest.mark.parametrize("form,sim_form,code,text", [
    ("plain", "gsm", "*100#", "Balance 12.50"), ("ucs2", "ucs2", "*100*1234567890123#", "余额12.50元"),
    ("packed", "packed", "*100#", "Balance 12.50 "), ("packed", "packed", "*100*1#", "seven 1"),
    ("packed", "packed", "*100*12#", "余额")])
def test_ussd_in_every_form(bench, form, sim_form, code, text):
    sim, driver = bench.ready(**quirks(bench, 'ussd_form = "%s"' % form))
    sim.tell("ussd-format " + sim_form, "ussd %s %s" % (code, text))
    answer = ask(driver, "q1", "ussd", code)
    assert answer["ok"] and [line.rstrip() for line in answer["lines"]] == [text.rstrip()]
    assert [e["code"] for e in sim.log(ev="ussd")] == [code]


@pytest.mark.parametrize("text,lines", [
    ("Bal 12.50\\nExp 2027", ["Bal 12.50", "Exp 2027"]),
    ("Bal 2\\n\\nThanks", ["Bal 2", "Thanks"]),
    ('1. "Top up"\\n2. Balance\\n"3"', ['1. "Top up"', "2. Balance", '"3"']),
    ("Only $5 and 3€ left", ["Only $5 and 3€ left"])])
def test_ussd_of_several_lines_and_in_letters_of_gsm(bench, text, lines):
    sim, driver = bench.ready(**FAST)
    sim.tell("ussd-format gsm", "ussd *100# " + text)
    assert ask(driver, "q1", "ussd", "*100#")["lines"] == lines
    driver.send("m1", A, "one")
    assert driver.expect("done", id="m1")["outcome"] == "accepted"


def test_ussd_that_breaks_off_ends_with_the_next_reply(bench):
    sim, driver = bench.ready("--ussd-ms", "600000", **FAST)
    driver.op("ask", id="q1", what="ussd", text="*1#")
    pause(driver, 0.3)
    sim.tell('urc +CUSD: 0,"cut off')
    assert ask(driver, "q2", "at", "AT+CSQ")["lines"] == ["+CSQ: 20,99", "OK"]
    assert driver.expect("answer", id="q1")["lines"] == ["cut off"] \
        if not [e for e in driver.seen if e.get("id") == "q1"] else True


def test_ussd_refused_and_one_after_the_other(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell("ussd *1# one", "ussd *2# two")
    driver.op("ask", id="q1", what="ussd", text="*9#")
    driver.op("ask", id="q2", what="ussd", text="*1#")
    driver.op("ask", id="q3", what="at", text="AT")
    driver.op("ask", id="q4", what="ussd", text="*2#")
    answers = {}
    while len(answers) < 4:
        answer = driver.expect("answer")
        answers[answer["id"]] = answer
    assert answers["q1"]["ok"] is False and "USSD" in answers["q1"]["reason"]
    assert answers["q2"]["lines"] == ["one"] and answers["q4"]["lines"] == ["two"]
    assert answers["q3"]["lines"] == ["OK"]


def test_a_menu_of_ussd_is_left(bench):
    sim, driver = bench.ready("--ussd-ms", "600000", debug=True, **FAST)
    driver.op("ask", id="q1", what="ussd", text="*1#")
    pause(driver, 0.3)
    sim.tell('urc +CUSD: 1,"1 Guthaben 2 \u00e9",15')
    answer = driver.expect("answer", id="q1")
    assert answer["lines"] == ["1 Guthaben 2 é"]
    settle(lambda: "> AT+CUSD=2" in words(bench))


def test_too_many_questions_at_once_are_refused_and_the_others_answered(bench):
    sim, driver = bench.ready(**FAST)
    for i in range(20):
        driver.op("ask", id="q%d" % i, what="at", text="AT")
    answers = [driver.expect("answer") for _ in range(20)]
    assert sorted(a["id"] for a in answers) == sorted("q%d" % i for i in range(20))
    assert {a.get("reason") for a in answers if not a["ok"]} <= {"too many questions at once; ask again"}
    assert sum(a["ok"] for a in answers) >= 8


def test_a_modem_that_goes_silent_over_a_question_is_set_up_anew(bench):
    sim, driver = bench.ready(**FAST)
    sim.tell("ussd *1# one")
    pause(driver, 0.3)
    driver.op("ask", id="q1", what="at", text="AT+CFUN=1,1")
    assert driver.expect("answer", 20, id="q1")["id"] == "q1"
    driver.send("m1", A, "after the reset")
    done = driver.expect("done", 30, id="m1")
    assert done["outcome"] in ("accepted", "rejected")


def test_a_test_message_tells_its_round_trip(bench):
    sim, driver = bench.ready("--receipt-ms", "300", **FAST)
    answer = ask(driver, "q1", "sms", "hello 你好", to=A, receipt_wait_ms=5000)
    assert answer["ok"] and answer["receipt"] == "delivered"
    assert answer["receipt_ms"] >= 300 > answer["submit_ms"] / SLOW
    answer = ask(driver, "q2", "sms", "no wait", to=A, receipt_wait_ms=0)
    assert answer["ok"] and "receipt" not in answer and answer["ref"]
    sim.tell("receipt-loss 1")
    answer = ask(driver, "q3", "sms", "lost", to=A, receipt_wait_ms=700)
    assert answer["ok"] and "receipt" not in answer
    sim.tell("cms 28 1")
    answer = ask(driver, "q4", "sms", "refused", to=A, receipt_wait_ms=5000)
    assert answer["ok"] is False and "28" in answer["reason"]
    pause(driver, 0.5)
    for ev in ("done", "part", "receipt"):      # gongd knows nothing of them
        assert not events(driver, ev)


def test_the_balance_is_read_and_a_low_one_is_an_alarm(bench):
    sim = bench.sim()
    sim.tell("ussd *100# Your balance: 3,20 EUR until 31.12.")
    driver = bench.driver(sim.tty, balance_ussd="*100#", balance_floor=10,
                          balance_pattern="balance: ([0-9]+[.,][0-9]+)", **FAST)
    settle(lambda: "balance" in driver.expect("keep")["state"])
    health = driver.expect("health", balance=3.2)
    assert [a["name"] for a in health["alarms"]] == ["balance"]
