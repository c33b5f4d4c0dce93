"""What Huawei Cloud's SMS and voice share: UsernameToken headers and SDK-HMAC-SHA256."""
import calendar
import re
import time

from . import signatures
from .base import Dialect


class Huawei(Dialect):
    """Facts: X-WSSE's digest (Base64 of the hash; `wsse_of_hex` for the client that encodes its
    hexadecimal text), SDK-HMAC-SHA256 (published vectors), the clock's 24 hours and 15 minutes."""
    ID, KEY = "app-key", "huawei-secret"

    def __init__(self, *args, wsse_of_hex=False, **more):
        self.of_hex, self.nonces = wsse_of_hex, set()
        super().__init__(*args, **more)

    def fault(self, request):
        """None, "key" (of a UsernameToken), "signature" (of AK/SK) or "clock"."""
        h = request.headers
        kind, _, rest = h["authorization"].partition(" ")
        if kind == "SDK-HMAC-SHA256":
            return self.check_sdk(request, rest)
        assert rest == 'realm="SDP",profile="UsernameToken",type="Appkey"', rest
        token = dict(re.findall(r'(\w+)="([^"]*)"', h["x-" + kind.lower()]))
        assert h["x-" + kind.lower()].startswith("UsernameToken "), h
        nonce, created = token["Nonce"], token["Created"]
        want = signatures.wsse(nonce, created, self.KEY, self.of_hex) if kind == "WSSE" else \
            signatures.aksk(nonce + created, self.KEY)
        if token["Username"] != self.ID or token["PasswordDigest"] != want or nonce in self.nonces:
            return "key"
        self.nonces.add(nonce)
        return self.late(created, "%Y-%m-%dT%H:%M:%SZ", 86400)

    def check_sdk(self, request, rest):
        h = request.headers
        said = dict(part.split("=", 1) for part in rest.split(", "))
        names = said["SignedHeaders"].split(";")
        assert names == sorted(names) and {"host", "x-sdk-date"} <= set(names), names
        want = signatures.huawei_sdk(request.method, request.path, request.signed_args(), h, names,
                                     request.body, self.KEY)
        if said["Access"] != self.ID or said["Signature"] != want:
            return "signature"
        return self.late(h["x-sdk-date"], "%Y%m%dT%H%M%SZ", 900)

    def late(self, stamp, form, most_s):
        at = calendar.timegm(time.strptime(stamp, form))
        return "clock" if abs(at - self.now()) > most_s else None
