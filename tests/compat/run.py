#!/usr/bin/python3
"""Runs the golden vectors of Loom 0.0.7 (the JSON files in this folder) through `loomc run`.

    /usr/bin/python3 tests/compat/run.py --loomc build/loomc [case.json ...]

Each case becomes a description and a bundle as the original saved it. Outputs may differ by 2e-7 of the
largest one plus 2 float32 ulps: the original's exp and tanh are Go's, not ours. Needs Python only.
"""
import argparse
import base64
import glob
import json
import math
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TIMEOUT = 60


def ulp(value):
    """The float32 unit in the last place at value."""
    return 2.0 ** max(math.frexp(value)[1] - 24, -149) if value else 2.0**-149


def bundle(case):
    text = json.dumps(case["weights"], separators=(",", ":")).encode()
    return {"type": "modelhost/bundle", "version": 1, "models": [{
        "id": case["description"]["id"], "cfg": case["description"],
        "weights": {"fmt": "jsonModelB64", "data": base64.b64encode(text).decode()}}]}


def problem(loomc, case, folder):
    """What is wrong with loomc's answer, or None."""
    files = {"net": case["description"], "bundle": bundle(case), "input": case["input"]}
    paths = {name: os.path.join(folder, name + ".json") for name in files}
    for name, value in files.items():
        with open(paths[name], "w") as file:
            json.dump(value, file)
    try:
        done = subprocess.run([loomc, "run", paths["net"], "--weights", paths["bundle"], "--input",
                               paths["input"], "--precision", "f32"],
                              capture_output=True, text=True, timeout=TIMEOUT)
    except (OSError, subprocess.TimeoutExpired) as failure:
        return str(failure)
    if done.returncode:
        return f"exit {done.returncode}: {(done.stderr.strip() or 'no message').splitlines()[0]}"
    try:
        got = json.loads(done.stdout)["output"]
    except (ValueError, KeyError, TypeError):
        return f"unreadable answer: {done.stdout[:60]!r}"
    want = case["expected"]
    if len(got) != len(want):
        return f"{len(got)} numbers, expected {len(want)}"
    largest = max(map(abs, want))
    for i, (g, w) in enumerate(zip(got, want)):
        if not isinstance(g, (int, float)) or not abs(g - w) <= 2e-7 * largest + 2 * ulp(w):
            return f"output[{i}] is {g}, expected {w}"
    return None


def main():
    parser = argparse.ArgumentParser(description="golden vectors of Loom 0.0.7")
    parser.add_argument("--loomc", required=True, help="path of loomc")
    parser.add_argument("cases", nargs="*")
    args = parser.parse_args()
    paths = args.cases or sorted(glob.glob(os.path.join(HERE, "*.json")))
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            with open(path) as file:
                case = json.load(file)
            wrong = problem(args.loomc, case, folder)
            if wrong:
                failed += 1
                print(f"{case['description']['id']}: {wrong}", flush=True)
    print(f"{len(paths) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
