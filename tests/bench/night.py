"""A night of 180 villages on a virtual clock (tests/nights): what gong made of the answers, what
modems were kept busy with, whether the dry run's forecast came true, and how the live one moved."""
import json
import os
import subprocess

from harness import BUILD

HERE = os.path.dirname(os.path.abspath(__file__))
SEEDS = range(1, 6)


def play(story, seed):
    out = subprocess.run([os.path.join(BUILD, "night"), "--conf", os.path.join(HERE, "night.conf"),
                          "--figures", "--seed", str(seed), os.path.join(HERE, story)],
                         capture_output=True, text=True, timeout=300, check=False)
    assert out.returncode == 0, out.stdout + out.stderr
    return json.loads(out.stdout.split("figures ", 1)[1].split("\n", 1)[0])


def bench_night(note):
    bad = [play("bad.night", seed) for seed in SEEDS]
    note("night_answers_taken", sum(n["heard"] for n in bad) / sum(n["given"] for n in bad))
    note("night_false_acks", sum(n["false"] for n in bad))
    note("night_thanks_share", sum(n["thanks"] for n in bad) / sum(n["parts"] for n in bad))
    calm = [play("calm.night", seed) for seed in SEEDS]
    note("night_forecast_error", max(abs(n["forecast_ms"] - n["finish_ms"]) / n["finish_ms"]
                                     for n in calm))
    note("night_live_rise", max(n["live_rise"] for n in calm))
    note("night_live_error", max(n["live_error"] for n in calm))
