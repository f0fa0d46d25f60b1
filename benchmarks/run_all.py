"""Run every benchmark as the README's figures were made, one after the other: make bench.

All of them take most of a day; each can be run by itself.
"""

import subprocess
import sys
from pathlib import Path

HELPERS = {"common", "peers_pythae", "run_all"}
MORE = {  # what a script is run with besides its defaults
    "clusters": ["--set fashion_mnist --seeds 1", "--set digits"],
    "likelihood": ["--draws 50 --last 400"],
    "restoring": ["--photos --width 64 --steps 30000"],
}

for script in sorted(Path(__file__).parent.glob("*.py")):
    if script.stem not in HELPERS:
        for options in ["", *MORE.get(script.stem, [])]:
            print(f"\n=== {script.stem} {options}", flush=True)
            subprocess.run([sys.executable, str(script), *options.split()], check=True)
