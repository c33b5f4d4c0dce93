"""certs.py -- certificates for tests, made by the openssl command when they are needed: an
authority, a good certificate, and those that a client must not believe."""
import os
import subprocess
import tempfile
import time

NAMES = "subjectAltName=IP:127.0.0.1,DNS:localhost"


def openssl(*argv):
    p = subprocess.run(["openssl", *argv], capture_output=True, text=True, timeout=60)
    assert p.returncode == 0, "openssl %s: %s" % (argv[0], p.stderr)


class Authority:
    """A certificate authority in a folder of its own; `pem` is what its believers load."""

    def __init__(self, folder, name="authority"):
        self.folder = tempfile.mkdtemp(prefix=name + "-", dir=str(folder))
        self.pem, self.key = self.path("ca.pem"), self.path("ca.key")
        openssl("req", "-x509", *self.new_key(self.key), "-out", self.pem, "-days", "2",
                "-subj", "/CN=" + name)

    def path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def new_key(path):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", path)

    def issue(self, name, names=NAMES, days=2):
        """(certificate, key): paths of PEM files, good for so many days from now."""
        pem, key, request, extra = (self.path(name + end) for end in
                                    (".pem", ".key", ".csr", ".ext"))
        with open(extra, "w", encoding="ascii") as f:
            f.write(names + "\n")
        openssl("req", *self.new_key(key), "-out", request, "-subj", "/CN=" + name)
        openssl("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self.key,
                "-CAcreateserial", "-days", str(days), "-extfile", extra, "-out", pem)
        return pem, key

    def good(self):
        return self.issue("good")

    def expired(self):
        """Good for no time at all: openssl of Debian 13 issues none that ended before it began."""
        expired = self.issue("expired", days=0)
        time.sleep(1.1)
        return expired

    def wrong_name(self):
        return self.issue("elsewhere", names="subjectAltName=DNS:sms.elsewhere.invalid")

    def client(self):
        return self.issue("client", names="extendedKeyUsage=clientAuth")
