"""Symbols as bytes: what goes in comes out, and nothing else is believed."""

import contextlib

import hypothesis
import hypothesis.strategies as st
import pytest
import torch

from isthmus.codes.packing import packed, unpacked
from isthmus.codes.quantized import Quantized
from isthmus.errors import DataError, OptionError


@hypothesis.given(st.integers(2, 5000), st.lists(st.integers(0, 6), min_size=0, max_size=4), st.integers(0, 2**31))
@hypothesis.settings(deadline=None, max_examples=60)
def test_any_indices_come_back(entries, shape, seed):
    symbols = torch.randint(entries, shape, generator=torch.Generator().manual_seed(seed))
    back, known = unpacked(packed(symbols, entries))
    assert known == entries
    assert torch.equal(back, symbols)


def test_a_picture_of_512_entries_takes_9_bits_a_place_and_gives_the_value_back():
    code = Quantized(512, 4).eval()
    made = code(torch.randn(1, 4, 7, 7))
    data = packed(made.symbols, 512)
    assert len(data) == 10 + 3 * 4 + -(-49 * 9 // 8)
    assert torch.equal(code.value_of(unpacked(data)[0]), made.value)


@hypothesis.given(st.binary(max_size=60))
@hypothesis.settings(deadline=None, max_examples=100)
def test_bytes_of_any_kind_are_read_or_refused(junk):
    for data in (junk, b"ISTQ" + junk, packed(torch.arange(20), 32)[:-1] + junk):
        with contextlib.suppress(DataError):
            unpacked(data)


def test_what_is_wrong_is_told():
    good = packed(torch.arange(20).view(4, 5), 21)
    for bad, message in (
        (b"no", "are not packed symbols"),
        (good[:-1], r"of shape \(4, 5\) do not take 12 bytes"),
        (good + b"x", "do not take"),
        (good[:4] + b"\x09" + good[5:], "of format 9"),
        (good[:-1] + b"\xff", "an index of 21 or more"),
    ):
        with pytest.raises(DataError, match=message):
            unpacked(bad)
    with pytest.raises(OptionError, match="indices must lie between 0 and 4"):
        packed(torch.tensor([7]), 5)
    with pytest.raises(OptionError, match=r"cannot pack torch\.float32"):
        packed(torch.rand(3), 5)
