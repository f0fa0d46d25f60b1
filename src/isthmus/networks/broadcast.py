"""The spatial broadcast decoder (Watters et al., 2019, arXiv:1901.07017): every pixel painted by where it is.

    code ──► one layer ──┐
                         ├─► sum ──► layers, the same for every pixel ──► its channels
    (x, y) ──► one layer ┘

To move a shape, such a decoder only has to add something to x or y, so that numbers of the code come to mean places
in a tenth of the steps that a fully connected one takes. The paper's 3 × 3 convolutions are 1 × 1 here.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

__all__ = ["BroadcastDecoder"]

REACH = 3.0  # coordinates run from minus to plus this, so that the first layer can draw an edge


class BroadcastDecoder(nn.Module):
    """Map numbers to a picture; reads nothing of what is given.

    Parameters
    ----------
    inputs : int
        Numbers in the code.
    shape : (channels, height, width)
        Of the picture; its work and memory grow with the pixels times the width.
    width : int
        Units a layer.
    layers : int
        Hidden ones after the first.
    """

    xy: Tensor

    def __init__(self, inputs: int, shape: tuple[int, int, int], *, width: int = 48, layers: int = 2) -> None:
        super().__init__()
        self.shape = shape
        down, across = (torch.linspace(-REACH, REACH, side) for side in shape[1:])
        grid = torch.stack(torch.meshgrid(down, across, indexing="ij"), -1).flatten(0, 1)
        self.register_buffer("xy", grid, persistent=False)
        self.of_code, self.of_place = nn.Linear(inputs, width), nn.Linear(2, width)
        hidden = [part for _ in range(layers) for part in (nn.ReLU(), nn.Linear(width, width))]
        self.layers = nn.Sequential(*hidden, nn.ReLU(), nn.Linear(width, shape[0]))

    def forward(self, value: Tensor, given: Mapping[str, Tensor] | None = None) -> Tensor:
        """(batch, inputs) -> (batch, channels, height, width)."""
        output: Tensor = self.layers(self.of_code(value)[:, None] + self.of_place(self.xy))
        return output.transpose(1, 2).unflatten(2, self.shape[1:])
