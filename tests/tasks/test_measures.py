"""Measures of codes, by hand-made cases whose value is known."""

from __future__ import annotations

import numpy as np
import pytest

from isthmus.errors import DataError
from isthmus.tasks.factors import dci, mig, sap
from isthmus.tasks.unit_map import agreement, aligned_phones, phone_map


@pytest.fixture(scope="module")
def factors():
    return np.random.default_rng(0).integers(0, [3, 6, 8], size=(3000, 3))


def test_a_number_a_factor_is_disentangled_and_a_rotation_is_not(factors):
    noise = np.random.default_rng(1).normal(size=(3000, 2))
    apart = np.concatenate([factors + 0.01 * np.random.default_rng(2).normal(size=(3000, 3)), noise], 1)
    turned = np.concatenate([factors @ np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0], noise], 1)
    assert mig(apart, factors) > 0.9
    assert mig(turned, factors) < 0.3
    assert sap(apart, factors) > sap(turned, factors) + 0.2
    one, other = dci(apart, factors), dci(turned, factors)
    assert one["disentanglement"] > 0.95
    assert one["completeness"] > 0.95
    assert one["informativeness"] > 0.98
    assert other["disentanglement"] < 0.6
    with pytest.raises(DataError, match="codes and factors must be"):
        mig(apart[:5], factors)


def test_units_that_are_phones_agree_wholly_and_shuffled_ones_do_not():
    phones = np.repeat(["a", "b", "c", "d"], 250)
    units = np.repeat([3, 1, 7, 2], 250)
    assert agreement(units, phones) == pytest.approx({"purity": 1.0, "pnmi": 1.0})
    shuffled = agreement(np.random.default_rng(0).permutation(units), phones)
    assert shuffled["purity"] < 0.35
    assert shuffled["pnmi"] < 0.05
    found = phone_map(units, phones).set_index("unit")
    assert found.loc[7, "phone"] == "c"
    assert found.loc[7, "share"] == 1


def test_phones_are_read_at_the_middle_of_each_unit(tmp_path):
    (tmp_path / "a.phn").write_text("0 1000 h#\n1000 1900 aa\n")
    assert aligned_phones(tmp_path / "a.phn", 6, 400).tolist() == ["h#", "h#", "aa", "aa", "aa", ""]
    with pytest.raises(DataError, match=r"b\.phn does not exist"):
        aligned_phones(tmp_path / "b.phn", 6, 400)
