"""gongctl demo, as installed: by any user, to the end by itself, and nothing stays."""
import glob
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from harness import BUILD, ROOT, SLOW, wait_for      # noqa: E402


@pytest.fixture(scope="module")
def installed():
    folder = tempfile.mkdtemp(prefix="gong-installed-")     # pytest's own folders are its user's alone
    subprocess.run(["make", "-s", "install", "DESTDIR=" + folder, "MODE=" + os.environ.get("MODE", "release")],
                   cwd=ROOT, check=True, capture_output=True, timeout=120)
    os.chmod(folder, 0o755)
    yield folder
    shutil.rmtree(folder)


def processes(folder):
    return [p for p in glob.glob("/proc/[0-9]*/cmdline") if folder.encode() in read(p)]


def folder_of(pid):
    """Where the demo of that process works: its gongd is called with it.  (Others may play it, too.)"""
    for path in glob.glob("/proc/[0-9]*/stat"):
        if read(path).rpartition(b")")[2].split()[1:2] == [b"%d" % pid]:
            found = re.search(rb"/tmp/gong-demo\.\w+", read(os.path.dirname(path) + "/cmdline"))
            if found:
                return found[0].decode()
    return None


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except OSError:
        return b""


def as_nobody():
    if os.getuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


def demo(folder, lang, terminal=None):
    return subprocess.Popen([os.path.join(folder, "usr/bin/gongctl"), "--lang", lang, "demo"], cwd="/",
                            stdin=terminal, stdout=terminal or subprocess.PIPE,
                            stderr=subprocess.STDOUT, preexec_fn=as_nobody,
                            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "dumb"})


def shown_on_a_terminal(folder, lang):
    """Its status and what it shows; nobody types."""
    master, terminal = pty.openpty()
    p = demo(folder, lang, terminal)
    os.close(terminal)
    text = b""
    try:
        while select.select([master], [], [], 60 * SLOW)[0]:
            text += os.read(master, 4096)
        p.send_signal(signal.SIGTERM)   # it waits for somebody
    except OSError:                     # the last of its processes has closed it
        pass
    os.close(master)
    return p.wait(30 * SLOW), text.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("lang, fine, bad", [("zh", "正常", "失败"), ("en", "ok   ", "FAIL")])
def test_the_night_is_played_and_leaves_nothing(installed, lang, fine, bad):
    began = time.monotonic()
    status, text = shown_on_a_terminal(installed, lang)
    assert status == 0, text
    assert len(re.findall("^" + fine, text, re.M)) == 7 and not re.search("^" + bad, text, re.M), text
    assert "$ gongctl send warn.rain" in text and "张三" in text
    assert time.monotonic() - began < 120 * SLOW
    folder = re.search(r"/tmp/gong-demo\.\w+", text)[0]
    assert not os.path.exists(folder) and not processes(folder)


def test_whoever_interrupts_it_leaves_nothing(installed):
    p = demo(installed, "en")
    try:
        folder = wait_for("gongd of the demo", lambda: folder_of(p.pid), 20)
        p.send_signal(signal.SIGTERM)
        assert p.wait(30 * SLOW) == 130
        assert not os.path.exists(folder) and not processes(folder)
    finally:
        p.kill()
        p.wait(5)
        p.stdout.close()


def test_without_its_files_it_says_so(tmp_path):
    copy = str(tmp_path / "gongctl")
    subprocess.run(["cp", os.path.join(BUILD, "gongctl"), copy], check=True)
    for lang, said in (("zh", "演示文件未安装"), ("en", "not installed")):
        p = subprocess.run([copy, "--lang", lang, "demo"], capture_output=True, text=True, timeout=20)
        assert p.returncode == 2 and said in p.stderr
    p = subprocess.run([os.path.join(BUILD, "gongctl"), "--json", "demo"], capture_output=True, timeout=20)
    assert p.returncode == 2
