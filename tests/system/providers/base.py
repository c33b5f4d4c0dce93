"""What every provider's side shares: requests, the book of what was accepted, callbacks.

A provider is a `Dialect`: one socket for all its endpoints, `.url` the one that sends.
`whole`: a code that refuses each request; `refuse`: a number's end to the code that refuses it;
`silent`: True, nothing is answered; "taken", sends are taken and not answered.  All three may be
changed while a test runs, and so may `skew_s`, how far the provider's clock is from ours.
`.got` is what was accepted, each an `Accepted`; `.seen` counts all requests by endpoint."""
import base64
import collections
import json
import random
import threading
import time
import traceback
import urllib.parse
from email.utils import formatdate
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from http_driver import LONG, Odd, http

BEIJING_S = 8 * 3600
Said = collections.namedtuple("Said", "status body")


def national(number):
    """13800000001 out of +8613800000001, 008613800000001, 8613800000001 or itself."""
    digits = str(number).lstrip("+")
    digits = digits[2:] if digits.startswith("00") else digits
    return digits[2:] if digits.startswith("86") and len(digits) == 13 else digits


def country(number):
    """("86", "13800000001"); of other countries only what tests need: 1, 7, 44 and three digits."""
    digits = str(number).lstrip("+")
    if national(number) != digits or not str(number).startswith("+"):
        return "86", national(number)
    size = 1 if digits[0] in "17" else 2 if digits.startswith("44") else 3
    return digits[:size], digits[size:]


def beijing(at, form="%Y-%m-%d %H:%M:%S"):
    return time.strftime(form, time.gmtime(at + BEIJING_S))


def utc(at, form="%Y-%m-%dT%H:%M:%SZ"):
    return time.strftime(form, time.gmtime(at))


class Request:
    def __init__(self, head, body):
        first, *lines = head.split("\r\n")
        self.method, self.target, _ = first.split(" ")
        self.path, _, self.query = self.target.partition("?")
        self.headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        self.body = body

    def args(self):
        return pairs(self.query)

    def signed_args(self):
        """Each name's list of texts, as signatures take them."""
        return urllib.parse.parse_qs(self.query, keep_blank_values=True)

    def form(self):
        return pairs(self.body)

    def json(self):
        return json.loads(self.body)

    def basic(self):
        """The id and key of HTTP Basic; two Nones without it."""
        kind, _, text = self.headers.get("authorization", "").partition(" ")
        if kind != "Basic":
            return None, None
        return tuple(base64.b64decode(text, validate=True).decode().split(":", 1))


def pairs(text):
    """Names to texts; a repeated name's texts joined by spaces."""
    lists = urllib.parse.parse_qs(text, keep_blank_values=True, strict_parsing=bool(text))
    return {name: " ".join(texts) for name, texts in lists.items()}


class Accepted(dict):
    """What an accepted request said; `.ids`: each number (`national`) to the provider's id."""

    def __init__(self, said, ids, at):
        super().__init__(said)
        self.ids, self.at = ids, at

    def id(self, number=None):
        return self.ids[national(number)] if number else next(iter(self.ids.values()))


class Push:
    """A callback: `value` is a JSON value or, with `form`, a form (a GET has it in its query).
    `sign` gives further headers out of the address, the form and the body."""

    def __init__(self, value, form=False, url=None, sign=None, method=None):
        self.value, self.form, self.url, self.sign = value, form, url, sign
        self.method = method or ("GET" if value is None else "POST")

    def address(self, url):
        """Where it goes: to its own address, else to `url`."""
        url = self.url or url
        if self.method != "GET" or not self.value:
            return url
        return url + ("&" if "?" in url else "?") + urllib.parse.urlencode(self.value)

    def body(self):
        if self.method == "GET":
            return b""
        if self.form:
            return urllib.parse.urlencode(self.value).encode()
        return json.dumps(self.value, ensure_ascii=False).encode()

    def headers(self, url):
        kind = "application/x-www-form-urlencoded" if self.form else "application/json"
        plain = {} if self.method == "GET" else {"content-type": kind}
        return {**plain, **(self.sign(url, self) if self.sign else {})}

    def op(self, ident="77", url=None):
        """gongd's `callback` to a driver, as if this had come to `url`."""
        url = self.address(url or "http://127.0.0.1/x")
        split = urllib.parse.urlsplit(url)
        return {"op": "callback", "id": ident, "method": self.method, "path": split.path,
                "query": split.query, "headers": self.headers(url),
                "body": base64.b64encode(self.body()).decode()}

    def send(self, url=None, patience_s=5):
        """Once, to its own address or `url`; status 0: nobody answered in time."""
        url = self.address(url)
        split = urllib.parse.urlsplit(url)
        kind = HTTPSConnection if split.scheme == "https" else HTTPConnection
        link = kind(split.hostname, split.port, timeout=patience_s)
        try:
            target = split.path + ("?" + split.query if split.query else "")
            link.request(self.method, target, self.body(), self.headers(url))
            said = link.getresponse()
            return Said(said.status, said.read().decode())
        except (OSError, HTTPException):
            return Said(0, "")
        finally:
            link.close()


def together(*pushes):
    """One callback with what these say: lists are joined, and so are the lists of `results`."""
    first = pushes[0]
    if isinstance(first.value, list):
        value = [one for push in pushes for one in push.value]
    else:
        value = {**first.value, "results": [one for p in pushes for one in p.value["results"]]}
    return Push(value, first.form, first.url, first.sign, first.method)


class Dialect(Odd):
    PATH = "/"
    RETRY_S = ()            # after how long it repeats a callback; then the callback is lost
    PATIENCE_S = 5          # how long it waits for the answer to one
    SHORTER = 1200          # a minute between repeats takes 50 ms here

    def __init__(self, whole=None, refuse=None, silent=False, tls=None):
        self.whole, self.refuse, self.silent, self.got = whole, refuse or {}, silent, []
        self.skew_s, self.fates, self.seen = 0, {}, collections.Counter()
        self.one_by_one = threading.Lock()
        super().__init__(lambda number, raw: self.respond(Request(*raw)), tls)
        self.base = self.url.removesuffix("/send")
        self.url = self.base + self.PATH

    def respond(self, request):
        if self.silent is True:
            return "hang"
        with self.one_by_one:
            before = len(self.got)
            try:
                said = self.take(request)
            except Exception:       # what no provider would understand: shown with the test
                traceback.print_exc()
                said = self.answer({"error": "this request makes no sense here"}, 500)
            return "hang" if self.silent and len(self.got) > before else said

    def take(self, request):
        """The answer to a request, by its path or action."""
        raise NotImplementedError

    def now(self):
        return time.time() + self.skew_s

    def answer(self, body, status=200, kind="application/json"):
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        extra = f"Date: {formatdate(self.now(), usegmt=True)}\r\nContent-Type: {kind}\r\n"
        return http(status, text.encode(), extra.encode())

    def accept(self, said, ids):
        """Books a request; `ids`: each number in any form to the id it gets."""
        self.got.append(Accepted(said, {national(n): i for n, i in ids.items()}, self.now()))
        return self.got[-1]

    def refusal(self, number):
        """The code that refuses this number, or None."""
        return next((code for end, code in self.refuse.items() if str(number).endswith(end)), None)

    def settle(self, got, number, ok):
        """Queries say from now on what the receipt says."""
        self.fates[got.id(number), national(number)] = ok

    def fate(self, got, number):
        """True, False, or None while it is on its way."""
        return self.fates.get((got.id(number), national(number)))

    def booked(self, number=None):
        """(accepted request, number) of all that was accepted, or of one number."""
        return [(got, n) for got in self.got for n in got.ids
                if number is None or n == national(number)]

    def took(self, said):
        """Whether the answer to a callback satisfies this provider."""
        return 200 <= said.status < 300

    def push(self, url, *callbacks, shuffle=None, twice=False):
        """Sends callbacks and repeats each as this provider does, its waits shortened; `shuffle`
        is the seed of their order.  Returns all answers; the last of each is its fate."""
        order = list(callbacks) * (2 if twice else 1)
        if shuffle is not None:
            random.Random(shuffle).shuffle(order)
        return [said for callback in order for said in self.push_one(url, callback)]

    def push_one(self, url, callback):
        answers = [callback.send(url, self.PATIENCE_S)]
        for wait_s in self.RETRY_S:
            if self.took(answers[-1]):
                break
            self.stop.wait(min(wait_s / self.SHORTER, LONG))
            answers.append(callback.send(url, self.PATIENCE_S))
        return answers
