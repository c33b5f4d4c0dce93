"""Jasmin's HTTP API, as its documentation has it."""
import urllib.parse
import uuid

from .base import Dialect, Push, utc

KNOWN = {"to", "from", "coding", "username", "password", "priority", "sdt", "validity-period", "dlr",
         "dlr-url", "dlr-level", "dlr-method", "tags", "content", "hex-content"}


class Jasmin(Dialect):
    """GET or POST /send (a form); receipts to dlr-url, replies to the http connector's address.
    Facts (their documentation): parameters, `Success "uuid"`, the errors' statuses and words, receipts'
    fields for levels 1 and 2, "ACK/Jasmin" with 200 as the only acknowledgement, three repeats 30 s
    apart, long replies come joined.  Guesses: message_status of level 2 is SMPP's word (DELIVRD),
    a POST keeps the address's own query, `content` of a reply is the bytes of its coding."""
    ID, KEY = "jasmin-user", "jasmin-pass"
    PATH = "/send"
    RETRY_S = (30,) * 3

    def take(self, request):
        self.seen[request.path] += 1
        if request.path != self.PATH:
            return self.answer("No Such Resource", 404, "text/html")
        said = {**request.args(), **(request.form() if request.method == "POST" else {})}
        unknown = set(said) - KNOWN
        if unknown:
            return self.say(f'Error "Argument {unknown.pop()} is unknown."', 400)
        if (said.get("username"), said.get("password")) != (self.ID, self.KEY):
            return self.say(f'Error "Authentication failure for username:{said.get("username")}"', 403)
        if self.whole:
            return self.say(*self.whole)
        if not {"to"} <= set(said) or not {"content", "hex-content"} & set(said):
            return self.say('Error "Mandatory argument to is not found."', 400)
        assert int(said.get("coding", "0")) in (0, 1, 3, 8) and said.get("priority", "0") in "0123"
        assert said.get("dlr") != "yes" or (said["dlr-url"] and said["dlr-level"] in "123" and
                                            said["dlr-method"] in ("GET", "POST"))
        if self.refusal(said["to"]):
            return self.say(self.refusal(said["to"]), 412)
        ident = str(uuid.uuid4())
        self.accept(said, {said["to"]: ident})
        return self.say(f'Success "{ident}"', 200)

    def say(self, words, status):
        return self.answer(words, status, "text/html")

    @staticmethod
    def text(got):
        raw = bytes.fromhex(got["hex-content"])
        assert got["coding"] == "8", "only UCS-2 is read here"
        return raw.decode("utf-16-be")

    def took(self, said):
        return said.status == 200 and said.body == "ACK/Jasmin"

    def dlr(self, got, level, status, **more):
        assert got["dlr-method"] == "POST", "a GET would lose what stands in dlr-url"
        return Push({"id": got.id(), "message_status": status, "level": level, "connector": "smpp1",
                     **more}, form=True, url=got["dlr-url"])

    def receipt(self, got, number, ok=True, status=None):
        self.settle(got, number, ok)
        return self.dlr(got, 2, status or ("DELIVRD" if ok else "UNDELIV"), id_smsc="2567",
                        subdate=utc(got.at, "%y%m%d%H%M"), donedate=utc(self.now(), "%y%m%d%H%M"),
                        sub="001", dlvrd="00%d" % ok, err="000" if ok else "027", text="")

    def reply(self, number, text, to="10690001", ident=None):
        coding = 0 if text.isascii() else 8
        raw = text.encode("ascii" if coding == 0 else "utf-16-be")
        push = Push({"id": ident or str(uuid.uuid4())}, form=True)
        fields = {"id": push.value["id"], "from": number, "to": to, "origin-connector": "smpp1",
                  "priority": "0", "coding": str(coding), "content": raw, "binary": raw.hex()}
        push.body = lambda: urllib.parse.urlencode(fields).encode()
        return push
