"""The console's files from a real gongd: what is served, how, and all that is not."""
import gzip
import hashlib
import os
import signal
import socket
import subprocess

import pytest

from harness import BUILD, TOKEN, World, wait_for
from test_api import Raw, problem

INDEX = b"<!doctype html><title>gong</title>" + b"<p>hello</p>" * 100
FILES = {"index.html": INDEX, "wall.html": b"<!doctype html>wall", "js/now.js": b"let now = 1;\n" * 90,
         "js/index.html": b"<!doctype html>js", "look.css": b"p{color:red}" * 50,
         "pixel.png": b"\x89PNG\0\1\2" * 200, "empty.txt": b"", "zh.json": "{\"好\": 1}".encode(),
         "big.wasm": os.urandom(3 << 20), "map.geojson": b"[1,2]" * 100000,
         # not served:
         ".env": b"SECRET", ".git/config": b"SECRET", "gong.conf": b"SECRET", "LICENSE": b"SECRET",
         "a b.html": b"SECRET", "\xe5\xad\x97.html": b"SECRET", "noend": b"SECRET"}
TYPES = {"/": "text/html; charset=utf-8", "/js/now.js": "text/javascript; charset=utf-8",
         "/look.css": "text/css; charset=utf-8", "/pixel.png": "image/png",
         "/zh.json": "application/json", "/big.wasm": "application/wasm",
         "/empty.txt": "text/plain; charset=utf-8", "/map.geojson": "application/geo+json"}


def write(folder, files):
    for name, body in files.items():
        path = os.path.join(folder.encode(), name.encode("latin-1"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(body)


def log(world):
    with open(world.path("gongd.log"), encoding="utf-8", errors="replace") as f:
        return f.read()


def with_console(world, folder="console"):
    with open(world.conf, encoding="utf-8") as f:
        text = f.read()
    with open(world.conf, "w", encoding="utf-8") as f:
        f.write('console = "%s"\n%s' % (folder, text))


@pytest.fixture(scope="module")
def world():
    with World(name="static") as w:
        write(w.path("console"), FILES)
        write(w.dir, {"outside.html": b"SECRET"})
        with_console(w)
        w.start()
        wait_for("the console", lambda: "console loaded files=10" in log(w))
        yield w


class Client(Raw):
    def get(self, path, method="GET", **headers):
        self.send("%s %s HTTP/1.1\r\nHost: x\r\n%s\r\n" % (method, path, "".join(
            "%s: %s\r\n" % (k.replace("_", "-"), v) for k, v in headers.items())))
        while b"\r\n\r\n" not in self.bytes:
            got = self.s.recv(65536)
            assert got, "closed"
            self.bytes += got
        head, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        status = int(lines[0].split()[1])
        headers = {k.lower(): v for k, v in (l.split(": ", 1) for l in lines[1:])}
        length = 0 if method == "HEAD" else int(headers.get("content-length", 0))
        while len(self.bytes) < length:
            self.bytes += self.s.recv(1 << 20)
        body, self.bytes = self.bytes[:length], self.bytes[length:]
        return status, headers, body


def test_files_are_what_they_are(world):
    with Client(world) as c:
        for path, body in (("/", INDEX), ("/index.html", INDEX), ("/wall", FILES["wall.html"]),
                           ("/wall.html", FILES["wall.html"]), ("/js/now.js", FILES["js/now.js"]),
                           ("/js/", FILES["js/index.html"]), ("/look.css", FILES["look.css"]),
                           ("/pixel.png", FILES["pixel.png"]), ("/empty.txt", b""),
                           ("/zh.json", FILES["zh.json"]), ("/big.wasm", FILES["big.wasm"]),
                           ("/?lang=zh", INDEX)):
            status, h, got = c.get(path)
            assert (status, got) == (200, body), path
            assert h["content-type"] == TYPES.get(path, h["content-type"])
            assert h["etag"] == '"%s"' % hashlib.sha256(body).hexdigest()
            assert h["cache-control"] == "no-cache" and h["x-content-type-options"] == "nosniff"
            csp = dict(d.strip().split(" ", 1) for d in h["content-security-policy"].split(";"))
            assert csp["default-src"] == "'none'" and csp["script-src"] == "'self'"
            assert "unsafe" not in h["content-security-policy"] and "http" not in str(csp)
            assert "content-encoding" not in h
            status, head, got = c.get(path, "HEAD")
            assert status == 200 and got == b""
            assert {k: v for k, v in head.items() if k != "date"} == {
                k: v for k, v in h.items() if k != "date"}


def test_packed_where_it_is_wanted_and_worth_it(world):
    with Client(world) as c:
        for accept, packed in (("gzip", 1), ("deflate, gzip;q=0.5, br", 1), ("*", 1), ("x-gzip", 1),
                               ("GZIP ; q=1.0", 1), ("br, *;q=0.1", 1), ("gzip;q=0", 0), ("", 0),
                               ("gzip;q=0.000, *", 0), ("br", 0), ("gzipped", 0), ("*;q=0", 0),
                               ("identity", 0), (",,;;q=,", 0)):
            status, h, got = c.get("/index.html", Accept_Encoding=accept)
            assert status == 200 and h["vary"] == "Accept-Encoding"
            assert (h.get("content-encoding") == "gzip") == bool(packed), accept
            assert (gzip.decompress(got) if packed else got) == INDEX
        for path in ("/pixel.png", "/empty.txt", "/wall", "/big.wasm"):
            status, h, got = c.get(path, Accept_Encoding="gzip")
            assert "content-encoding" not in h and "vary" not in h, path


def test_a_browser_that_has_it_is_told_so(world):
    with Client(world) as c:
        plain = c.get("/")[1]["etag"]
        packed = c.get("/", Accept_Encoding="gzip")[1]["etag"]
        assert plain != packed
        for has, accept, status in ((plain, "", 304), (packed, "", 200), (packed, "gzip", 304),
                                    (plain, "gzip", 200), ("W/" + plain, "", 304), ("*", "", 304),
                                    ('"a,b", W/"c", %s' % plain, "", 304), ('"x%s' % plain[1:], "", 200),
                                    (plain[:-1], "", 200), ('""', "", 200), ('"', "", 200),
                                    (plain[1:-1], "", 200), ('"a" "b', "", 200)):
            got, h, body = c.get("/", If_None_Match=has, Accept_Encoding=accept)
            assert got == status and (status == 200) == bool(body), (has, accept)
            if status == 304:
                assert h["etag"] == (packed if accept else plain) and "content-length" not in h
                assert "content-encoding" not in h and h["vary"] == "Accept-Encoding"
        assert c.get("/")[0] == 200, "and the connection goes on"


NOT_THERE = ["/../outside.html", "/js/../../outside.html", "/%2e%2e/outside.html", "/..%2foutside.html",
             "/js/..%5c..%5coutside.html", "/....//outside.html", "//index.html", "/./index.html",
             "/js/./now.js", "/js/../index.html", "/index%2ehtml", "/index.html%00", "/index.html%00.js",
             "/index.html/", "/index.html.", "/INDEX.HTML", "/js", "/.env", "/.git/config", "/gong.conf",
             "/LICENSE", "/noend", "/a%20b.html", "/a+b.html", "/%E5%AD%97.html", "/proc/self/environ",
             "/console/index.html", "/wall/", "/js/now", "/" + "a" * 3000, "/" + "../" * 500,
             "/v1/", "/v1", "/metrics.html", "/health/index.html", "/*", "/~root", "/c:/x.html"]


@pytest.mark.parametrize("path", NOT_THERE)
def test_what_is_no_name_in_the_folder_is_not_there(world, path):
    with Client(world) as c:
        status, h, body = c.get(path)
        assert status in (404, 431) and b"SECRET" not in body, body
        problem(status, h, body)


def test_only_get_and_head_and_never_instead_of_the_api(world):
    with Client(world) as c:
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
            status, h, body = c.get("/index.html", method)
            assert status == 405 and h["allow"] == "GET, HEAD"
        assert c.get("/health/live")[2] == b'{"status":"live"}'
        assert c.get("/v1/alerts")[0] == 401
        assert c.get("/v1/nothing")[0] == 404
    with Client(world) as c:           # a body is none of its business
        assert c.get("/index.html", Content_Length="5")[0] == 413
    with Client(world, unix=True) as c:
        assert c.get("/wall")[2] == FILES["wall.html"]
    with Client(world) as c:           # pipelined, and the last one half-closed
        c.send(("GET /wall HTTP/1.1\r\nHost: x\r\n\r\n" * 200).encode())
        c.s.shutdown(socket.SHUT_WR)
        text = b""
        while True:
            got = c.s.recv(1 << 20)
            if not got:
                break
            text += got
        assert text.count(b"HTTP/1.1 200 OK") == 200


def test_many_that_do_not_read_share_one_copy(world):
    """60 clients ask for 3 MiB and take nothing: it is held once."""
    def resident():
        with open("/proc/%d/statm" % world.gongd.pid, encoding="ascii") as f:
            return int(f.read().split()[1]) * 4096
    before, many = resident(), []
    try:
        for _ in range(60):
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", world.port))
            s.sendall(b"GET /big.wasm HTTP/1.1\r\nHost: x\r\n\r\n")
            many.append(s)
        with Client(world) as c:
            assert c.get("/wall")[0] == 200
        assert resident() - before < 60 << 20, "and not 180 MiB"
    finally:
        for s in many:
            s.close()


def reload_and_see(world, what):
    seen = log(world).count(what)
    world.gongd.signal(signal.SIGHUP)
    wait_for(what, lambda: log(world).count(what) > seen)


def test_a_reload_reads_it_anew_and_a_bad_one_changes_nothing():
    with World(name="static-reload") as world:
        folder = world.path("console")
        with_console(world)
        world.start()                  # no folder: gongd runs all the same
        wait_for("the log to say so", lambda: "console not loaded" in log(world))
        with Client(world) as c:
            assert c.get("/")[0] == 404
        p = subprocess.run([os.path.join(BUILD, "gongd"), "--check", "--config", world.conf],
                           capture_output=True, text=True, timeout=60)
        assert p.returncode == 1 and "No such file" in p.stderr and "console" in p.stderr
        write(folder, {"index.html": b"one"})
        reload_and_see(world, "console loaded")
        with Client(world) as c:
            assert c.get("/")[2] == b"one"
        os.mkfifo(folder + "/pipe.html")
        for name, make, why in (
                ("pipe.html", lambda p: None, "no file"),
                ("link.html", lambda p: os.symlink(world.path("token"), p), "symbolic link"),
                ("in.html", lambda p: os.symlink("index.html", p), "symbolic link"),
                ("up", lambda p: os.symlink("/", p), "symbolic link"),
                ("v1", os.mkdir, "API"), ("metrics.html", lambda p: write(folder, {
                    "metrics.html": b""}), "API"),
                ("socket.html", lambda p: socket.socket(socket.AF_UNIX).bind(p), "no file"),
                ("big.js", lambda p: open(p, "wb").truncate(9 << 20), "8 MiB"),
                ("deep", lambda p: os.makedirs(p + "/2/3/4/5/6/7/8/9"), "deeper")):
            path = os.path.join(folder, name)
            make(path)
            write(folder, {"index.html": b"two"})
            reload_and_see(world, "console not loaded")
            line = [l for l in log(world).splitlines() if "console not loaded" in l][-1]
            assert why in line and name in line, line
            with Client(world) as c:
                assert c.get("/")[2] == b"one", "the old one goes on"
            if os.path.isdir(path) and not os.path.islink(path):
                os.removedirs(path + "/2/3/4/5/6/7/8/9") if name == "deep" else os.rmdir(path)
            else:
                os.unlink(path)
        reload_and_see(world, "console loaded")
        with Client(world) as c:
            assert c.get("/")[2] == b"two"
        os.unlink(folder + "/index.html")
        write(folder, {"other.html": b"x"})
        reload_and_see(world, "has no index.html")
        with open(world.conf, encoding="utf-8") as f:
            text = f.read()
        with open(world.conf, "w", encoding="utf-8") as f:
            f.write(text.replace('console = "console"\n', ""))
        reload_and_see(world, "settings reloaded")
        with Client(world) as c:
            wait_for("it to be gone", lambda: c.get("/")[0] == 404)
