"""dovecot.py -- Debian's IMAP server, unpacked, with one mailbox in a folder of the test's.  What a package would
install it at is not there, so its door (TLS and the login) is this file; everything behind it is dovecot's own
`imap`, one process a connection."""
import base64
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading

from harness import ROOT

ROOM = os.path.join(ROOT, "build", "dovecot")
LIB = os.path.join(ROOM, "usr/lib/dovecot")
CONF = """
base_dir = %(dir)s/base
state_dir = %(dir)s/base
libexec_dir = %(lib)s
mail_plugin_dir = %(lib)s/modules
import_environment = LD_LIBRARY_PATH=%(lib)s USER HOME
log_path = %(dir)s/dovecot.log
ssl = no
first_valid_uid = 0
first_valid_gid = 0
mail_uid = %(uid)d
mail_gid = %(gid)d
mail_location = maildir:%(dir)s/mail
"""


def pump(read, write):
    try:
        while data := read(65536):
            write(data)
    except (OSError, ValueError):
        pass


class Dovecot:
    def __init__(self, cert):
        # It reads no mail as root.
        self.ids = (os.getuid(), os.getgid()) if os.getuid() else (65534, 65534)
        self.dir, self.count, self.away = tempfile.mkdtemp(prefix="gong-dovecot-"), 0, False
        os.chmod(self.dir, 0o755)
        for name in ("base", "mail", "mail/new", "mail/cur", "mail/tmp"):
            os.mkdir(os.path.join(self.dir, name))
            os.chown(os.path.join(self.dir, name), *self.ids)
        self.conf = os.path.join(self.dir, "dovecot.conf")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(CONF % {"dir": self.dir, "lib": LIB, "uid": self.ids[0], "gid": self.ids[1]})
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*cert)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self.let_in, daemon=True).start()

    def let_in(self):
        while True:
            try:
                plain, _ = self.door.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        if self.away:
            plain.close()
            return
        try:
            with self.context.wrap_socket(plain, server_side=True) as s:
                if self.log_in(s):
                    self.run(s)
        except OSError:
            pass

    def log_in(self, s):
        f = s.makefile("rb", buffering=0)
        s.sendall(b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] ready\r\n")
        while line := f.readline():
            tag, _, command = line.strip().partition(b" ")
            if command.upper() == b"CAPABILITY":
                s.sendall(b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\n" + tag + b" OK done\r\n")
            elif command.upper().startswith(b"AUTHENTICATE PLAIN "):
                good = base64.b64decode(command.split()[2]) == b"\0u\0secret"
                s.sendall(tag + (b" OK logged in\r\n" if good else b" NO [AUTHENTICATIONFAILED] wrong\r\n"))
                if good:
                    return True
            else:
                s.sendall(tag + b" BAD not here\r\n")
        return False

    def run(self, s):
        p = subprocess.Popen(
            [ROOM + "/usr/bin/doveconf", "-f", "service=imap", "-c", self.conf, "-m", "imap", "-e", LIB + "/imap"],
            env={**os.environ, "LD_LIBRARY_PATH": LIB, "USER": "u", "HOME": self.dir}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, cwd=self.dir)
        greeting = p.stdout.readline()
        assert greeting.startswith(b"* PREAUTH"), (greeting, self.dir)
        back = threading.Thread(target=pump, args=(lambda n: os.read(p.stdout.fileno(), n), s.sendall))
        back.start()
        pump(s.recv, lambda data: os.write(p.stdin.fileno(), data))
        p.stdin.close()
        back.join()
        p.stdout.close()
        p.wait(15)

    def close(self):
        self.door.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def deliver(self, mail):
        """As a mail server does: written beside, then renamed in."""
        self.count += 1
        name = "%d.gong" % self.count
        with open(os.path.join(self.dir, "mail/tmp", name), "wb") as f:
            f.write(mail if isinstance(mail, bytes) else mail.encode())
        os.chown(os.path.join(self.dir, "mail/tmp", name), *self.ids)
        os.rename(os.path.join(self.dir, "mail/tmp", name), os.path.join(self.dir, "mail/new", name))

    def seen(self):
        """How many mails are marked as seen."""
        return sum("S" in n.rpartition(",")[2] for n in os.listdir(os.path.join(self.dir, "mail/cur")))
