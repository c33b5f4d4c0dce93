"""feed_helpers.py -- gong-feed on a pipe, and a web server that holds a feed and misbehaves as it is told."""
import gzip
import json
import os
import queue
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from harness import BUILD, SLOW

CAP = ('<?xml version="1.0" encoding="UTF-8"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
       '<identifier>%s</identifier></alert>')


class Feed:
    """`pages`: path -> bytes, or a function of the request handler.  Every request is noted."""

    def __init__(self, cert=None):
        feed = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                feed.asked.append((self.path, dict(self.headers)))
                page = feed.pages.get(self.path.split("?")[0])
                if callable(page):
                    page(self)
                elif page is None:
                    self.answer(404, b"no such page")
                else:
                    self.answer(200, page)

            def answer(self, status, body=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    self.close_connection = True

            def log_message(self, *args):
                pass

        self.pages, self.asked = {}, []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *args: None             # a client that went away in between
        if cert:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*cert)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.base = "%s://127.0.0.1:%d" % ("https" if cert else "http", self.port)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def paths(self):
        return [path for path, _ in self.asked]

    def atom(self, *entries, path="/feed", **more):
        """entries: (id, link) or (id, link, updated); tagged as a server does that can say 304."""
        body = ("<feed xmlns='http://www.w3.org/2005/Atom'>" + "".join(
            "<entry><id>%s</id><link href='%s'/><updated>%s</updated></entry>" % (
                e[0], e[1], e[2] if len(e) > 2 else "1") for e in entries) + "</feed>").encode()
        tag = '"%x"' % (hash(body) & 0xffffffff)

        def page(handler):
            if handler.headers.get("If-None-Match") == tag:
                handler.answer(304, ETag=tag)
            else:
                handler.answer(200, body, ETag=tag, **more)
        self.pages[path] = page

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Child:
    """gong-feed by itself; what it brings is taken when the test says so."""

    def __init__(self, config, keep=None, op="open"):
        self.child = subprocess.Popen([os.path.join(BUILD, "gong-feed")], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      env={**os.environ, "http_proxy": "http://127.0.0.1:9"})
        self.events, self.log, self.keep = queue.Queue(), "", keep
        self.readers = [threading.Thread(target=f, daemon=True) for f in (self._read, self._read_log)]
        for reader in self.readers:
            reader.start()
        self.say(op=op, protocol=1, source="s", config={"every": "200ms", **config}, keep=keep)

    def _read(self):
        for line in self.child.stdout:
            self.events.put(json.loads(line))
        self.events.put(None)

    def _read_log(self):
        for line in self.child.stderr:
            self.log += line.decode()

    def say(self, **op):
        self.child.stdin.write((json.dumps(op) + "\n").encode())
        self.child.stdin.flush()

    def next(self, *kinds, seconds=15):
        """The next event of these kinds; None: the child has ended."""
        until = time.monotonic() + seconds * SLOW
        while True:
            event = self.events.get(timeout=max(0.01, until - time.monotonic()))
            if event is None or event["ev"] in kinds:
                return event

    def take(self, event=None, seconds=15):
        """Its next signal, taken: [body, …]."""
        event = event or self.next("signal", seconds=seconds)
        self.keep = event.get("keep", self.keep)
        self.say(op="took", id=event["id"], signals=[])
        return [d.get("body", d.get("base64")) for d in event["documents"]]

    def quiet(self, looks=2):
        """So many looks without anything new."""
        for _ in range(looks):
            event = self.next("beat", "signal", "fatal")
            assert event["ev"] == "beat", event
            self.keep = event.get("keep", self.keep)

    def kill(self):
        self.child.kill()
        self.child.wait(5)

    def close(self):
        if self.child.poll() is None:
            try:
                self.say(op="close", grace_ms=1000)
                self.child.wait(10 * SLOW)
            except (OSError, subprocess.TimeoutExpired):
                self.child.kill()
                self.child.wait(5)
        for reader in self.readers:
            reader.join(5)
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            try:
                pipe.close()
            except OSError:
                pass
        return self.child.returncode


BOMB = gzip.compress(b"\0" * (64 << 20))       # 64 KiB
