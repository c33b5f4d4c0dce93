"""The modem simulator itself, against the real gammu command and plain AT."""
import os
import subprocess

from harness import BUILD, ROOT, SLOW


def test_gammu_and_at_accept_the_simulated_modem():
    p = subprocess.run([os.path.join(ROOT, "tests/sim/check_modem.sh"), BUILD], timeout=150 * SLOW,
                       capture_output=True, text=True, cwd=ROOT)
    assert p.returncode == 0, p.stdout[-3000:] + p.stderr[-2000:]
