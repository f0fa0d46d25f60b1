"""Indices as a small file: each in as few whole bits as the size of the codebook allows.

    4 bytes "ISTQ" │ version │ dimensions │ entries, sides: 4 bytes each │ indices, most significant bit first

Whoever models the indices gets below that by entropy coding; this is what they take without a model.
"""

from __future__ import annotations

import math
import struct

import numpy as np
import torch
from torch import Tensor

from isthmus.errors import DataError, OptionError

__all__ = ["packed", "unpacked"]

MARK, VERSION = b"ISTQ", 1
MOST = 1 << 28  # indices; a header that claims more is taken for an attack
MOST_DIMENSIONS = 4


def packed(symbols: Tensor, entries: int) -> bytes:
    """Return indices below `entries`, of up to four dimensions, as bytes.

    Raises
    ------
    OptionError
        If they are not such indices.
    """
    if symbols.dim() > MOST_DIMENSIONS or not 2 <= entries < 1 << 32 or symbols.is_floating_point():
        raise OptionError(f"cannot pack {symbols.dtype} of {symbols.dim()} dimensions with {entries} entries")
    flat = symbols.flatten().numpy().astype(np.int64)
    if len(flat) and not (flat.min() >= 0 and flat.max() < entries):
        raise OptionError(f"indices must lie between 0 and {entries - 1}")
    width = _width(entries)
    bits = (flat[:, None] >> np.arange(width - 1, -1, -1)) & 1
    head = MARK + struct.pack("<BBI", VERSION, symbols.dim(), entries)
    return head + struct.pack(f"<{symbols.dim()}I", *symbols.shape) + np.packbits(bits.astype(np.uint8)).tobytes()


def unpacked(data: bytes) -> tuple[Tensor, int]:
    """Return the indices that `packed` wrote, and of how many entries they are.

    Raises
    ------
    DataError
        If the bytes are none of `packed`'s, are cut short or have something behind them.
    """
    start = len(MARK) + struct.calcsize("<BBI")
    if len(data) < start or data[: len(MARK)] != MARK:
        raise DataError("these are not packed symbols")
    version, dimensions, entries = struct.unpack_from("<BBI", data, len(MARK))
    if version != VERSION:
        raise DataError(f"these symbols are of format {version}; this version of Isthmus reads format {VERSION}")
    if dimensions > MOST_DIMENSIONS or entries < 2 or len(data) < start + 4 * dimensions:
        raise DataError("the head of these packed symbols is damaged")
    shape = struct.unpack_from(f"<{dimensions}I", data, start)
    count, width = math.prod(shape), _width(entries)
    body = data[start + 4 * dimensions :]
    if count > MOST or len(body) != -(-count * width // 8):
        raise DataError(f"packed symbols of shape {tuple(shape)} do not take {len(body):,} bytes")
    bits = np.unpackbits(np.frombuffer(body, np.uint8), count=count * width).reshape(count, width).astype(np.int64)
    symbols = bits @ (1 << np.arange(width - 1, -1, -1, dtype=np.int64))
    if count and symbols.max() >= entries:
        raise DataError(f"these packed symbols hold an index of {entries} or more")
    return torch.from_numpy(symbols).view(shape), entries


def _width(entries: int) -> int:
    return (entries - 1).bit_length()
