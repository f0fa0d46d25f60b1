"""Every picture recipe obeys the laws, and does what its paper says, at the scale of a moment."""

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from isthmus.code import Batch
from isthmus.codes.total_correlation import TotalCorrelation
from isthmus.corruptions import GaussianNoise
from isthmus.distances import Normal
from isthmus.errors import OptionError
from isthmus.networks.conv import ConvDecoder, ConvEncoder
from isthmus.recipes import stacked
from isthmus.recipes.binary import bits, hamming, switched
from isthmus.recipes.committee import Committee
from isthmus.recipes.content_style import content_and_style
from isthmus.recipes.hinton2006 import deep, pretrain
from isthmus.recipes.inpainting import inpainting
from isthmus.recipes.onehot import Classes
from isthmus.recipes.restoring import restoring
from isthmus.recipes.stacked import layer_of
from isthmus.recipes.two_views import TwoViews, two_views
from isthmus.recipes.vae import vae
from isthmus.recipes.vqvae import IndexPrior, Indices, prior, vqvae
from isthmus.training.loop import train
from isthmus.training.samples import InMemory
from isthmus.training.settings import Settings
from isthmus.views import Warps
from tests.laws import HonestNats, RecipeLaws
from tests.sources import maps, shades, speckles

DIGITS = torch.from_numpy(load_digits().images).float()[:, None] / 16
SHAPE = (1, 8, 8)
PICTURES = Batch(torch.rand(6, *SHAPE))


class TestVae(HonestNats, RecipeLaws):
    make, batch = staticmethod(lambda: vae(SHAPE, latent=4, width=8)), PICTURES
    source = staticmethod(speckles)


class TestImportanceWeighted(HonestNats, RecipeLaws):
    make, batch = staticmethod(lambda: vae(SHAPE, latent=4, width=8, draws=3)), PICTURES
    source = staticmethod(speckles)


class TestContentAndStyle(HonestNats, RecipeLaws):
    make = staticmethod(
        lambda: content_and_style(Classes(nn.Flatten(), nn.Identity(), 64, 4), SHAPE, latent=4, width=4)
    )
    batch = PICTURES
    source, steps = staticmethod(partial(shades, noise=0.2)), 400


class TestTotalCorrelation(HonestNats, RecipeLaws):
    make, batch = staticmethod(lambda: vae(SHAPE, latent=4, width=8, total_correlation=6.0)), PICTURES
    source = staticmethod(speckles)


@pytest.mark.parametrize("other", [{"beta": 4.0}, {"free_nats": 1.0}, {"draws": 5}])
def test_what_is_not_built_beside_total_correlation_is_refused(other):
    with pytest.raises(OptionError, match=f"goes with {next(iter(other))}="):
        vae(SHAPE, latent=4, width=4, total_correlation=6.0, **other)


class TestVqVae(HonestNats, RecipeLaws):
    make, batch = staticmethod(lambda: vqvae(SHAPE, entries=16, latent=4, width=8, deviation=0.3)), PICTURES
    source = staticmethod(partial(shades, noise=0.3))


class TestVqVaeByGradient(HonestNats, RecipeLaws):
    make = staticmethod(lambda: vqvae(SHAPE, entries=16, latent=4, width=8, deviation=0.3, learned="gradient"))
    batch = PICTURES
    source, steps = staticmethod(partial(shades, noise=0.3)), 400


class TestFiniteScalars(HonestNats, RecipeLaws):
    make, batch = staticmethod(lambda: vqvae(SHAPE, width=8, deviation=0.3, learned="levels")), PICTURES
    source = staticmethod(partial(shades, noise=0.3))


class TestPriorOfIndices(HonestNats):
    make = staticmethod(lambda: IndexPrior(4, (2, 2), width=8, depth=1))
    source = staticmethod(maps)


@pytest.mark.parametrize(
    ("entries", "levels"),
    [
        (240, [8, 6, 5]), (1000, [8, 5, 5, 5]), (4375, [7, 5, 5, 5, 5]),  # the paper's own
        (15_360, [8, 8, 8, 6, 5]), (64_000, [8, 8, 8, 5, 5, 5]),
        (256, [8, 8, 4]), (512, [8, 8, 8]), (1024, [8, 8, 4, 4]), (4096, [8, 8, 8, 8]),
    ],
)  # fmt: skip
def test_finite_scalars_have_the_entries_asked_for_and_every_one_can_be_said(entries, levels):
    code = vqvae(SHAPE, entries=entries, width=4, halvings=1, learned="levels").code
    assert code.levels.tolist() == levels
    assert code.entries == entries
    said = code.value_of(torch.arange(entries))
    assert len(said.unique(dim=0)) == entries
    reach = torch.linspace(-8, 8, 2001)  # what an encoder may give: for each level the first number that is read as it
    digits = code(reach[:, None].expand(-1, len(levels))).symbols[:, None] // code.steps % code.levels
    features = [
        torch.stack([reach[(digit == level).nonzero()[0, 0]] for level in range(most)])
        for digit, most in zip(digits.T, levels, strict=True)
    ]
    heard = code(torch.cartesian_prod(*features))
    assert heard.symbols.sort().values.equal(torch.arange(entries))
    assert heard.value.equal(said[heard.symbols])


@pytest.mark.parametrize(
    ("entries", "nearest"),
    [(510, "are 500 and 512"), (9, "are 8 and 16"), (4097, "are 4096 and 4200"), (1, "is 4"), (0, "is 4"), (-3, "is 4"),
     (10**12 + 39, "are 1000000000000 and 1000188000000")],
)  # fmt: skip
def test_where_no_levels_give_the_entries_asked_for_the_nearest_are_named(entries, nearest):
    told = f"entries must be a product of levels, from 4 to 8 each, not {entries}: the nearest {nearest}$"
    with pytest.raises(OptionError, match=told):
        vqvae(SHAPE, entries=entries, width=4, halvings=1, learned="levels")


class TestBits(HonestNats, RecipeLaws):
    make, batch = staticmethod(lambda: bits(SHAPE, count=8, width=8)), PICTURES
    source, steps = staticmethod(partial(shades, noise=0.5**0.5, brightest=3.0)), 400


class TestBitsFromOtherViews(RecipeLaws):
    make, batch = staticmethod(lambda: bits(SHAPE, count=8, width=4, view=Warps())), PICTURES
    no_source = "clean rows are described as TestBits does"


class TestInpainting(RecipeLaws):
    make, batch = staticmethod(lambda: inpainting(SHAPE, latent=4, width=4)), PICTURES


class TestCommittee(RecipeLaws):
    make, batch = staticmethod(lambda: Committee([inpainting(SHAPE, latent=4, width=4) for _ in range(2)])), PICTURES


class TestTwoViews(RecipeLaws):
    make = staticmethod(
        lambda: two_views(
            ConvEncoder(SHAPE, 8, width=4), ConvDecoder(8, SHAPE, width=4), Warps(), distance=Normal(),
            spoil=GaussianNoise(0.1), lying=2,
        )
    )  # fmt: skip
    batch = PICTURES


def test_most_of_a_code_is_read_from_the_other_view():
    encoder = TwoViews(nn.Flatten(), lying=3)
    x, seen = torch.zeros(2, 1, 2, 4), torch.ones(2, 1, 2, 4)
    assert torch.equal(encoder({"x": x, "seen": seen}), torch.tensor([[0.0] * 3 + [1.0] * 5] * 2))
    assert torch.equal(encoder(x), torch.zeros(2, 8))


class TestRestoring(RecipeLaws):
    make, batch = staticmethod(lambda: restoring(1, width=8, depth=1)), PICTURES


class TestDeep(RecipeLaws):
    make, batch = staticmethod(lambda: deep((64, 16, 4))), Batch(torch.rand(6, 64))


class TestTied(RecipeLaws):
    make, batch = staticmethod(lambda: deep((64, 16, 4), tied=True)), Batch(torch.rand(6, 64))


class TestDenoisingLayer(RecipeLaws):
    make, batch = staticmethod(lambda: layer_of(64, 16)), Batch(torch.rand(6, 64))


def test_tied_weights_stay_tied():
    model = deep((64, 16, 4), tied=True)
    train(model, Batch(DIGITS.flatten(1)), settings=Settings(steps=20, batch_size=32, threads=1))
    linear = [layer.weight for layer in model.encoder if isinstance(layer, nn.Linear)]
    for below, above in zip(reversed(linear), model.decoder.transposed(), strict=True):
        assert torch.equal(below.T, above)
    assert len(list(model.parameters())) == 2 * 2 + 2


@pytest.mark.parametrize(
    "start",
    [
        lambda model, x: pretrain(model, x, epochs=15, batch_size=50),
        lambda model, x: stacked.pretrain(
            model, x, settings=Settings(steps=500, batch_size=50, learning_rate=3e-3, threads=1)
        ),
    ],
    ids=["Boltzmann machines", "denoising layers"],
)
def test_a_warm_start_restores_before_any_fine_tuning(start):
    x = DIGITS.flatten(1)
    torch.manual_seed(0)
    cold = deep((64, 48, 16), activation=nn.Sigmoid)
    warm = deep((64, 48, 16), activation=nn.Sigmoid)
    assert len(start(warm, x)) == 2

    def error(model):
        with torch.no_grad():
            return (model.reconstruct(Batch(x)) - x).square().sum(1).mean()

    assert error(warm) < 0.5 * error(cold)


def test_bits_differ_less_between_digits_of_a_kind_and_each_switches_something():
    torch.manual_seed(0)
    model = bits(SHAPE, count=16, width=8)
    train(model, Batch(DIGITS), settings=Settings(steps=400, batch_size=128, learning_rate=2e-3, threads=1))
    code = model.encode(Batch(DIGITS)).symbols
    apart = hamming(code[:300], code[:300]).numpy()
    kind = load_digits().target[:300]
    same = kind[:, None] == kind[None]
    assert apart[same].mean() < 0.8 * apart[~same].mean()
    assert apart[0, 1] == (code[0] != code[1]).sum()
    on, off = switched(model, DIGITS[:100])
    assert on.shape == (16, *SHAPE)
    assert ((on - off).abs().flatten(1).sum(1) > 0.3).float().mean() > 0.7


def test_a_vqvae_uses_its_codebook_and_its_prior_makes_the_rate_honest():
    torch.manual_seed(0)
    model = vqvae(SHAPE, entries=32, latent=8, width=8, halvings=1)
    settings = Settings(steps=400, batch_size=128, learning_rate=2e-3, threads=1)
    train(model, Batch(DIGITS), settings=settings)
    with torch.no_grad():
        code = model.encode(Batch(DIGITS))
        error = (model.reconstruct(Batch(DIGITS)) - DIGITS).square().flatten(1).sum(1).mean()
    assert code.symbols.shape == (len(DIGITS), 4, 4)
    assert model.code.usage(code.symbols) > 0.9
    assert error < 0.5 * (DIGITS - DIGITS.mean(0)).square().flatten(1).sum(1).mean()
    law = prior(model, SHAPE, halvings=1, width=16)
    train(law, Indices(model, InMemory(Batch(DIGITS))), settings=settings)
    with torch.no_grad():
        assert law.nats(code.symbols).mean() < 0.9 * code.rate.mean()
    drawn = law.sample(4)
    assert model.decode(model.code.value_of(drawn)).shape == (4, *SHAPE)


def test_no_place_of_the_prior_sees_itself_or_what_comes_after():
    torch.manual_seed(0)
    law = prior(vqvae(SHAPE, entries=8, halvings=1, width=4), SHAPE, halvings=1, width=8).eval()
    indices = torch.randint(8, (1, 4, 4))
    changed = indices.clone()
    changed[0, 2, 1] = (changed[0, 2, 1] + 1) % 8
    with torch.no_grad():
        before, after = law.logits(indices)[0], law.logits(changed)[0]
    same = (before == after).all(0).flatten()
    assert same[: 2 * 4 + 2].all()
    assert not same[2 * 4 + 2 :].all()


def test_the_total_correlation_of_independent_numbers_is_nought_and_of_copies_is_not():
    torch.manual_seed(0)
    code = TotalCorrelation(2, weight=2.0).train()
    free = torch.randn(2000, 2)
    low = torch.full((2000, 2), -4.0)
    apart = code(torch.cat([free, low], 1)).penalty.mean()
    copied = code(torch.cat([free[:, :1], free[:, :1], low], 1)).penalty.mean()
    assert abs(apart) < 0.35
    assert copied > apart + 0.8
    assert torch.equal(code.eval()(torch.cat([free, low], 1)).penalty, torch.zeros(2000))


def test_the_weight_of_the_total_correlation_falls_while_it_trains_and_goes_on_where_it_was():
    torch.manual_seed(0)
    code = TotalCorrelation(2, weight=2.0, first=5.0, steps=4).train()
    copied = torch.randn(500, 1).expand(500, 2)
    features = torch.cat([copied, torch.full((500, 2), -4.0)], 1)
    torch.manual_seed(0)
    first = code(features).penalty.mean()
    again = TotalCorrelation(2, weight=2.0, first=5.0, steps=4).train()
    again.load_state_dict(code.state_dict())
    later = []
    for _ in range(5):
        torch.manual_seed(0)
        later.append(float(again(features).penalty.mean() / first))
    assert later == pytest.approx([3.25 / 4, 2.5 / 4, 1.75 / 4, 1 / 4, 1 / 4], rel=1e-4)


@pytest.mark.parametrize("size", [(9, 11), (16, 16), (7, 30)])
def test_convolutions_fit_pictures_of_any_size(size):
    shape = (3, *size)
    model = vae(shape, latent=3, width=4)
    x = torch.rand(2, *shape)
    assert model.reconstruct(Batch(x)).shape == x.shape
    assert np.isfinite(model.description_length(Batch(x)).detach().numpy()).all()
