"""broker.py -- Debian's mosquitto for tests and bench, unpacked by make have-test: on a port of its own,
ended by its process id; and somebody who only says that he is a broker."""
import os
import socket
import subprocess
import threading

import harness
from harness import Process, free_ports, listens, wait_for

FOLDER = os.path.join(harness.ROOT, "build/mosquitto")
PROGRAM = os.path.join(FOLDER, "usr/sbin/mosquitto")


def client(name, *argv, **kw):
    return subprocess.run([os.path.join(FOLDER, "usr/bin", name), *argv], check=True, timeout=60, **kw)


class Broker:
    """`lines`: of its settings, beside its port; `inflight`: messages that it sends before it waits, 0 = all;
    what it keeps lies in `folder`."""

    def __init__(self, folder, *lines, tls=False, inflight=0):
        self.folder, self.port, self.process = str(folder), free_ports(1)[0], None
        self.url = "mqtt%s://127.0.0.1:%d" % ("s" if tls else "", self.port)
        self.conf = os.path.join(self.folder, "mosquitto.conf")
        with open(self.conf, "w", encoding="ascii") as f:
            f.write("".join(line + "\n" for line in (
                "user root", "persistence true", "persistence_location %s/" % self.folder, "autosave_interval 1800",
                "max_inflight_messages %d" % inflight, "listener %d 127.0.0.1" % self.port,
                *(lines or ("allow_anonymous true",)))))

    def start(self):
        self.process = Process("mosquitto", [PROGRAM, "-c", self.conf], os.path.join(self.folder, "mosquitto.log"))
        wait_for("the broker", lambda: listens(self.port))
        return self

    def stop(self, number=None):
        if self.process:
            self.process.stop(number)
        self.process = None

    def publish(self, topic, message, *more):
        client("mosquitto_pub", "-p", str(self.port), "-q", "1", "-t", topic, "-m", message, *more)

    def publish_all(self, topic, messages):
        client("mosquitto_pub", "-p", str(self.port), "-q", "1", "-t", topic, "-l",
               input="".join(m + "\n" for m in messages).encode())

    def __enter__(self):
        return self.start()

    def __exit__(self, *what):
        self.stop()


class Impostor:
    """Listens where a broker would, and answers the n-th thing it is told with the n-th of `says`."""

    def __init__(self, *says):
        self.says, self.heard = says, b""
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = "mqtt://localhost:%d" % self.server.getsockname()[1]
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while True:
                c = self.server.accept()[0]
                with c:
                    for say in self.says:
                        self.heard += c.recv(4096)
                        c.sendall(say)
                    while c.recv(4096):
                        pass
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.thread.join(20)
