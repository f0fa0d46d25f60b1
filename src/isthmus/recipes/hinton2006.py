"""Reducing the Dimensionality of Data with Neural Networks (Hinton & Salakhutdinov, 2006, Science 313).

    784 ─► 1000 ─► 500 ─► 250 ─► 30 ─► 250 ─► 500 ─► 1000 ─► 784
    each layer first as a restricted Boltzmann machine of the layer below (the warm start), then unrolled with
    transposed weights and fine-tuned as one auto-encoder

The lecture's point is that the warm start is no longer needed: with a modern activation and optimiser, `deep` learns
from scratch. Both are here, and layers can stay tied for good.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from isthmus.autoencoder import AutoEncoder
from isthmus.codes.vector import Vector
from isthmus.distances import Bernoulli, Distance

__all__ = ["SIZES", "Unrolled", "deep", "pretrain"]

SIZES = (784, 1000, 500, 250, 30)  # the paper's, for MNIST


class Unrolled(nn.Module):
    """The decoder of a stack of layers: the same layers backwards.

    Parameters
    ----------
    encoder : Sequential
        Linear layers with activations between them.
    tied : bool
        Whether the weights are the encoder's own, transposed, for good.
    activation : callable returning a module
    """

    def __init__(self, encoder: nn.Sequential, *, tied: bool, activation: Callable[[], nn.Module]) -> None:
        super().__init__()
        forward = [layer for layer in encoder if isinstance(layer, nn.Linear)]
        self._forward = (forward,)  # in a tuple, so that shared weights are registered with the encoder alone
        self.tied = tied
        self.biases = nn.ParameterList(torch.zeros(layer.in_features) for layer in reversed(forward))
        # untied weights start as any layer's, unless the warm start sets them: transposed ones have the wrong scale
        fresh = [] if tied else [nn.Linear(layer.out_features, layer.in_features) for layer in reversed(forward)]
        self.weights = nn.ParameterList(layer.weight.detach() for layer in fresh)
        self.activation = activation()

    def below(self) -> list[nn.Linear]:
        """Return the encoder's layers, from x inwards."""
        return self._forward[0]

    def transposed(self) -> list[Tensor]:
        """Return the weight of every layer, from the code outwards."""
        return [layer.weight.T for layer in reversed(self.below())] if self.tied else list(self.weights)

    def forward(self, value: Tensor, given: Mapping[str, Tensor] | None = None) -> Tensor:
        """(batch, code) -> (batch, features) logits."""
        for place, (weight, bias) in enumerate(zip(self.transposed(), self.biases, strict=True)):
            value = F.linear(value if place == 0 else self.activation(value), weight, bias)
        return value


def deep(
    sizes: Sequence[int] = SIZES,
    *,
    activation: Callable[[], nn.Module] = nn.SiLU,  # the paper's is nn.Sigmoid
    tied: bool = False,
    distance: Distance | None = None,  # by default Bernoulli, the paper's cross-entropy
) -> AutoEncoder:
    """Return a deep auto-encoder of flat vectors in [0, 1]; the code is linear."""
    layers: list[nn.Module] = []
    for below, above in itertools.pairwise(sizes):
        layers += [nn.Linear(below, above), activation()]
    encoder = nn.Sequential(*layers[:-1])
    return AutoEncoder(
        encoder=encoder,
        code=Vector(),
        decoder=Unrolled(encoder, tied=tied, activation=activation),
        distance=distance or Bernoulli(),
    )


@torch.no_grad()
def pretrain(model: AutoEncoder, x: Tensor, *, epochs: int = 10, batch_size: int = 100, seed: int = 0) -> list[float]:
    """Start the layers of `deep(activation=nn.Sigmoid)` as restricted Boltzmann machines, one on the other.

    One step of contrastive divergence, with the paper's settings (its supporting material): learning rate 0.1 for
    Bernoulli units and 0.001 for the linear, Gaussian code; momentum 0.5, then 0.9; weight decay 2e-4.

    Parameters
    ----------
    model : AutoEncoder
        Of `deep`, with sigmoid units.
    x : tensor (rows, features) in [0, 1]
    epochs, batch_size, seed : int

    Returns
    -------
    list of float
        Each machine's mean squared error of restoring its visible units, in the last epoch.
    """
    generator = torch.Generator(x.device).manual_seed(seed)
    decoder = model.decoder
    assert isinstance(decoder, Unrolled)
    layers = decoder.below()
    errors = []
    for depth, layer in enumerate(layers):
        machine = _Boltzmann(layer.in_features, layer.out_features, gaussian=depth == len(layers) - 1)
        errors.append(machine.learn(x, epochs, batch_size, generator))
        layer.weight.copy_(machine.weight.T)
        layer.bias.copy_(machine.hidden_bias)
        decoder.biases[len(layers) - 1 - depth].copy_(machine.visible_bias)
        if not decoder.tied:
            decoder.weights[len(layers) - 1 - depth].copy_(machine.weight)
        x = machine.hidden(x)
    return errors


class _Boltzmann:
    """One restricted Boltzmann machine: Bernoulli visible units, Bernoulli or linear Gaussian hidden ones."""

    def __init__(self, visible: int, hidden: int, *, gaussian: bool) -> None:
        self.gaussian, self.rate = gaussian, 0.001 if gaussian else 0.1
        self.weight = 0.1 * torch.randn(visible, hidden)
        self.visible_bias, self.hidden_bias = torch.zeros(visible), torch.zeros(hidden)

    def hidden(self, visible: Tensor) -> Tensor:
        """Return the mean of the hidden units."""
        mean = torch.addmm(self.hidden_bias, visible, self.weight)
        return mean if self.gaussian else mean.sigmoid()

    def visible(self, hidden: Tensor) -> Tensor:
        """Return the chance of the visible units."""
        return torch.addmm(self.visible_bias, hidden, self.weight.T).sigmoid()

    def learn(self, x: Tensor, epochs: int, batch_size: int, generator: torch.Generator) -> float:
        """Take one step of contrastive divergence a batch; return the last epoch's squared error a row."""
        parameters = (self.weight, self.visible_bias, self.hidden_bias)
        speed = [torch.zeros_like(parameter) for parameter in parameters]
        error = 0.0
        for epoch in range(epochs):
            momentum, total = (0.5 if epoch < 5 else 0.9), torch.zeros(())
            for rows in torch.randperm(len(x), generator=generator).split(batch_size):
                data = x[rows]
                mean = self.hidden(data)
                drawn = (
                    mean + torch.randn(mean.shape, generator=generator)
                    if self.gaussian
                    else (torch.rand(mean.shape, generator=generator) < mean).float()
                )
                dreamt = self.visible(drawn)
                after = self.hidden(dreamt)
                total += (data - dreamt).square().sum()
                slopes = (
                    (data.T @ mean - dreamt.T @ after) / len(rows) - 2e-4 * self.weight,
                    (data - dreamt).mean(0),
                    (mean - after).mean(0),
                )
                for parameter, moving, slope in zip(parameters, speed, slopes, strict=True):
                    moving.mul_(momentum).add_(slope, alpha=self.rate)
                    parameter.add_(moving)
            error = float(total) / len(x)
        return error
