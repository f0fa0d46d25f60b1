"""Run every benchmark, one after the other: make bench."""

import subprocess
import sys
from pathlib import Path

for name in (
    "loop",
    "scoring",
    "mixed_tables",
    "explanations",
    "contamination",
    "one_class",
    "one_class_pictures",
    "hinton2006",
    "likelihood",
    "clusters",
    "training_speed",
):
    print(f"\n=== {name}", flush=True)
    subprocess.run([sys.executable, str(Path(__file__).with_name(f"{name}.py"))], check=True)
