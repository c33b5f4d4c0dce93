"""The providers of tests/system/providers: their arithmetic against the published vectors, a wrong
key is refused, and callbacks are repeated as each provider does."""
import base64
import json
import os
import time
import urllib.parse
import urllib.request

import pytest

from district import District
from harness import World, wait_for
from http_driver import ROOT, Listener, Odd, http
from providers import signatures as sign
from providers.aliyun_sms import AliyunSms
from providers.aliyun_voice import AliyunVoice
from providers.base import Push, together, utc
from providers.cloud_mas import FREE, TEMPLATE, CloudMas
from providers.huawei_sms import HuaweiSms
from providers.huawei_voice import HuaweiVoice
from providers.infobip import Infobip
from providers.kannel import Kannel
from providers.plivo import Plivo
from providers.tencent_sms import TencentSms
from providers.tencent_voice import TencentVoice
from providers.twilio import Twilio
from providers.vonage import Vonage

ONE, TWO = "+8613800000001", "+8613800000002"
with open(os.path.join(ROOT, "tests", "data", "http", "vectors.json"), encoding="utf-8") as f:
    VECTORS = json.load(f)


def headers_of(v):
    if "headers" in v:
        return v["headers"]
    return {"host": v["host"], "x-sdk-date": v["x_sdk_date"]}


def tc3_of(v):
    headers = {"content-type": "application/json; charset=utf-8", "host": v["host"],
               "x-tc-action": v["action"]}
    scope = f"{utc(v['timestamp'], '%Y-%m-%d')}/{v['service']}/tc3_request"
    return sign.tc3("POST", "/", "", headers, list(headers), v["payload"], scope, v["timestamp"],
                    v["secret_key"])


def vonage_of(v):
    params = v.get("params") or dict(urllib.parse.parse_qsl(v["message"][1:]))
    return sign.vonage({**params, "sig": "x"}, v["secret"], v["method"])


COMPUTED = {     # kind: what we compute, what the vector says
    "aliyun-rpc-hmac-sha1": lambda v: (sign.aliyun_rpc(v["method"], v["params"], v["secret"]),
                                       v["signature"]),
    "acs3-hmac-sha256": lambda v: (
        sign.acs3(v["method"], v["uri"], v["query"], v["headers"], sorted(v["headers"]), v["body"],
                  v["sk"]), v["signature"]),
    "tc3-hmac-sha256": lambda v: (tc3_of(v), v["signature"]),
    "huawei-sdk-hmac-sha256": lambda v: (
        sign.huawei_sdk(v["method"], v["path"], v["query"], headers_of(v), ["host", "x-sdk-date"],
                        v["body"], v["sk"]), v["signature"]),
    "huawei-x-wsse": lambda v: (
        [sign.wsse(v["nonce"], v["created"], v["app_secret"], of_hex) for of_hex in (False, True)],
        [v["digest_base64_of_raw"], v["digest_base64_of_hex"]]),
    "cmcc-cloud-mas": lambda v: (sign.cloud_mas(v["request"][k] for k in FREE), v["mac"]),
    "twilio-hmac-sha1": lambda v: (sign.twilio(v["url"], v["params"], v["auth_token"]),
                                   v["signature"]),
    "vonage-hmac": lambda v: (vonage_of(v), v["sig"]),
    "plivo-v2": lambda v: (sign.plivo_v2(v["uri"], v["nonce"], v["auth_token"]), v["signature"]),
    "plivo-v3": lambda v: (
        sign.plivo_v3(v["method"], v["uri"], v["params"], v["nonce"], v["auth_token"]),
        v["signature"]),
    "rfc3986": lambda v: ([sign.quote(plain) for plain, _ in v["cases"]],
                          [quoted for _, quoted in v["cases"]]),
}


@pytest.mark.parametrize("name", [n for n, v in VECTORS.items() if v["kind"] in COMPUTED])
def test_our_arithmetic_gives_the_published_signatures(name):
    computed, published = COMPUTED[VECTORS[name]["kind"]](VECTORS[name])
    assert computed == published


@pytest.fixture
def started():
    things = []
    yield lambda thing: (things.append(thing), thing)[1]
    for thing in things:
        thing.close() if isinstance(thing, Odd) else thing.end()


def ask(url, data=None, headers=None, method=None, timeout=10):
    """The answer's status and body; each side of these tests is Python, so this is the sender."""
    body = data.encode() if isinstance(data, str) else data
    request = urllib.request.Request(url, body, headers or {}, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=timeout) as said:
            return said.status, said.read().decode()
    except urllib.error.HTTPError as e:
        with e:
            return e.code, e.read().decode()


def host(provider):
    return f"127.0.0.1:{provider.port}"


def rpc(provider, key, action, nonce=None, timeout=10, **fields):
    params = {"Action": action, "Version": provider.VERSION, "Format": "JSON",
              "AccessKeyId": provider.ID, "SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0",
              "SignatureNonce": nonce or os.urandom(8).hex(), "Timestamp": utc(time.time()),
              **fields}
    params["Signature"] = sign.aliyun_rpc("POST", params, key)
    return json.loads(ask(provider.url, urllib.parse.urlencode(params), timeout=timeout)[1])


def acs3(provider, key, action, **fields):
    h = {"host": host(provider), "x-acs-action": action, "x-acs-version": provider.VERSION,
         "x-acs-content-sha256": sign.sha256(""), "x-acs-date": utc(time.time()),
         "x-acs-signature-nonce": os.urandom(8).hex()}
    names = sorted(h)
    signature = sign.acs3("POST", "/", fields, h, names, "", key)
    h["Authorization"] = (f"ACS3-HMAC-SHA256 Credential={provider.ID},"
                          f"SignedHeaders={';'.join(names)},Signature={signature}")
    return json.loads(ask(provider.url + "?" + sign.sorted_query(fields), b"", h)[1])


def tc3(provider, key, action, **said):
    at, body = int(time.time()), json.dumps(said)
    scope = f"{utc(at, '%Y-%m-%d')}/{provider.SERVICE}/tc3_request"
    h = {"content-type": "application/json", "host": host(provider)}
    signature = sign.tc3("POST", "/", "", h, list(h), body, scope, at, key)
    h.update({"X-TC-Action": action, "X-TC-Version": provider.VERSION, "X-TC-Timestamp": str(at),
              "X-TC-Region": "ap-guangzhou", "Authorization":
              f"TC3-HMAC-SHA256 Credential={provider.ID}/{scope}, "
              f"SignedHeaders=content-type;host, Signature={signature}"})
    return json.loads(ask(provider.url, body, h)[1])["Response"]


def token(provider, key, kind):
    nonce, created = os.urandom(8).hex(), utc(time.time())
    digest = sign.wsse(nonce, created, key) if kind == "WSSE" else sign.aksk(nonce + created, key)
    return {"Authorization": f'{kind} realm="SDP",profile="UsernameToken",type="Appkey"',
            f"X-{kind}": f'UsernameToken Username="{provider.ID}",PasswordDigest="{digest}",'
                         f'Nonce="{nonce}",Created="{created}"'}


def sdk(provider, key, body):
    h = {"host": host(provider), "x-sdk-date": utc(time.time(), "%Y%m%dT%H%M%SZ")}
    signature = sign.huawei_sdk("POST", provider.PATH, {}, h, sorted(h), body, key)
    return {**h, "Authorization": f"SDK-HMAC-SHA256 Access={provider.ID}, "
            f"SignedHeaders=host;x-sdk-date, Signature={signature}"}


def basic(who, key):
    return {"Authorization": "Basic " + base64.b64encode(f"{who}:{key}".encode()).decode()}


SMS = {"PhoneNumbers": "13800000001", "SignName": "s", "TemplateCode": "SMS_1", "OutId": "A1"}
TENCENT_SMS = {"PhoneNumberSet": [ONE, TWO], "SmsSdkAppId": "1400", "TemplateId": "1",
               "SignName": "s", "TemplateParamSet": ["x"]}
HUAWEI_FORM = urllib.parse.urlencode({"from": "1069", "to": f"{ONE},{TWO}", "templateId": "t",
                                      "templateParas": '["x"]'})
CALL = {"displayNbr": "+8677100000001", "calleeNbr": ONE, "userData": "A1",
        "statusUrl": "aHR0cDovLzEyNy4wLjAuMTo5L3M=",
        "playInfoList": [{"templateId": "t", "templateParas": ["x"], "collectInd": 1}]}
TWIML = ('<Response><Gather numDigits="1" action="http://127.0.0.1:9/k"><Say language="zh-CN">走'
         '</Say></Gather></Response>')


def mas(provider, key):
    said = {k: "x" for k in FREE} | {"secretKey": key, "mobiles": "13800000001,13800000002"}
    said["mac"] = sign.cloud_mas(said[k] for k in FREE)
    return json.loads(ask(provider.url, base64.b64encode(json.dumps(said).encode()))[1])["success"]


def kannel(provider, key):
    query = urllib.parse.urlencode({
        "username": provider.ID, "password": key, "to": ONE, "from": "1", "text": "走",
        "coding": 2, "charset": "UTF-8", "dlr-mask": 19,
        "dlr-url": "http://127.0.0.1:9/d?s=%d&p=%p"})
    return ask(provider.url + "?" + query)[0] == 202


def infobip(provider, key):
    said = {"messages": [{"sender": "s", "destinations": [{"to": ONE, "messageId": "A1"}],
                          "content": {"text": "x"}}]}
    return ask(provider.url, json.dumps(said), {"Authorization": "App " + key})[0] == 200


SENDERS = [      # a provider, and how one sends to it with a key: whether it was taken
    (AliyunSms, lambda p, key: rpc(p, key, "SendSms", **SMS)["Code"] == "OK"),
    (AliyunSms, lambda p, key: acs3(p, key, "SendSms", **SMS)["Code"] == "OK"),
    (AliyunVoice, lambda p, key: rpc(p, key, "IvrCall", **{
        "CalledNumber": "13800000001", "StartCode": "TTS_1", "MenuKeyMap.1.Key": "1",
        "MenuKeyMap.1.Code": "TTS_2"})["Code"] == "OK"),
    (TencentSms, lambda p, key: "Error" not in tc3(p, key, "SendSms", **TENCENT_SMS)),
    (TencentVoice, lambda p, key: "Error" not in tc3(
        p, key, "SendTtsVoice", TemplateId="1", CalledNumber=ONE, VoiceSdkAppid="1400",
        TemplateParamSet=["x"])),
    (CloudMas, mas),
    (HuaweiSms, lambda p, key: ask(p.url, HUAWEI_FORM, token(p, key, "WSSE"))[0] == 200),
    (HuaweiSms, lambda p, key: ask(p.url, HUAWEI_FORM, sdk(p, key, HUAWEI_FORM))[0] == 200),
    (HuaweiVoice, lambda p, key: ask(p.url, json.dumps(CALL), token(p, key, "AKSK"))[0] == 200),
    (Twilio, lambda p, key: ask(p.url, urllib.parse.urlencode(
        {"To": ONE, "From": "+15550000001", "Body": "x"}), basic(p.ID, key))[0] == 201),
    (Twilio, lambda p, key: ask(p.call_url, urllib.parse.urlencode(
        {"To": ONE, "From": "+15550000001", "Twiml": TWIML}), basic(p.ID, key))[0] == 201),
    (Vonage, lambda p, key: '"status": "0"' in ask(p.url, urllib.parse.urlencode(
        {"api_key": p.ID, "api_secret": key, "from": "s", "to": ONE[1:], "text": "x"}))[1]),
    (Plivo, lambda p, key: ask(p.url, json.dumps(
        {"src": "1", "dst": f"{ONE[1:]}<{TWO[1:]}", "text": "x"}), basic(p.ID, key))[0] == 202),
    (Infobip, infobip), (Kannel, kannel),
]


@pytest.mark.parametrize("dialect, send", SENDERS)
def test_the_right_key_is_taken_and_a_wrong_one_is_not(started, dialect, send):
    provider = started(dialect())
    assert not send(provider, "wrong") and not provider.got
    assert send(provider, provider.KEY) and len(provider.got) == 1
    assert provider.got[0].id(ONE)


def test_a_nonce_and_a_clock_that_is_off_are_refused_by_name(started):
    provider = started(AliyunSms())
    assert rpc(provider, provider.KEY, "SendSms", "n1", **SMS)["Code"] == "OK"
    assert rpc(provider, provider.KEY, "SendSms", "n1", **SMS)["Code"] == "SignatureNonceUsed"
    provider.skew_s = 3600
    assert rpc(provider, provider.KEY, "SendSms", **SMS)["Code"] == "InvalidTimeStamp.Expired"
    tencent = started(TencentSms())
    tencent.skew_s = -3600
    assert tc3(tencent, tencent.KEY, "SendSms", **TENCENT_SMS)["Error"]["Code"] == \
        "AuthFailure.SignatureExpire"


def test_what_was_taken_without_an_answer_is_found_by_the_query(started):
    provider = started(AliyunSms(silent="taken"))
    with pytest.raises(TimeoutError):
        rpc(provider, provider.KEY, "SendSms", timeout=0.3, **SMS)
    query = {"PhoneNumber": "13800000001", "PageSize": "10", "CurrentPage": "1",
             "SendDate": time.strftime("%Y%m%d", time.gmtime(time.time() + 8 * 3600))}
    ask_state = lambda: rpc(provider, provider.KEY, "QuerySendDetails", **query)[
        "SmsSendDetailDTOs"]["SmsSendDetailDTO"][0]
    assert (ask_state()["SendStatus"], ask_state()["OutId"]) == (1, "A1")
    provider.receipt(provider.got[0], ONE, False)
    assert ask_state()["SendStatus"] == 2


def test_a_pull_gives_each_line_once(started):
    provider = started(TencentSms(refuse={"02": "FailedOperation.PhoneNumberInBlacklist"}))
    codes = [s["Code"] for s in tc3(provider, provider.KEY, "SendSms", **TENCENT_SMS)[
        "SendStatusSet"]]
    assert codes == ["FailedOperation.PhoneNumberInBlacklist", "Ok"]
    provider.keep(provider.receipt(provider.got[0], ONE))
    pull = lambda: tc3(provider, provider.KEY, "PullSmsSendStatus", Limit=10, SmsSdkAppId="1400")[
        "PullSmsSendStatusSet"]
    assert [line["SerialNo"] for line in pull()] == [provider.got[0].id(ONE)] and pull() == []


def test_a_callback_is_repeated_until_it_is_answered_as_wanted(started):
    bodies = [(503, b""), (200, b"thanks"), (200, b'{"code":0}')]
    odd = started(Odd(lambda n, r: http(*bodies[min(n, 2)])))
    provider = started(AliyunSms())
    said = provider.push(odd.url, provider.reply(ONE, "收到"))
    assert [s.status for s in said] == [503, 200, 200] and len(odd.requests) == 3
    assert json.loads(odd.requests[2][1])[0]["content"] == "收到"


def test_callbacks_come_twice_and_out_of_order(started):
    listener = started(Listener())
    provider = started(Infobip())
    pushes = [provider.reply(ONE, str(n)) for n in range(9)]
    url = f"http://127.0.0.1:{listener.server_port}/c"
    provider.push(url, *pushes, shuffle=3, twice=True)
    texts = [json.loads(body)["results"][0]["text"] for _, body in listener.got]
    assert sorted(texts) == sorted("012345678" * 2) and texts != sorted(texts)
    assert len(together(*pushes).value["results"]) == 9


def test_callbacks_are_signed_for_the_address_they_go_to(started):
    plivo, twilio, voice = (started(p()) for p in (Plivo, Twilio, HuaweiVoice))
    url = "http://127.0.0.1:9/v1/callback/r/secret?a=1"
    push = twilio.reply(ONE, "收到")
    assert push.op(url=url)["headers"]["x-twilio-signature"] == \
        sign.twilio(url, push.value, Twilio.KEY)
    h = plivo.reply(ONE, "1").op(url=url)["headers"]
    assert h["x-plivo-signature-v2"] == sign.plivo_v2(url, h["x-plivo-signature-v2-nonce"],
                                                      Plivo.KEY)
    ask(voice.url, json.dumps(CALL), token(voice, voice.KEY, "AKSK"))
    push = voice.key(voice.got[0], "1")
    assert push.url == "http://127.0.0.1:9/s" and "X-AKSK".lower() in push.op()["headers"]
    assert push.value["statusInfo"]["digitInfo"] == "1"


def test_twiml_is_heard_and_a_key_goes_to_its_action(started):
    provider = started(Twilio())
    ask(provider.call_url, urllib.parse.urlencode({"To": ONE, "From": "+1", "Twiml": TWIML}),
        basic(provider.ID, provider.KEY))
    got = provider.got[0]
    assert (got.twiml.says, got.twiml.langs, got.twiml.hangs_up) == (["走"], ["zh-CN"], False)
    push = provider.key(got, "1")
    assert push.url == "http://127.0.0.1:9/k" and push.value["Digits"] == "1"


def test_kannel_fetches_the_dlr_url_with_its_escapes_filled_in(started):
    provider = started(Kannel())
    kannel(provider, provider.KEY)
    push = provider.receipt(provider.got[0], ONE)
    assert push.url == "http://127.0.0.1:9/d?s=1&p=%2B8613800000001"
    assert provider.dlr(provider.got[0], ONE, Kannel.QUEUED, "") is None
    assert isinstance(push, Push) and push.op()["method"] == "GET"


def test_a_batch_is_booked_number_by_number(started):
    aliyun, huawei, infobip_side, carrier = (started(p()) for p in (
        AliyunSms, HuaweiSms, Infobip, CloudMas))
    assert rpc(aliyun, aliyun.KEY, "SendBatchSms", TemplateCode="SMS_1", SignNameJson='["s","s"]',
               PhoneNumberJson='["13800000001","13800000002"]',
               TemplateParamJson='[{"a":"1"},{"a":"2"}]')["Code"] == "OK"
    huawei.refuse = infobip_side.refuse = {"02": "E200028"}
    body = json.dumps({"from": "1069", "statusCallback": "http://127.0.0.1:9/s", "smsContent": [
        {"to": [ONE], "templateId": "t", "templateParas": ["x"]},
        {"to": [TWO], "templateId": "t", "templateParas": ["y"]}]})
    said = json.loads(ask(huawei.base + huawei.DIFF_PATH, body,
                          token(huawei, huawei.KEY, "WSSE"))[1])
    assert [row["status"] for row in said["result"]] == ["000000", "E200028"]
    assert huawei.receipt(huawei.got[0], ONE).url == "http://127.0.0.1:9/s"
    body = json.dumps({"messages": [{"destinations": [{"to": ONE}, {"to": TWO}],
                                     "content": {"text": "x"}}]})
    said = json.loads(ask(infobip_side.url, body, {"Authorization": "App " + Infobip.KEY})[1])
    assert [m["status"]["groupName"] for m in said["messages"]] == ["PENDING", "REJECTED"]
    fields = dict.fromkeys(TEMPLATE, "x") | {"secretKey": CloudMas.KEY, "params": '["x"]',
                                             "mobiles": "13800000001,13800000002"}
    fields["mac"] = sign.cloud_mas(fields[k] for k in TEMPLATE)
    ask(carrier.base + carrier.TEMPLATE_PATH, base64.b64encode(json.dumps(fields).encode()))
    assert [sorted(p.got[0].ids) for p in (aliyun, carrier, huawei, infobip_side)] == \
        [["13800000001", "13800000002"]] * 2 + [["13800000001"]] * 2


def test_what_is_left_and_what_was_sent_can_be_asked(started):
    twilio, vonage, plivo, infobip_side = (started(p()) for p in (Twilio, Vonage, Plivo, Infobip))
    for provider in (twilio, plivo, infobip_side):
        next(send for dialect, send in SENDERS if dialect is type(provider))(provider, provider.KEY)
    get = lambda p, path, h: json.loads(ask(p.base + path, headers=h)[1])
    keys = basic(Twilio.ID, Twilio.KEY)
    assert float(get(twilio, Twilio.ACCOUNT + "/Balance.json", keys)["balance"]) > 0
    day = urllib.parse.urlencode({"To": ONE, "DateSent": utc(time.time(), "%Y-%m-%d")})
    twilio.receipt(twilio.got[0], ONE, False)
    (row,) = get(twilio, f"{Twilio.PATH}?{day}", keys)["messages"]
    assert (row["status"], row["error_code"]) == ("undelivered", 30003)
    assert get(twilio, f"{Twilio.ACCOUNT}/Messages/{row['sid']}.json", keys) == row
    key = f"?api_key={Vonage.ID}&api_secret={Vonage.KEY}"
    assert get(vonage, "/account/get-balance" + key, {})["value"] > 0
    keys = basic(Plivo.ID, Plivo.KEY)
    assert float(get(plivo, Plivo.ACCOUNT, keys)["cash_credits"]) > 0
    plivo.receipt(plivo.got[0], ONE)
    path = f"{Plivo.PATH}{plivo.got[0].id(ONE)}/"
    assert get(plivo, path, keys)["message_state"] == "delivered"
    keys = {"Authorization": "App " + Infobip.KEY}
    assert get(infobip_side, "/account/1/balance", keys)["balance"] > 0
    infobip_side.keep(infobip_side.receipt(infobip_side.got[0], ONE))
    infobip_side.keep(infobip_side.reply(ONE, "1"))
    for path in ("/sms/3/reports", "/sms/1/inbox/reports"):
        assert [len(get(infobip_side, path, keys)["results"]) for _ in range(2)] == [1, 0]


def test_a_call_is_asked_for_until_it_is_over(started):
    provider = started(AliyunVoice())
    call = {"CalledNumber": "13800000001", "StartCode": "TTS_1", "MenuKeyMap.1.Key": "1",
            "MenuKeyMap.1.Code": "TTS_2", "OutId": "A1"}
    call_id = rpc(provider, provider.KEY, "IvrCall", **call)["CallId"]
    look = lambda: rpc(provider, provider.KEY, "QueryCallDetailByCallId", CallId=call_id,
                       ProdId="11000000300005", QueryDate=str(int(time.time() * 1000)))
    got = provider.got[0]
    assert "Data" not in look() and provider.key(got, "1").value[0]["dtmf"] == "1"
    assert provider.no_answer(got).value[0]["start_time"] == ""
    assert json.loads(look()["Data"])["state"] == "200003"
    assert rpc(provider, provider.KEY, "CancelCall", CallId=call_id)["Code"] == "OK"
    assert got.cancelled


def test_plivo_asks_the_answer_url_what_to_say(started):
    xml = (b'<Response><GetInput action="http://127.0.0.1:9/k" numDigits="1"><Speak>go</Speak>'
           b'</GetInput></Response>')
    odd, provider = started(Odd(lambda n, r: http(200, xml))), started(Plivo())
    ask(provider.call_url, json.dumps({"from": "1", "to": ONE[1:], "answer_url": odd.url}),
        basic(provider.ID, provider.KEY))
    got = provider.got[0]
    assert provider.hears(got, provider.push(None, provider.answered(got))[-1]) == ["go"]
    assert provider.key(got, "1").url == "http://127.0.0.1:9/k"
    assert "CallUUID=" in odd.requests[0][1]


ROUTE = """route "mas" {
 driver = "gong-http"
 channels = {sms}
 callback_secret = "dialects-test-secret"
 config = '%s'
}
"""


def test_gongd_counts_once_what_a_provider_pushes_twice_and_out_of_order(started):
    carrier = started(CloudMas())
    with World(name="dialects") as world:
        world.routes = ROUTE % json.dumps({
            "profile": "cmcc-mas", "url": carrier.url, "ec_name": "e", "ap_id": "a", "sign": "s",
            "profile_dir": os.path.join(ROOT, "drivers", "http", "profiles"),
            "secret_key": carrier.KEY})
        world.listen = 'host = "127.0.0.1"'
        world.write_conf()
        world.start()
        world.load(District(1, 6))
        world.send(key="d", template="notice.text", severity="red", params={"text": "河水上涨"},
                   audience={"divisions": ["990121001"], "roles": ["village_chief"]})
        wait_for("all to be sent", lambda: world.states()["sent"] == 6)
        people = [(got, "+" + n) for got in carrier.got for n in got.ids]
        carrier.refuse = {people[2][1][-4:]: "MK:0005"}
        pushes = [carrier.receipt(got, number) for got, number in people]
        replies = [carrier.reply(number, "收到") for _, number in people[:3]]
        url = f"http://127.0.0.1:{world.port}/v1/callback/mas/dialects-test-secret"
        said = carrier.push(url, *pushes, *replies, shuffle=7, twice=True)
        assert all(carrier.took(one) for one in said) and len(said) == 2 * (6 + 3)
        wait_for("the receipts", lambda: world.states()["delivered"] == 5)
        assert world.states()["failed"] == 1
        assert len(world.rows("SELECT * FROM inbound")) == 3
