"""Our detector on the 26 development sets, one frozen configuration, beside the nearest neighbour and PyOD.

    python benchmarks/one_class.py [--seeds 3] [--only NAME,NAME] [--no-peers]

Every term of the description length is also scored alone, and all without the neighbours: the ablation table.
The peer (PyOD's AutoEncoder at its defaults) is fitted in turn with ours on each set, on the same cores; it is
left out where PyOD is not installed (benchmarks/requirements.txt).
"""

from __future__ import annotations

import argparse
import copy
import time
import warnings

import numpy as np
import torch
from scipy.stats import betabinom, binom
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.neighbors import NearestNeighbors

from common import data_sets, print_table, save
from isthmus import AnomalyDetector
from isthmus.recipes.description import Description
from isthmus.training.threads import one_thread

warnings.filterwarnings("ignore")


def term_scores(detector: AnomalyDetector, train: np.ndarray, test: np.ndarray) -> dict[str, np.ndarray]:
    """Abnormality by the parts of the description length, and by those that know no remembered rows."""
    moved, remembered, alone = priced(detector.description_, detector, test)
    bare = copy.deepcopy(detector.description_)
    bare.movement.zero_()
    with torch.inference_mode():
        bare.calibrate(departures(bare, detector, train))  # those left out to calibrate are not told apart any more
    movement, _, bare_alone = priced(bare, detector, test)
    return {
        "movement alone (no neighbours)": movement,
        "movement + alone (no neighbours)": movement + bare_alone,
        "moved, less what the nearest row's code does": moved,
        "remembered alone": remembered,
        "alone (each column by itself)": alone,
        "moved + remembered": moved + remembered,
        "all three (the detector)": moved + remembered + alone,
    }


def departures(description: Description, detector: AnomalyDetector, rows: np.ndarray) -> torch.Tensor:
    with one_thread(), torch.inference_mode():
        cells = torch.cat([part for _, part in detector.encoded(rows)])
        return torch.cat([description.departures(description.features(part)) for part in cells.split(1024)])


def priced(description: Description, detector: AnomalyDetector, rows: np.ndarray) -> np.ndarray:
    """Nats by the code, by remembered rows and by single columns, or by plain squares in their place."""
    nats = description.nats(departures(description, detector, rows)).double().numpy()
    return sum(np.split(nats, nats.shape[1] // 3, axis=1)).T


def nearest_neighbour(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """K = 1 on standardised columns: the honest anchor."""
    mean, deviation = train.mean(0), train.std(0)
    deviation = np.where(deviation < 1e-9 * np.maximum(1, np.abs(mean)), 1, deviation)
    model = NearestNeighbors(n_neighbors=1).fit((train - mean) / deviation)
    return model.kneighbors((test - mean) / deviation)[0][:, 0]


def peer():
    try:
        from pyod.models.auto_encoder import AutoEncoder
    except ImportError:
        return None
    return lambda: AutoEncoder(verbose=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    make_peer = None if options.no_peers else peer()

    warm = np.random.default_rng(0).normal(size=(200, 4))  # neither side pays for its imports
    AnomalyDetector(steps=5).fit(warm)
    if make_peer:
        make_peer().fit(warm)

    sets, ablation, alarms = [], {}, []
    for name, train, test, truth in data_sets(options.only):
        row = {"set": name, "train": len(train), "columns": train.shape[1]}
        neighbour = nearest_neighbour(train, test)
        row["kNN(1)"] = roc_auc_score(truth, neighbour)
        measured = []
        for seed in range(options.seeds):
            began = time.perf_counter()
            detector = AnomalyDetector(random_state=seed).fit(train)
            fitted = time.perf_counter() - began
            abnormality = -detector.score_samples(test)
            measured.append((roc_auc_score(truth, abnormality), average_precision_score(truth, abnormality), fitted))
            for term, scores in term_scores(detector, train, test).items():
                found = roc_auc_score(truth, scores), average_precision_score(truth, scores)
                ablation.setdefault(term, {}).setdefault(name, []).append(found)
            normal, held = int((truth == 0).sum()), len(detector.calibration_)
            if len(train) + normal >= 1000:
                p_values = detector.p_values(test[truth == 0])
                for rate in (0.01, 0.05):
                    count, most = int((p_values <= rate).sum()), int(rate * (held + 1))
                    low, high = binom.interval(0.99, normal, rate)
                    both = betabinom.interval(0.99, normal, most, held + 1 - most) if most else (0, 0)
                    alarms.append(
                        {"set": name, "seed": seed, "promised": rate, "realised": count / normal,
                         "in binomial 99%": bool(low <= count <= high),
                         "in 99%, calibration counted": bool(both[0] <= count <= both[1])}
                    )  # fmt: skip
        row["AUROC"], row["AUPRC"], row["fit s"] = (float(value) for value in np.mean(measured, axis=0))
        ablation.setdefault("nearest neighbour of raw columns", {})[name] = [
            (row["kNN(1)"], average_precision_score(truth, neighbour))
        ]
        if make_peer:
            began = time.perf_counter()
            other = make_peer()
            other.fit(train)
            row["PyOD AE fit s"] = time.perf_counter() - began
            row["PyOD AE"] = roc_auc_score(truth, other.decision_function(test))
        sets.append(row)
        print({key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}, flush=True)

    print_table(sets, "Each set, mean over the seeds")
    terms = [
        {"score": term, **dict(zip(("AUROC", "AUPRC"), map(float, np.mean([np.mean(v, 0) for v in found.values()], 0)),
                                   strict=True))}
        for term, found in ablation.items()
    ]  # fmt: skip
    print_table(terms, "Ablation, mean over the sets")
    total = {
        "sets": len(sets),
        "AUROC": float(np.mean([row["AUROC"] for row in sets])),
        "AUPRC": float(np.mean([row["AUPRC"] for row in sets])),
        "at or above kNN(1)": sum(row["AUROC"] >= row["kNN(1)"] - 1e-9 for row in sets),
        "fit s, all sets": sum(row["fit s"] for row in sets),
    }
    if make_peer:
        total["PyOD AE fit s"] = sum(row["PyOD AE fit s"] for row in sets)
        total["ratio"] = total["fit s, all sets"] / total["PyOD AE fit s"]
        total["PyOD AE AUROC"] = float(np.mean([row["PyOD AE"] for row in sets]))
    print_table([total], "In all")
    if alarms:
        kept = {key: f"{sum(alarm[key] for alarm in alarms)} of {len(alarms)}" for key in list(alarms[0])[-2:]}
        print_table([kept], "False alarms that kept the promise")
    if options.only is None:
        save("one_class", {"total": total, "terms": terms, "sets": sets, "alarms": alarms})


if __name__ == "__main__":
    main()
