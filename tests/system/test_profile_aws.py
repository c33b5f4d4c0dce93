"""The profiles aws-sms and aws-voice against AWS's side (providers/aws.py)."""
import pytest

from harness import wait_for
from profile_helpers import ONE, TEXTS, TWO, URL, alert, called, counts_once, gongd, level, place, receipt, route, tell
from providers.aws import Aws
from test_http_driver import drive, started  # noqa: F401 (fixtures)

CLASSES = {"config": ["AccessDeniedException", "ExpiredTokenException", "IncompleteSignatureException",
                      "MissingAuthenticationTokenException", "ResourceNotFoundException",
                      "ServiceQuotaExceededException", "UnrecognizedClientException"],
           "retry": ["ThrottlingException"], "retry_other": ["ValidationException", "ConflictException"]}
REASONS = {"config": ["MESSAGE_TYPE_MISMATCH", "NUMBER_CAPABILITIES_MISMATCH", "RESOURCE_NOT_ACTIVE",
                      "UNKNOWN_OPERATION"],
           "retry_other": ["DESTINATION_COUNTRY_BLOCKED", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED",
                           "DESTINATION_PHONE_NUMBER_OPTED_OUT", "INVALID_PARAMETER"]}


def conf(provider, name="aws-sms", **more):
    return route(name, provider, **{
        "access_key_id": provider.ID, "secret_access_key": provider.KEY, "region": provider.REGION,
        "origination": "pool-0123", "configuration_set": "gong", **more})


@pytest.fixture
def aws(started):  # noqa: F811
    return started(Aws())


@pytest.fixture
def r(drive, aws):  # noqa: F811
    return drive(conf(aws), callback_url=URL)


def test_every_text_arrives_signed(r, aws):
    for i, text in enumerate(TEXTS):
        assert r.one(text, ident=f"T{i}")["outcome"] == "accepted"
    assert [g["MessageBody"] for g in aws.got] == TEXTS
    assert {g["MessageType"] for g in aws.got} == {"TRANSACTIONAL"} and aws.got[0]["TimeToLive"] in (59, 60)
    assert r.end() == 0 and Aws.KEY.encode() not in r.log


@pytest.mark.parametrize("prefix", ["", "com.amazonaws.pinpointsmsvoicev2#", "com.amazon.coral.service#"])
@pytest.mark.parametrize("kind, klass", [(c, k) for k, kinds in CLASSES.items() for c in kinds])
def test_what_their_exceptions_mean(r, aws, kind, klass, prefix):
    aws.whole, aws.prefix = (kind,), prefix
    fate = r.one()
    assert (fate["outcome"], fate["class"]) == ("rejected", klass)
    assert prefix or kind in fate["reason"]


@pytest.mark.parametrize("reason, klass", [(c, k) for k, reasons in REASONS.items() for c in reasons])
def test_what_their_reasons_mean(r, aws, reason, klass):
    aws.whole = ("ConflictException", reason)
    assert r.one()["class"] == klass


def test_their_own_errors_are_unknown(r, aws):
    aws.whole = ("InternalServerException",)
    assert r.one()["outcome"] == "unknown"


@pytest.mark.parametrize("change", [{"secret_access_key": "wrong"}, {"access_key_id": "wrong"},
                                    {"region": "eu-west-1"}])
def test_a_wrong_account_stops_the_route(drive, aws, change):  # noqa: F811
    assert drive(conf(aws, **change), callback_url=URL).one()["class"] == "config"


def test_a_wrong_clock_is_one(r, aws):
    aws.skew_s = 400
    assert r.one()["class"] == "clock"


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("kind, state", [
    ("TEXT_DELIVERED", "delivered"), ("TEXT_UNREACHABLE", "failed"), ("TEXT_CARRIER_BLOCKED", "failed"),
    ("TEXT_TTL_EXPIRED", "failed"), ("TEXT_SUCCESSFUL", "buffered"), ("TEXT_PENDING", "buffered"),
    ("TEXT_UNKNOWN", "buffered")])
def test_events_bring_our_id(r, aws, kind, state, raw):
    aws.raw = raw
    r.one(ident="A7")
    said = receipt(r, aws.event(aws.got[0], kind))
    assert (said["id"], said["ref"], said["to"], said["state"]) == ("A7", aws.got[0].id(), ONE, state)
    assert state == "delivered" or kind in said["reason"]


@pytest.mark.parametrize("raw", [False, True])
def test_replies_are_read(r, aws, raw):
    aws.raw = raw
    for text in TEXTS:
        (said,), reply = tell(r, aws.reply(ONE, text, ident="M1"))
        assert (said["id"], said["from"], said["text"], reply["status"]) == ("M1", ONE, text, 200)


def test_a_topic_s_question_is_shown_and_never_answered_by_itself(r, aws):
    events, reply = tell(r, aws.question())
    assert not events and reply["status"] == 200
    for url in ("http://sns.x/", "https://evil.example/", "https://sns.x/\nfake line", "https://sns.x/ x", ""):
        events, reply = tell(r, aws.question(url))
        assert not events and reply["status"] == 400, url
    assert r.end() == 0
    (line,) = [one for one in r.log.decode().splitlines() if "confirmed" in one]
    assert "https://sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37f" in line
    assert not aws.seen, "nothing is opened by itself"


def test_a_lost_answer_is_settled_by_the_event(drive, aws):  # noqa: F811
    d = drive(conf(aws, timeout_ms=300), callback_url=URL)
    aws.silent = "taken"
    assert d.one(ident="A1")["outcome"] == "unknown"
    assert receipt(d, aws.receipt(aws.got[0], ONE))["id"] == "A1"


def test_a_number_that_opted_out_spares_the_others(r, aws):
    aws.refuse = {TWO[-4:]: "DESTINATION_PHONE_NUMBER_OPTED_OUT"}
    r.send(("A1", ONE), ("B1", TWO))
    fates = r.dones(2)
    assert (fates["A1"]["outcome"], fates["B1"]["class"]) == ("accepted", "retry_other")


@pytest.mark.parametrize("language, voice", [("zh", "ZHIYU"), ("en", "JOANNA")])
@pytest.mark.parametrize("end, outcome", [("VOICE_COMPLETED", "answered"), ("VOICE_BUSY", "busy"),
                                          ("VOICE_NO_ANSWER", "no_answer"), ("VOICE_FAILED", "failed"),
                                          ("VOICE_TTL_EXPIRED", "failed")])
def test_a_call_says_the_text_and_tells_its_end(drive, aws, end, outcome, language, voice):  # noqa: F811
    d = drive(conf(aws, "aws-voice"), callback_url=URL)
    got = place(d, aws, language=language)
    assert (got["MessageBody"], got["VoiceId"], got["MessageBodyTextType"]) == ("立即<转移>", voice, "TEXT")
    none, (ringing,), (ended, done) = (tell(d, aws.event(got, kind, final=kind == end))[0]
                                       for kind in ("VOICE_INITIATED", "VOICE_RINGING", end))
    assert (none, ringing["state"], ended["outcome"]) == ([], "ringing", outcome)
    assert (done["id"], done["outcome"], done["ref"]) == ("C1", "accepted", got.id())


def test_gongd_takes_what_they_tell_and_counts_once_what_comes_twice(aws):
    with gongd(conf(aws)) as world:
        alert(world)
        pushes = [aws.receipt(got, n, i < 2) for i, (got, n) in enumerate(aws.booked())]
        counts_once(world, aws, pushes, aws.reply("+" + aws.booked()[0][1], "1", ident="M1"))


def test_gongd_knows_who_picked_up(aws):
    with gongd(conf(aws, "aws-voice"), channels="{voice}") as world:
        ident, got = called(world, aws)
        said = aws.push(world.callback, aws.event(got, "VOICE_ANSWERED", final=False),
                        aws.event(got, "VOICE_COMPLETED"))
        assert all(aws.took(one) for one in said)
        wait_for("picked up", lambda: level(world, ident) == 2)
