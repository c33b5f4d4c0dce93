"""AWS End User Messaging (PinpointSMSVoiceV2) with SNS, as their documentation has it."""
import calendar
import json
import re
import time
import uuid

from . import signatures
from .base import Dialect, Push


class Aws(Dialect):
    """SendTextMessage and SendVoiceMessage; SNS's notifications, wrapped or raw, and its question.
    Facts (their documentation): X-Amz-Target and JSON 1.0, SigV4, fields, the events' types and fields,
    Context comes back as context, two-way messages' fields, SNS's envelope as text/plain, that a topic's
    new address must be confirmed.  Guesses: 5 minutes for X-Amz-Date, the spellings of __type, which
    errors have a message and which a Message, that voice events have a context, too."""
    ID, KEY, REGION = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "ap-southeast-1"
    PATH = "/"
    NAMES = ["content-type", "host", "x-amz-date", "x-amz-target"]
    COMMON = {"DestinationPhoneNumber", "OriginationIdentity", "MessageBody", "TimeToLive",
              "ConfigurationSetName", "Context"}
    WANTS = {"SendTextMessage": {"MessageType"}, "SendVoiceMessage": {"MessageBodyTextType", "VoiceId"}}
    RETRY_S = (20, 20, 20)

    def __init__(self, *args, **more):
        self.raw, self.prefix = False, ""
        super().__init__(*args, **more)

    def take(self, request):
        head = request.headers
        action = head["x-amz-target"].removeprefix("PinpointSMSVoiceV2.")
        self.seen[action] += 1
        assert (request.method, request.target) == ("POST", "/")
        assert head["content-type"] == "application/x-amz-json-1.0"
        scope, proof = signatures.v4("aws", "POST", {}, head, self.NAMES, request.body, head["x-amz-date"],
                                     self.REGION, "sms-voice", self.KEY)
        given = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=(.*?)/(.*), SignedHeaders=(.*), Signature=(.*)",
                             head["authorization"])
        assert given and given[3] == ";".join(self.NAMES)
        if given[1] != self.ID:
            return self.no("UnrecognizedClientException", message="The security token is invalid.")
        if (given[2], given[4]) != (scope, proof):
            return self.no("InvalidSignatureException", message="The request signature does not match.")
        at = calendar.timegm(time.strptime(head["x-amz-date"], "%Y%m%dT%H%M%SZ"))
        if abs(at - self.now()) > 300:
            return self.no("InvalidSignatureException", message="Signature expired: 1 is now earlier than 2")
        if self.whole:
            return self.no(*self.whole)
        return self.send(action, request.json())

    def no(self, kind, reason=None, **more):
        body = {"__type": self.prefix + kind, **({"Reason": reason} if reason else {}),
                **(more or {"Message": f"words of {kind}"})}
        return self.answer(body, 500 if kind == "InternalServerException" else 400)

    def send(self, action, said):
        assert set(said) == self.COMMON | self.WANTS[action]
        assert said["DestinationPhoneNumber"][0] == "+" and 5 <= said["TimeToLive"] <= 259200
        if self.refusal(said["DestinationPhoneNumber"]):
            return self.no("ConflictException", self.refusal(said["DestinationPhoneNumber"]))
        ident = str(uuid.uuid4())
        self.accept(said, {said["DestinationPhoneNumber"]: ident})
        return self.answer({"MessageId": ident})

    def notify(self, said):
        """As SNS brings it: wrapped and signed, or the event alone ("raw message delivery")."""
        text = json.dumps(said, ensure_ascii=False)
        return Push(said if self.raw else {
            "Type": "Notification", "MessageId": str(uuid.uuid4()), "TopicArn": "arn:aws:sns:x:1:gong",
            "Message": text, "SignatureVersion": "1", "Signature": "…", "SigningCertURL": "https://sns.x"},
            sign=lambda url, push: {"content-type": "text/plain; charset=UTF-8"})

    def event(self, got, kind, final=True, **more):
        return self.notify({
            "eventType": kind, "eventVersion": "1.0", "eventTimestamp": int(self.now() * 1000), "isFinal": final,
            "originationPhoneNumber": "+12065550152", "messageId": got.id(), "context": got["Context"],
            "destinationPhoneNumber": got["DestinationPhoneNumber"], "messageStatus": kind.split("_", 1)[1],
            "messageStatusDescription": f"words of {kind}", **more})

    def receipt(self, got, number, ok=True):
        return self.event(got, "TEXT_DELIVERED" if ok else "TEXT_UNREACHABLE", totalMessageParts=1)

    def reply(self, number, text, ident=None):
        return self.notify({"originationNumber": number, "destinationNumber": "+12065550152",
                            "messageKeyword": "KEYWORD", "messageBody": text,
                            "inboundMessageId": ident or str(uuid.uuid4())})

    @staticmethod
    def question(url="https://sns.ap-southeast-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37f"):
        return Push({"Type": "SubscriptionConfirmation", "Token": "2336412f37f", "TopicArn": "arn:aws:sns:x:1:gong",
                     "Message": "You have chosen to subscribe to the topic.", "SubscribeURL": url},
                    sign=lambda url, push: {"content-type": "text/plain; charset=UTF-8"})
