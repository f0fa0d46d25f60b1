"""The anomaly detector on pictures, beside PCA's residual: python benchmarks/one_class_pictures.py [--only NAMES]

Digits and clothes: trained on one class, all others are odd, AUROC over the test pictures, mean over the classes.
Faces: trained on human faces, drawn faces are odd, in colour and in grey. Tiles: trained on good ones; the AUROC of
pictures, and that of pixels under the heat map: of all test pictures, as is usual, and of the odd ones alone.
"""

from __future__ import annotations

import argparse
import io

import numpy as np
from PIL import Image
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

from common import DATA, print_table, save, stored
from isthmus import AnomalyDetector


def by_pca(train: np.ndarray, test: np.ndarray, odd: np.ndarray, components: int = 30) -> float:
    flat, other = (pictures.reshape(len(pictures), -1) / 255.0 for pictures in (train, test))
    pca = PCA(min(components, len(train) - 1), svd_solver="randomized", random_state=0).fit(flat)
    error = ((pca.inverse_transform(pca.transform(other)) - other) ** 2).sum(1)
    return roc_auc_score(odd, error)


def ours(train: np.ndarray, test: np.ndarray, odd: np.ndarray) -> tuple[float, AnomalyDetector]:
    detector = AnomalyDetector(random_state=0).fit(train)
    return roc_auc_score(odd, -detector.score_samples(test)), detector


def one_class(name: str) -> list[dict]:
    with np.load(DATA / name / f"{name}.npz") as data:
        train, test, kinds, truth = data["x_train"], data["x_test"], data["y_train"], data["y_test"]
    rows = []
    for kind in range(10):
        odd = truth != kind
        row = {"set": f"{name} {kind}", "PCA": by_pca(train[kinds == kind], test, odd)}
        row["ours"] = ours(train[kinds == kind], test, odd)[0]
        rows.append(row)
        print(row, flush=True)
    mean = {key: float(np.mean([row[key] for row in rows])) for key in ("PCA", "ours")}
    return [*rows, {"set": f"{name}, mean"} | mean]


def faces() -> list[dict]:
    with np.load(DATA / "faces" / "faces.npz") as data:

        def pictures(key: str) -> np.ndarray:
            raw, at = data[f"{key}_jpg"], data[f"{key}_off"]
            parts = [raw[at[i] : at[i + 1]].tobytes() for i in range(len(at) - 1)]
            return np.stack([np.asarray(Image.open(io.BytesIO(part)).convert("RGB")) for part in parts])

        train, human, drawn = (pictures(key) for key in ("human_train", "human_test", "anime_test"))
    test, odd = np.concatenate([human, drawn]), np.arange(len(human) + len(drawn)) >= len(human)
    rows = [{"set": "faces, colour", "PCA": by_pca(train, test, odd), "ours": ours(train, test, odd)[0]}]
    train, test = (np.rint(p @ np.array([0.299, 0.587, 0.114])).astype(np.uint8) for p in (train, test))
    rows.append({"set": "faces, grey", "PCA": by_pca(train, test, odd), "ours": ours(train, test, odd)[0]})
    return rows


def tiles() -> list[dict]:
    with np.load(DATA / "defects" / "magnetic_tile.npz") as data:
        train, test, kind = data["train_good"], data["test"], data["test_type"].astype(str)
        masks = np.unpackbits(data["test_mask_bits"], axis=-1)
    odd = kind != "good"
    found, detector = ours(train, test, odd)
    heat = np.stack([reason.heat for reason in detector.explain(test)])
    rows = [{"set": "tiles, pictures", "PCA": by_pca(train, test, odd, 100), "ours": found}]
    for name, part in (("pixels", np.ones_like(odd)), ("pixels of odd ones", odd)):
        rows.append({"set": f"tiles, {name}", "ours": roc_auc_score(masks[part].ravel() > 0, heat[part].ravel())})
    return rows


def merged(rows: list[dict]) -> list[dict]:
    """These rows in the place of stored ones of the same sets."""
    names = {row["set"] for row in rows}
    return [row for row in stored("one_class_pictures") or [] if row["set"] not in names] + rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="faces,tiles,mnist,fashion_mnist")
    options = parser.parse_args()
    rows: list[dict] = []
    for name in options.only.split(","):
        found = {"faces": faces, "tiles": tiles}.get(name, lambda name=name: one_class(name))()
        rows += found
        print_table(found, name)
        save("one_class_pictures", merged(rows))


if __name__ == "__main__":
    main()
