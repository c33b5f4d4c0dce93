"""Helpers for the tests of gong-http: the driver on a pipe, the provider, and a server that
misbehaves as a script says."""
import json
import os
import queue
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import driver_event

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, "build", os.environ.get("MODE", "release"))
ENV = {**os.environ, "http_proxy": "http://127.0.0.1:9"}
LONG = 10


def now():
    return int(time.time() * 1000)


def config(url, **more):
    base = {
        "url": url,
        "body": {"to": "{{to_plus}}", "text": "{{text}}", "ref": "{{id}}"},
        "success": {"status": [200], "pointer": "/code", "equals": 0},
        "id_pointer": "/id",
    }
    base.update(more)
    return {k: v for k, v in base.items() if v is not None}


def shared(most, **more):
    """For config: so many messages of one text share a request, with commas between their numbers."""
    return {"numbers": {"most": most}, "elements": {"number": "{{to_plus}}"},
            "body": {"to": "{{joined:number}}", "text": "{{text}}", "ref": "{{id}}"}, **more}


class Driver:
    def __init__(self, conf, callback_url=None, **more):
        self.child = subprocess.Popen(
            [os.path.join(BUILD, "gong-http")], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env=ENV)
        self.events, self.log = [], b""
        self.lines = queue.Queue()
        self.readers = [threading.Thread(target=self._read, daemon=True),
                        threading.Thread(target=self._read_log, daemon=True)]
        for reader in self.readers:
            reader.start()
        op = {"op": "open", "protocol": 1, "route": "r", "config": conf, **more}
        if callback_url:
            op["config"] = dict(conf, callback_url=callback_url)
        self.say(op)

    def _read(self):
        for line in self.child.stdout:
            self.lines.put(driver_event(line))
        self.lines.put(None)

    def _read_log(self):
        self.log = self.child.stderr.read()

    def say(self, op):
        self.child.stdin.write((json.dumps(op, ensure_ascii=False) + "\n").encode())
        self.child.stdin.flush()

    def next(self, kind=None, timeout=LONG):
        """The next event (of that kind); None when the driver has ended."""
        until = time.monotonic() + timeout
        while True:
            event = self.lines.get(timeout=max(0.01, until - time.monotonic()))
            if event is None:
                return None
            self.events.append(event)
            if kind is None or event["ev"] == kind:
                return event

    def send(self, *items, text="hello", **more):
        self.say({"op": "send", "channel": "sms", "text": text, "not_after": now() + 60000,
                  "items": [{"id": i, "to": t} for i, t in items], **more})

    def dones(self, count, timeout=LONG):
        """`count` items' fates by id; fails on a second one for an id."""
        fates = {}
        while len(fates) < count:
            event = self.next("done", timeout)
            assert event, "the driver ended early: " + self.log.decode()
            for one in event.get("ids", [event.get("id")]):
                assert one not in fates, "second done for " + one
                fates[one] = event
        return fates

    def one(self, text="hello", ident="A1", to="+8613800000001", **more):
        self.send((ident, to), text=text, **more)
        return self.dones(1)[ident]

    def end(self):
        """Ends its input; returns the exit status, everything it said is in events."""
        if not self.child.stdin.closed:
            self.child.stdin.close()
        try:
            self.child.wait(LONG)
        finally:
            if self.child.poll() is None:
                self.child.kill()
                self.child.wait()
        for reader in self.readers:
            reader.join(LONG)
        while not self.lines.empty():
            event = self.lines.get()
            if event:
                self.events.append(event)
        assert b"Sanitizer" not in self.log and b"runtime error" not in self.log, self.log.decode()
        return self.child.returncode


class Provider:
    def __init__(self, folder, *options):
        self.books_path = os.path.join(str(folder), "books.jsonl")
        self.child = subprocess.Popen(
            [os.path.join(BUILD, "sim", "provider"), "--port", "0", "--log", self.books_path,
             *options], stdout=subprocess.PIPE, text=True)
        self.port = int(self.child.stdout.readline().split()[1])
        self.url = f"http://127.0.0.1:{self.port}/send"

    def books(self, ev="message"):
        with open(self.books_path, encoding="utf-8") as f:
            return [b for b in map(json.loads, f) if b["ev"] == ev]

    def end(self):
        self.child.terminate()
        return self.child.wait(LONG)


class Odd:
    """A server that answers each request with what script(number, request) gives: bytes, a list of
    bytes sent slowly, (bytes,) before it hangs up, None (hang up) or "hang"."""

    def __init__(self, script, tls=None):
        self.tls = tls
        self.script, self.requests, self.open, self.most = script, [], 0, 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/send"
        self.stop = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while not self.stop.is_set():
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(conn,), daemon=True).start()

    def _serve(self, conn):
        with self.lock:
            self.open += 1
            self.most = max(self.most, self.open)
        conn.settimeout(LONG)
        try:
            if self.tls:
                conn = self.tls.wrap_socket(conn, server_side=True)
            while self._answer(conn):
                pass
        except OSError:
            pass
        with self.lock:
            self.open -= 1
        conn.close()

    def _answer(self, conn):
        data = b""
        while b"\r\n\r\n" not in data:
            more = conn.recv(65536)
            if not more:
                return False
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        length = 0
        for line in head.split(b"\r\n")[1:]:
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(body) < length:
            body += conn.recv(65536)
        with self.lock:
            number = len(self.requests)
            self.requests.append((head.decode(), body.decode()))
        answer = self.script(number, self.requests[number])
        if answer is None:
            return False
        if answer == "hang":
            self.stop.wait(LONG)
            return False
        for piece in [answer] if isinstance(answer, bytes) else answer:
            conn.sendall(piece)
            if isinstance(answer, list):
                self.stop.wait(0.1)
        return not isinstance(answer, tuple)

    def close(self):
        self.stop.set()
        self.listener.close()


def http(status=200, body=b'{"code":0,"id":"x1"}', extra=b""):
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n%s" % (status, len(body), extra, body)


class Listener(ThreadingHTTPServer):
    """Stands for gongd: takes what the provider pushes, refusing the first of each kind."""
    daemon_threads = True

    def __init__(self):
        self.got, self.refused = [], 0

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(handler):
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                status = 200 if self.refused else 503
                self.refused += status == 503
                if status == 200:
                    self.got.append((handler.path, body))
                handler.send_response(status)
                handler.send_header("Content-Length", "0")
                handler.end_headers()

            def log_message(handler, *args):
                pass
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def end(self):
        self.shutdown()
        self.server_close()

    def wait(self, count, timeout=10):
        until = time.monotonic() + timeout
        while len(self.got) < count and time.monotonic() < until:
            time.sleep(0.02)
        return self.got
