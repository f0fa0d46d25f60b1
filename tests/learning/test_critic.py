"""An adversary removes an attribute from the code: shown by a fresh probe, never by the critic itself."""

import torch
from torch import nn

from isthmus.autoencoder import AutoEncoder
from isthmus.code import Batch
from isthmus.codes.vector import Vector
from isthmus.critics import AttributeCritic
from isthmus.distances import Normal
from isthmus.training.loop import train
from isthmus.training.settings import Settings

SPEAKERS, CONTENT, ROWS = 4, 3, 6000


def judge(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(width, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, SPEAKERS))


@torch.enable_grad()
def probe_accuracy(codes: torch.Tensor, speakers: torch.Tensor) -> float:
    """Accuracy on held-out rows of a probe trained from scratch, with every chance to find the attribute."""
    torch.manual_seed(1)
    codes = (codes - codes.mean(0)) / (codes.std(0) + 1e-6)
    half = len(codes) // 2
    probe = nn.Sequential(
        nn.Linear(codes.shape[1], 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, SPEAKERS)
    )
    optimiser = torch.optim.Adam(probe.parameters(), 3e-3)
    for _ in range(600):
        rows = torch.randint(half, (256,))
        loss = nn.functional.cross_entropy(probe(codes[rows]), speakers[rows])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return (probe(codes[half:]).argmax(1) == speakers[half:]).float().mean().item()


class GivenSpeaker(nn.Module):
    """Decode content with the speaker given beside it, so that the code need not carry it."""

    def __init__(self, width: int, features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width + SPEAKERS, 64), nn.ReLU(), nn.Linear(64, features))

    def forward(self, value, given):
        return self.layers(torch.cat([value, nn.functional.one_hot(given["speaker"], SPEAKERS)], 1))


def test_a_fresh_probe_no_longer_finds_the_speaker():
    torch.manual_seed(0)
    content, speaker = torch.randn(ROWS, CONTENT), torch.randint(SPEAKERS, (ROWS,))
    x = (
        torch.cat([content @ torch.randn(CONTENT, 8), torch.zeros(ROWS, 2)], 1)
        + torch.randn(SPEAKERS, 10)[speaker] * 1.5
    )
    x = x + 0.05 * torch.randn_like(x)
    batch = Batch(x, {"speaker": speaker})

    def model(**critics):
        torch.manual_seed(0)
        return AutoEncoder(
            encoder=nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, CONTENT)), code=Vector(),
            decoder=GivenSpeaker(CONTENT, 10), distance=Normal(), critics=critics,
        )  # fmt: skip

    critic = AttributeCritic(judge(CONTENT), "speaker", weight=5.0, turns=5, pace=2.0)
    plain, adversarial = model(), model(speaker=critic)
    for trained in (plain, adversarial):
        train(trained, batch, settings=Settings(steps=1500, learning_rate=2e-3, threads=1))
    with torch.no_grad():
        before, after = (probe_accuracy(trained.embed(batch), speaker) for trained in (plain, adversarial))
        error = (adversarial.reconstruct(batch) - x).square().mean() / x.var()
    assert before > 0.5  # there was something to remove
    assert after < 1 / SPEAKERS + 0.1
    assert error < 0.1  # and the content is still there
