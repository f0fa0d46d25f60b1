"""The nearest of some remembered rows, and how far it is.

Where the remembered rows may hold odd ones, they count as many samples of a few (Sugiyama & Borgwardt, 2013): odd
rows that resemble each other have near neighbours among all, and hardly ever one among a few.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["nearest", "nearest_neighbours", "squared_distance"]

AT_ONCE = 1024  # points whose distances to all others are held
IN_CACHE = 128  # points whose distances to some thousand others a processor keeps near
SMALLEST = 1e-9  # squared distance of a copy, where distances are multiplied


@torch.no_grad()
def nearest(points: Tensor, among: Tensor, other_than: Tensor | None = None, draws: int = 1) -> Tensor:
    """Return the index of the nearest of each sample, (batch, draws).

    Parameters
    ----------
    points : tensor (batch, width)
    among : tensor (count, width)
        `draws` samples of equal size, in succession.
    other_than : tensor (batch,) or (batch, n), optional
        For each point the others that do not count, as itself; -1 for none.
    draws : int
    """
    size, widened = len(among) // draws, _widened(among)
    room = points.new_empty(min(IN_CACHE, len(points)), len(among))  # the same for all, so that it stays near
    parts = points.split(IN_CACHE)
    without = [None] * len(parts) if other_than is None else other_than.split(IN_CACHE)
    found = []
    for part, others in zip(parts, without, strict=True):
        partial = _partial(part, widened, others, out=room[: len(part)])
        found.append(_argmin(partial.view(len(part), draws, size)))
    return torch.cat(found) + torch.arange(draws, device=points.device) * size


def squared_distance(points: Tensor, among: Tensor, other_than: Tensor | None = None, draws: int = 1) -> Tensor:
    """Return the squared distance to the nearest, the geometric mean over the samples, (batch,).

    Parameters are those of `nearest`.
    """
    partial = _partial(points, _widened(among), other_than).view(len(points), draws, -1).amin(2)
    apart = (partial + points.square().sum(1, keepdim=True)).clamp_(min=SMALLEST)
    return apart.log_().mean(1).exp_()


def nearest_neighbours(points: Tensor, count: int, seen: Sequence[Tensor] = (), groups: Tensor | None = None) -> Tensor:
    """Return the indices of the nearest others of each point, (N, width) -> (N, count).

    Parameters
    ----------
    points : tensor (N, width)
    count : int
        At most; fewer where there are not as many others.
    seen : tensors (N, width)
        The same points in other views: another is as near as the nearest of its views. A distance that forgives what
        the views change, as the tangent distance (Simard et al., 1993) does to first order.
    groups : tensor (N,), optional
        Those of a point's own group are no others.
    """
    most = 1 if groups is None else int(groups.unique(return_counts=True)[1].max())
    found, places = [], torch.arange(len(points), device=points.device)
    itself, *views = [_widened(view) for view in (points, *seen)]
    for own in places.split(AT_ONCE):
        apart = _partial(points[own], itself, own)
        for view in views:
            torch.minimum(apart, _partial(points[own], view, own), out=apart)
        if groups is not None:
            apart.masked_fill_(groups[own, None] == groups, torch.inf)
        found.append(apart.topk(min(count, len(points) - most), dim=1, largest=False).indices)
    return torch.cat(found)


def _argmin(x: Tensor) -> Tensor:
    """Return the place of the smallest in the last dimension; numpy's takes a processor a third of the time."""
    return torch.from_numpy(x.detach().numpy().argmin(-1)) if x.device.type == "cpu" else x.argmin(-1)


def _widened(among: Tensor) -> Tensor:
    """Return -2b and |b|² side by side, (count, width) -> (count, width + 1)."""
    return torch.cat([-2 * among, among.square().sum(1, keepdim=True)], 1)


def _partial(points: Tensor, widened: Tensor, other_than: Tensor | None, out: Tensor | None = None) -> Tensor:
    """Return |a - b|² - |a|² = |b|² - 2ab of every pair: one matrix product."""
    partial = torch.mm(nn.functional.pad(points, (0, 1), value=1.0), widened.T, out=out)
    if other_than is not None:
        others = other_than[:, None] if other_than.dim() == 1 else other_than
        rows, which = torch.nonzero(others >= 0, as_tuple=True)
        partial[rows, others[rows, which]] = torch.inf
    return partial
