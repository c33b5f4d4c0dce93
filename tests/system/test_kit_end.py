"""A driver that ends by its own word gives back what gongd had written before it heard that (kit_fatal,
docs/drivers.md, fatal).  Here gong-http is opened with a config that it cannot use."""
import json
import os
import subprocess
import time

import pytest

from harness import driver_event
from http_driver import BUILD

OPEN = {"op": "open", "protocol": 1, "route": "r", "config": {"url": "http://127.0.0.1:1/", "no": "such"}}
SEND = {"op": "send", "channel": "sms", "text": "x", "items": [
    {"id": "00002000a0021", "to": "+99910000001"}, {"id": "00002000b0021", "to": "+99910000002"}]}
URGENT = {**SEND, "urgent": True, "items": [{"id": "00002000c0021", "to": "+99910000003"}]}
CALL = {"op": "call", "id": "00003000a0021", "to": "+99910000001"}
ASK = {"op": "ask", "id": "q1", "what": "test", "text": ""}
CLOSE = {"op": "close", "grace_ms": 5000}
MINE = {"00002000a0021", "00002000b0021", "00002000c0021", "00003000a0021"}


def lines(*ops):
    return "".join(json.dumps(op) + "\n" for op in ops).encode()


@pytest.fixture(name="driver")
def _driver():
    child = subprocess.Popen([os.path.join(BUILD, "gong-http")], stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    yield child
    child.kill()
    child.wait()


def end_of(child, seconds):
    """What it said to its end, which comes within so long."""
    begin = time.monotonic()
    said = [driver_event(line) for line in child.stdout]
    assert child.wait(10) == 1 and time.monotonic() - begin < seconds
    assert said[0]["ev"] == "fatal" and said[0]["retry"] is False
    return said


def given_back(said):
    dones = [e for e in said if e["ev"] == "done"]
    assert all(e["outcome"] == "withdrawn" and e["reason"] for e in dones), dones
    return sorted(e["id"] for e in dones)


def test_what_came_with_the_line_that_ended_it(driver):
    driver.stdin.write(lines(OPEN, SEND, URGENT, CALL, ASK, CLOSE))
    driver.stdin.flush()
    said = end_of(driver, 1)
    assert given_back(said) == sorted(MINE)
    assert [e["ok"] for e in said if e["ev"] == "answer"] == [False]


def test_what_was_written_before_its_word_was_read(driver):
    driver.stdin.write(lines(OPEN))
    driver.stdin.flush()
    fatal = driver.stdout.readline()
    for op in (SEND, URGENT, CALL):
        driver.stdin.write(lines(op))
        driver.stdin.flush()
        time.sleep(0.05)
    driver.stdin.write(lines(CLOSE))
    driver.stdin.flush()
    said = [json.loads(fatal), *(driver_event(line) for line in driver.stdout)]
    assert driver.wait(10) == 1 and given_back(said) == sorted(MINE)


def test_nothing_that_comes_after_the_close_is_waited_for(driver):
    driver.stdin.write(lines(OPEN, SEND, CLOSE, CALL))
    driver.stdin.flush()
    assert given_back(end_of(driver, 1)) == ["00002000a0021", "00002000b0021"]


def test_nor_is_a_gongd_that_says_nothing(driver):
    driver.stdin.write(lines(OPEN))
    driver.stdin.flush()
    assert len(end_of(driver, 4)) == 1


def test_nor_one_that_has_gone(driver):
    driver.stdin.write(lines(OPEN, SEND))
    driver.stdin.close()
    assert given_back(end_of(driver, 1)) == ["00002000a0021", "00002000b0021"]
