"""A provider that hands out each report and each reply exactly once, over however many connections:
what its answer has named is gone, whether or not anybody has read it."""
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class OneTime(ThreadingHTTPServer):
    """`put` adds items to a shelf ("/receipts", "/replies"); one answer has `most` of them at most.
    `handed` is the answers that had any, in their order, each a list of items; `lives` says for each
    what its request called the process that asked."""
    daemon_threads = True

    def __init__(self, most=3):
        self.shelves = {"/receipts": [], "/replies": []}
        self.handed, self.lives, self.asked, self.most, self.lock = [], [], 0, most, threading.Lock()
        self.hold = None                     # an Event: answers wait for it
        self.rest_s = 0                      # between handing out and answering
        self.broken = None                   # answers so instead: (status, bytes, what of it is sent)
        shop = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(handler):
                said = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
                if shop.hold:
                    shop.hold.wait(10)
                status, body, sent = shop.answer(handler.path, said.get("life"))
                time.sleep(shop.rest_s)
                handler.send_response(status)
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body[:sent])
                handler.close_connection = sent < len(body)

            def log_message(handler, *args):
                pass
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/send" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def put(self, shelf, *items):
        with self.lock:
            self.shelves[shelf].extend(items)

    def answer(self, path, life):
        with self.lock:
            self.asked += 1
            if self.broken:
                return self.broken
            shelf = self.shelves.get(path, [])
            items, shelf[:] = shelf[:self.most], shelf[self.most:]
            if items:
                self.handed.append(items)
                self.lives.append(life)
            body = json.dumps({"code": 0, "id": "x", "items": items}).encode()
            return 200, body, len(body)

    def empty(self):
        with self.lock:
            return not any(self.shelves.values())

    def close(self):
        self.shutdown()
        self.server_close()


def profile(url, life=-1, **more):
    """Of gong-http, for this provider."""
    pull = {"body": {"life": life}, "list": "/items", "every_ms": 100}
    return dict({
        "url": url, "body": {"to": "{{to_plus}}", "text": "{{text}}", "ref": "{{id}}"},
        "success": {"status": [200], "pointer": "/code", "equals": 0}, "id_pointer": "/id",
        "receipts": True,
        "callback": {"receipt": {"id": "/ref", "state": "/state", "delivered": ["DELIVRD"]},
                     "reply": {"id": "/id", "from": "/from", "text": "/text"}},
        "pull": [dict(pull, path="/receipts"), dict(pull, path="/replies")]}, **more)
