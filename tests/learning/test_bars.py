"""The product's reputation, on real data that it was not tuned on row by row: a few bars, seeded."""

import warnings

import numpy as np
import pytest
from scipy.stats import betabinom
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from isthmus import AnomalyDetector
from isthmus.errors import SchemaWarning
from isthmus.kinds import tables
from isthmus.tasks.labels import odd_rows


def one_class(X, odd, seed=0):
    """Half of the normal rows to learn from, all others to judge, and which of those are odd."""
    normal = np.random.RandomState(seed).permutation(np.flatnonzero(~odd))
    taught, judged = np.split(normal, [len(normal) // 2])
    judged = np.concatenate([judged, np.flatnonzero(odd)])
    return taught[:20_000], judged, odd[judged]


@pytest.mark.parametrize(
    ("name", "label", "bar"), [("paysim", "isFraud", 0.95), ("kddcup99", "label", 0.988), ("creditcard", "Class", 0.95)]
)
def test_fraud_and_intrusion(name, label, bar, shared_data):
    table = tables.read(shared_data / "tables" / f"{name}.csv.gz")
    odd = odd_rows(table, label)
    taught, judged, truth = one_class(table, odd)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SchemaWarning)  # names are left out, and say so
        table = table.drop_columns([label])
        detector = AnomalyDetector(random_state=0).fit(table.take(taught))
        assert roc_auc_score(truth, -detector.score_samples(table.take(judged))) >= bar


@pytest.mark.parametrize("name", ["20_letter", "6_cardio", "40_vowels", "22_magic.gamma"])
def test_better_than_the_nearest_neighbour_where_columns_depend_on_each_other(name, shared_data):
    with np.load(shared_data / "adbench" / f"{name}.npz") as data:
        X, odd = data["X"].astype(float), data["y"] == 1
    taught, judged, truth = one_class(X, odd)
    detector = AnomalyDetector(random_state=0).fit(X[taught])
    standard = (X - X[taught].mean(0)) / X[taught].std(0)
    neighbour = NearestNeighbors(n_neighbors=1).fit(standard[taught]).kneighbors(standard[judged])[0][:, 0]
    assert roc_auc_score(truth, -detector.score_samples(X[judged])) > roc_auc_score(truth, neighbour)


@pytest.mark.parametrize("name", ["28_pendigits", "22_magic.gamma"])
def test_the_false_alarm_rate_is_kept_on_real_rows(name, shared_data):
    with np.load(shared_data / "adbench" / f"{name}.npz") as data:
        X, odd = data["X"].astype(float), data["y"] == 1
    taught, judged, truth = one_class(X, odd)
    detector = AnomalyDetector(random_state=0).fit(X[taught])
    p_values, count = detector.p_values(X[judged][~truth]), len(detector.calibration_)
    for rate in (0.01, 0.05):
        most = int(rate * (count + 1))
        low, high = betabinom.interval(0.99, len(p_values), most, count + 1 - most)
        assert low <= (p_values <= rate).sum() <= high


def test_the_altered_column_is_the_first_reason(shared_data):
    """One cell of a normal row replaced by another row's; among the rows flagged for it, over three sets."""
    right = detected = 0
    for name in ("40_vowels", "28_pendigits", "32_shuttle"):
        with np.load(shared_data / "adbench" / f"{name}.npz") as data:
            X, odd = data["X"].astype(float), data["y"] == 1
        taught, judged, truth = one_class(X, odd)
        chance = np.random.default_rng(0)
        normal = chance.permutation(X[judged][~truth])[:300]
        altered, rows = normal.copy(), np.arange(len(normal))
        column = chance.integers(X.shape[1], size=len(normal))
        altered[rows, column] = normal[chance.permutation(len(normal)), column]
        detector = AnomalyDetector(random_state=0).fit(X[taught])
        new = (detector.predict(normal) == 1) & (detector.predict(altered) == -1)
        first = detector.explain(altered[new], top=1)["column"].str[1:].astype(int).to_numpy()
        right += (first == column[new]).sum()
        detected += new.sum()
    assert detected > 50
    assert right / detected >= 0.85


def test_other_digits_are_odd_to_a_detector_that_saw_one(shared_data):
    with np.load(shared_data / "mnist" / "mnist.npz") as data:
        taught, judged, odd = data["x_train"][data["y_train"] == 2], data["x_test"][::5], data["y_test"][::5] != 2
    detector = AnomalyDetector(steps=500, random_state=0).fit(taught)  # a quarter of the default
    assert roc_auc_score(odd, -detector.score_samples(judged)) >= 0.96  # PCA's residual has .925
    assert (detector.p_values(judged[~odd]) <= 0.05).mean() < 0.12
