"""Questions to a route: an AT command, a USSD code, a test message (docs/drivers.md, `ask`)."""
import json
import os
import subprocess

from harness import BUILD


def test_the_kit_answers_for_a_driver_that_answers_no_questions():
    lines = [{"op": "ask", "id": "q1", "what": "at", "text": "AT+CSQ"},
             {"op": "close", "grace_ms": 0}]
    done = subprocess.run([os.path.join(BUILD, "gong-http")], timeout=20, capture_output=True,
                          input="".join(json.dumps(line) + "\n" for line in lines).encode())
    answer = [json.loads(line) for line in done.stdout.splitlines()
              if json.loads(line)["ev"] == "answer"]
    assert answer == [{"ev": "answer", "id": "q1", "ok": False,
                       "reason": "this driver answers no questions"}]
