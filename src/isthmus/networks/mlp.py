"""Fully connected encoders and decoders for flat vectors."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["ResidualDecoder", "ResidualEncoder"]


class _Residual(nn.Module):
    """x + two layers of its normed self (He et al., 2016; the norm first, as in Xiong et al., 2020)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.into, self.out = nn.LayerNorm(width), nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        """(batch, width) -> (batch, width)."""
        return hidden + self.out(F.silu(self.into(self.norm(hidden))))


class ResidualEncoder(nn.Module):
    """Map a flat vector to a code with residual blocks.

    Parameters
    ----------
    features : int
        Numbers in x.
    width : int
        Of the hidden layers and of the code.
    blocks : int
    """

    def __init__(self, features: int, width: int, *, blocks: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(features, width), *(_Residual(width) for _ in range(blocks)))

    def forward(self, x: Tensor) -> Tensor:
        """(batch, features) -> (batch, width)."""
        hidden: Tensor = self.layers(x)
        return hidden


class ResidualDecoder(nn.Module):
    """Map a code back to a flat vector with residual blocks; reads nothing of what is given.

    Parameters
    ----------
    width : int
        Of the code and of the hidden layers.
    features : int
        Numbers in the output.
    blocks : int
    """

    def __init__(self, width: int, features: int, *, blocks: int = 1) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(_Residual(width) for _ in range(blocks)), nn.LayerNorm(width), nn.Linear(width, features)
        )

    def forward(self, value: Tensor, given: Mapping[str, Tensor] | None = None) -> Tensor:
        """(batch, width) -> (batch, features)."""
        output: Tensor = self.layers(value)
        return output
