"""Kannel's sendsms, as its smsbox."""
import re
import urllib.parse

from .base import Dialect, Push, utc


class Kannel(Dialect):
    """GET cgi-bin/sendsms; dlr-url fetched with its escapes filled in.
    Facts: parameters, dlr-mask's bits, the escapes %d %A %p %t %I, answers 202 "0: Accepted for
    delivery" and "3: Queued for later delivery" (`queued`).  Guesses: 403 "Authorization failed
    for sendsms", 503 for `whole`, %P %T %%, values percent-encoded, several numbers parted by
    spaces, one repeat after 10 s, a refused number refuses the request.
    There is no query and no balance."""
    ID, KEY = "kannel", "kannel-password"
    PATH = "/cgi-bin/sendsms"
    RETRY_S = (10,)
    DELIVERED, FAILED, QUEUED, SENT, REJECTED = 1, 2, 4, 8, 16

    def __init__(self, *args, queued=False, **more):
        self.queued = queued
        super().__init__(*args, **more)

    def take(self, request):
        self.seen[request.path] += 1
        assert request.method == "GET" and request.path == self.PATH, request.target
        said = self.decode(request.query)
        if (said["username"], said["password"]) != (self.ID, self.KEY):
            return self.say("Authorization failed for sendsms", 403)
        if self.whole:
            return self.say(self.whole, 503)
        numbers = said["to"].split(" ")
        assert numbers[0] and said["text"] and said.get("coding", "0") in ("0", "1", "2")
        assert said.get("coding") == "2" or said["text"].isascii(), "coding=2"
        code = next(filter(None, map(self.refusal, numbers)), None)
        if code:
            return self.say(code, 400)
        self.accept(said, {n: f"kannel-{len(self.got) + 1}-{i}" for i, n in enumerate(numbers)})
        return self.say("3: Queued for later delivery" if self.queued else
                        "0: Accepted for delivery", 202)

    def decode(self, query):
        """The text is in `charset`, all else in ASCII."""
        raw = dict(part.split("=", 1) for part in query.split("&"))
        charset = raw.get("charset", "UTF-8")
        return {k: urllib.parse.unquote_plus(v, charset, "strict") for k, v in raw.items()}

    def say(self, words, status):
        return self.answer(words, status, "text/html")

    def fill(self, url, said):
        return re.sub("%(.)", lambda m: "%" if m[1] == "%" else
                      urllib.parse.quote(said.get(m[1], ""), safe=""), url)

    def dlr(self, got, number, bits, words):
        """The request that tells `bits`; None when dlr-mask does not ask for them."""
        if not bits & int(got.get("dlr-mask", "0")):
            return None
        return Push(None, url=self.fill(got["dlr-url"], {
            "d": str(bits), "A": words, "p": number, "P": got.get("from", ""),
            "t": utc(self.now(), "%Y-%m-%d %H:%M"), "T": str(int(self.now())),
            "I": got.id(number)}))

    def receipt(self, got, number, ok=True):
        self.settle(got, number, ok)
        words = "id:1 sub:001 dlvrd:00%d stat:%s" % (ok, "DELIVRD" if ok else "UNDELIV")
        return self.dlr(got, number, self.DELIVERED if ok else self.FAILED, words)

    def reply(self, number, text, url, to="10690001"):
        """A sms-service's get-url: `url` with %p, %P, %a (the text) and %I in it."""
        return Push(None, url=self.fill(url, {"p": number, "P": to, "a": text,
                                              "I": f"mo-{int(self.now() * 1000)}"}))
