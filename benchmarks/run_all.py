"""Run every benchmark, one after the other: make bench. All of them take most of a day; each can be run by itself."""

import subprocess
import sys
from pathlib import Path

HELPERS = {"common", "peers_pythae", "run_all"}

for script in sorted(Path(__file__).parent.glob("*.py")):
    if script.stem not in HELPERS:
        print(f"\n=== {script.stem}", flush=True)
        subprocess.run([sys.executable, str(script)], check=True)
