"""The tasks on pictures, on the digits that scikit-learn bundles: what a user would notice, at small scale."""

import copy
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.metrics import normalized_mutual_info_score

import isthmus
from isthmus import Clusterer, Denoiser, Embedder, Generator, store
from isthmus.code import Batch
from isthmus.errors import DataError, ModelError, OptionError, SchemaWarning
from isthmus.kinds.images import open_pictures
from isthmus.recipes.content_style import content_and_style
from isthmus.training.loop import train
from isthmus.training.settings import Settings

DIGITS = np.round(load_digits().images * (255 / 16)).astype(np.uint8)
KIND = load_digits().target


@pytest.fixture(scope="module")
def embedder():
    return Embedder(8, steps=600, width=16, random_state=0).fit(DIGITS[:1500])


@pytest.fixture(scope="module")
def generator():
    return Generator(6, steps=600, width=8, random_state=0).fit(DIGITS[:1500])


@pytest.fixture(scope="module")
def clusterer():
    return Clusterer(10, steps=300, width=8, random_state=0).fit(DIGITS)


@pytest.fixture(scope="module")
def denoiser():
    return Denoiser(level=0.2, steps=600, width=16, cut=8, random_state=0).fit(DIGITS[:1500])


def pca_error(numbers):
    """Squared error a digit of as many principal components, on digits they were not made from."""
    from sklearn.decomposition import PCA

    flat = DIGITS.reshape(len(DIGITS), -1) / 255
    pca = PCA(numbers).fit(flat[:1500])
    return ((pca.inverse_transform(pca.transform(flat[1500:])) - flat[1500:]) ** 2).sum(1).mean()


def test_codes_restore_unseen_digits_better_than_pca_with_as_many_numbers(embedder):
    unseen = DIGITS[1500:]
    codes = embedder.transform(unseen)
    assert codes.shape == (len(unseen), 8)
    restored = embedder.inverse_transform(codes)
    assert restored.dtype == np.uint8
    assert restored.shape == unseen.shape
    ours = ((restored / 255.0 - unseen / 255.0) ** 2).sum((1, 2)).mean()
    assert ours < 0.9 * pca_error(8)


def test_a_code_that_may_hold_all_restores_better_and_one_that_holds_what_stays_needs_fewer_labels(embedder):
    from sklearn.linear_model import LogisticRegression

    plain = Embedder(8, steps=600, width=16, invariance=0.0, random_state=0).fit(DIGITS[:1500])
    errors, found = [], []
    for task in (plain, embedder):
        codes = task.transform(DIGITS)
        errors.append(((task.inverse_transform(codes[1500:]) / 255.0 - DIGITS[1500:] / 255.0) ** 2).mean())
        codes = codes / codes.std(0)
        few = [
            LogisticRegression(max_iter=500)
            .fit(codes[at : at + 50], KIND[at : at + 50])
            .score(codes[1500:], KIND[1500:])
            for at in range(0, 1000, 50)
        ]
        found.append(np.mean(few))
    assert errors[0] * DIGITS[0].size < 0.9 * pca_error(8)
    assert errors[0] < 0.8 * errors[1]
    assert found[1] > found[0] + 0.02


def test_content_and_style_of_a_digit_lie_apart():
    from sklearn.linear_model import LogisticRegression

    embedder = Embedder(8, steps=600, width=16, lying=2, random_state=0).fit(DIGITS[:1500])
    codes = embedder.transform(DIGITS)
    codes = codes / codes.std(0)

    def read(part):  # by a fresh probe
        return LogisticRegression(max_iter=500).fit(part[:1500], KIND[:1500]).score(part[1500:], KIND[1500:])

    style, content = read(codes[:, : embedder.lying_]), read(codes[:, embedder.lying_ :])
    assert content > 0.8
    assert style < content - 0.3


def test_maps_are_planes(embedder):
    for method in ("pca", "tsne", "umap"):
        assert embedder.map(DIGITS[:200], method).shape == (200, 2)
    assert embedder.map(DIGITS[:200], "pca", of="data").shape == (200, 2)
    with pytest.raises(OptionError, match="method must be"):
        embedder.map(DIGITS[:20], "mds")


def test_a_table_can_be_embedded_and_comes_back():
    import pandas as pd

    chance = np.random.default_rng(0)
    frame = pd.DataFrame({"a": chance.normal(5, 2, 600), "kind": chance.choice(["x", "y"], 600)})
    frame["b"] = frame["a"] * 3 + chance.normal(0, 0.1, 600)
    embedder = Embedder(3, steps=400, noise=0.0, views=False, random_state=0).fit(frame)
    back = embedder.inverse_transform(embedder.transform(frame))
    assert list(back.columns) == ["a", "kind", "b"]
    assert (back["kind"] == frame["kind"]).mean() > 0.95
    assert np.corrcoef(back["b"], frame["b"])[0, 1] > 0.98
    plain = Embedder(2, steps=50, random_state=0).fit(frame[["a", "b"]].to_numpy())
    assert plain.inverse_transform(plain.transform(frame[["a", "b"]].to_numpy())).shape == (600, 2)


def test_clusters_find_digits_nobody_labelled(clusterer):
    assert clusterer.labels_.shape == (len(DIGITS),)
    assert normalized_mutual_info_score(KIND, clusterer.labels_) > 0.8
    np.testing.assert_array_equal(clusterer.predict(DIGITS), clusterer.labels_)
    chance = clusterer.predict_proba(DIGITS[:50])
    np.testing.assert_allclose(chance.sum(1), 1, atol=1e-5)


def test_samples_look_like_digits_and_digits_are_likelier_than_noise(generator):
    assert generator.sample(5).shape == (5, 8, 8)
    noise = np.random.default_rng(0).permutation(DIGITS[1500:].ravel()).reshape(-1, 8, 8)
    real, strange = generator.log_likelihood(DIGITS[1500:], draws=5), generator.log_likelihood(noise, draws=5)
    assert real.mean() > strange.mean() + 10
    way = generator.interpolate(DIGITS[:1], DIGITS[1:2], 5)
    assert way.shape == (5, 8, 8)
    np.testing.assert_array_equal(way[[0, 4]], generator.reconstruct(DIGITS[:2]))


def test_a_traversal_shows_the_numbers_that_change_something(generator):
    ways = generator.traverse(DIGITS[1500:1501], 5)
    assert 0 < len(ways) <= 6
    assert all(way.shape == (5, 8, 8) for way in ways.values())
    code = generator.transform(DIGITS[1500:1501])
    number, way = next(iter(ways.items()))
    code[0, number] = -2.5
    moved = generator._decoded(torch.from_numpy(code))
    np.testing.assert_array_equal(way[0], generator.input_.back(moved)[0])
    with torch.no_grad():
        deaf = copy.deepcopy(generator)
        deaf._decoded = lambda codes: generator._decoded(codes * (torch.arange(6) == 2))
    assert list(deaf.traverse(n=3)) == [2]


def test_more_draws_give_a_tighter_bound(generator):
    one, many = (generator.log_likelihood(DIGITS[1500:], draws=draws).mean() for draws in (1, 50))
    assert many > one


def test_the_law_of_the_codes_makes_unseen_digits_likelier_and_is_saved(generator, tmp_path):
    likely = generator.log_likelihood(DIGITS[1500:], draws=50).mean()
    generator.save(tmp_path / "model")
    again = isthmus.load(tmp_path / "model").set_params(random_state=0)
    np.testing.assert_array_equal(again.sample(20), generator.sample(20))
    assert again.components_ == generator.components_ > 0
    again.model_.code.prior = None  # the standard normal law
    assert likely > again.log_likelihood(DIGITS[1500:], draws=50).mean() + 0.3


ASKING = {
    "frame": lambda config: config["judge"]["frame"].update(height=2000, width=2000),
    "width": lambda config: config["judge"].update(width=10**6),
    "options": lambda config: config["options"].update(dimensions=10**6),
}


@pytest.mark.parametrize("part", ASKING)
def test_a_model_that_asks_for_more_than_it_holds_is_refused(part, ring_detector, generator, tmp_path):
    (generator if part == "options" else ring_detector).save(tmp_path / "model")
    stored = store.read(tmp_path / "model")
    ASKING[part](stored.config)
    store.write(tmp_path / "changed", task=stored.task, config=stored.config, tensors=stored.tensors, card="changed")
    with pytest.raises(ModelError, match="much larger than the weights"):
        isthmus.load(tmp_path / "changed")


def test_a_digit_is_written_in_the_hand_of_another(clusterer):
    from sklearn.svm import SVC

    x = torch.from_numpy(DIGITS / 255).float()[:, None]
    torch.manual_seed(0)
    model = content_and_style(clusterer.model_, (1, 8, 8))
    train(model, Batch(x[:1500]), settings=Settings(steps=500, batch_size=128, learning_rate=2e-3))
    judge = SVC(C=10).fit(x[:1500].flatten(1).numpy(), KIND[:1500])
    with torch.inference_mode():
        code = model.embed(Batch(x[1500:]))
        other = torch.arange(len(x) - 1500).roll(1)
        written = model.decode({"content": code["content"], "style": code["style"][other]})
    what = judge.predict(written.flatten(1).numpy())
    assert (what == KIND[1500:]).mean() > 0.75
    assert (what == KIND[1500:][other]).mean() < 0.2
    assert np.corrcoef(slant(written), slant(x[1500:][other]))[0, 1] > 0.4


def slant(pictures):
    """Return by how much columns a row strokes lean, one number a picture."""
    ink, places = pictures[:, 0] / pictures.sum((1, 2, 3), keepdim=True)[:, 0], torch.arange(8.0)
    down = places[:, None] - (ink.sum(2) * places).sum(1)[:, None, None]
    across = places - (ink.sum(1) * places).sum(1)[:, None, None]
    return (ink * down * across).sum((1, 2)) / (ink * down.square()).sum((1, 2))


def test_the_history_of_classes_is_that_of_both_rounds(clusterer):
    steps = [point.step for point in clusterer.history_.points]
    assert steps == sorted(steps)
    assert clusterer.history_.steps == 300


def test_few_samples_keep_the_standard_law():
    assert Generator(8, steps=20, width=4, random_state=0).fit(DIGITS[:60]).components_ == 0


def test_a_warm_start_goes_on_with_many_draws():
    task = Generator(8, steps=150, width=4, random_state=0).fit(DIGITS[:1500])
    before = task.log_likelihood(DIGITS[1500:], draws=20).mean()
    task.set_params(draws=5, steps=30, warm_start=True).fit(DIGITS[:1500])
    assert task.history_.steps == 30
    assert task.log_likelihood(DIGITS[1500:], draws=20).mean() > before
    with pytest.raises(OptionError, match="warm_start"):
        task.set_params(dimensions=4).fit(DIGITS[:1500])


def test_restored_pictures_are_nearer_to_the_clean_ones_than_the_noisy(denoiser):
    chance = np.random.default_rng(0)
    clean = DIGITS[1500:]
    noisy = np.clip(clean + chance.normal(0, 51, clean.shape), 0, 255).astype(np.uint8)
    restored = denoiser.restore(noisy)
    assert restored.shape == clean.shape

    def error(pictures):
        return ((pictures.astype(float) - clean) ** 2).mean()

    assert error(restored) < 0.75 * error(noisy)
    assert error(denoiser.restore(noisy, thorough=True)) < error(restored)


def test_photos_of_any_size_are_restored_without_seams(denoiser, tmp_path):
    photo = np.random.default_rng(0).integers(0, 256, (301, 533), dtype=np.uint8)
    Image.fromarray(photo).save(tmp_path / "a.png")
    (tiled,) = denoiser.restore(tmp_path)
    assert tiled.shape == photo.shape
    assert denoiser.restore(tmp_path, thorough=True)[0].shape == photo.shape
    part = denoiser.restore(photo[None, :, 200:330])[0]  # a cut across the seam at 256
    np.testing.assert_allclose(tiled[:, 240:290].astype(int), part[:, 40:90].astype(int), atol=1)
    assert [picture.shape for picture in denoiser.restore([photo[:33, :7], photo[:9]])] == [(33, 7), (9, 533)]


def test_what_is_restored_is_grey_or_in_colour_as_it_came(denoiser):
    colour = DIGITS[:30].reshape(10, 3, 8, 8).transpose(0, 2, 3, 1)
    restored = denoiser.restore(colour)
    assert restored.shape == colour.shape
    np.testing.assert_array_equal(restored[..., 1], denoiser.restore(np.ascontiguousarray(colour[..., 1])))
    coloured = Denoiser(steps=20, width=8, cut=8, random_state=0).fit(colour)
    assert coloured.restore(DIGITS[:3]).shape == (3, 8, 8)
    assert coloured.restore(colour[:3]).shape == (3, 8, 8, 3)
    assert coloured.restore(DIGITS[:3, ..., None]).shape == (3, 8, 8, 1)


TASKS = {
    "embedder": lambda task: task.transform(DIGITS[:50]),
    "generator": lambda task: task.sample(4),
    "clusterer": lambda task: task.predict_proba(DIGITS[:50]),
    "denoiser": lambda task: task.restore(DIGITS[:50]),
}


@pytest.mark.parametrize("name", TASKS)
def test_a_saved_task_does_the_same_to_the_last_bit(name, request, tmp_path):
    task = request.getfixturevalue(name)
    task.save(tmp_path / "model")
    again = isthmus.load(tmp_path / "model").set_params(random_state=0)
    np.testing.assert_array_equal(TASKS[name](task), TASKS[name](again))
    config = (tmp_path / "model" / "config.json").read_text()
    (tmp_path / "model" / "config.json").write_text(config.replace('"width": ', '"width": 1'))
    with pytest.raises(ModelError):
        isthmus.load(tmp_path / "model")


SMALL = [
    lambda: Embedder(4, steps=20, width=4),
    lambda: Clusterer(3, steps=20, width=4),
    lambda: Generator(4, steps=20, width=4),
    lambda: Denoiser(steps=20, width=8, cut=8),
]


def test_a_picture_is_judged_alone(clusterer, embedder):
    np.testing.assert_allclose(clusterer.predict_proba(DIGITS)[7], clusterer.predict_proba(DIGITS[7:8])[0], atol=1e-5)
    np.testing.assert_allclose(embedder.transform(DIGITS)[7], embedder.transform(DIGITS[7:8])[0], atol=1e-4)


def test_a_finished_checkpoint_is_gone_and_does_not_answer_for_other_data(tmp_path):
    options = {"steps": 20, "width": 4, "random_state": 0, "checkpoint": tmp_path / "run"}
    first = Embedder(2, **options).fit(DIGITS[:100])
    assert not (tmp_path / "run").exists()
    second = Embedder(2, **options).fit(255 - DIGITS[:100])
    assert not np.allclose(first.transform(DIGITS[:5]), second.transform(DIGITS[:5]))


def test_pictures_of_another_frame_are_refused(embedder):
    with pytest.raises(DataError, match="the model needs"):
        embedder.transform(open_pictures(DIGITS[:3], size=16))


@pytest.mark.parametrize("make", SMALL)
def test_a_seed_fixes_the_result(make):
    first, second = (make().set_params(random_state=7).fit(DIGITS[:100]) for _ in range(2))
    one, other = (task.model_.state_dict() for task in (first, second))
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)


@pytest.mark.parametrize("make", SMALL)
def test_a_fit_on_bad_pictures_leaves_nothing_of_the_one_before(make, tmp_path):
    task = make().fit(DIGITS[:100])
    (tmp_path / "bad.png").write_bytes(b"")
    with pytest.raises(DataError, match="is empty"):
        task.fit(tmp_path)
    nothing_is_left(task, tmp_path)


@pytest.mark.parametrize(
    ("make", "part"),
    [
        *((make, "tasks.learned.train") for make in SMALL),
        (SMALL[1], "training.history.History.followed_by"),  # when the second round of classes has ended
        (SMALL[2], "tasks.generation.Generator._learn_prior"),
    ],
)
def test_a_fit_that_is_interrupted_leaves_neither_the_one_before_nor_half_of_its_own(make, part, tmp_path, monkeypatch):
    task = make().fit(DIGITS[:100])
    monkeypatch.setattr(f"isthmus.{part}", Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        task.fit(DIGITS[:90, :6])
    nothing_is_left(task, tmp_path)


def nothing_is_left(task, tmp_path):
    with pytest.raises(NotFittedError):
        task.save(tmp_path / "m")
    assert not hasattr(task, "labels_")
    assert not hasattr(task, "history_")


@pytest.mark.parametrize("make", [*SMALL, lambda: isthmus.AnomalyDetector(steps=5, false_alarm_rate=0.3)])
def test_pictures_opened_with_bad_files_left_out_are_learned_from(make, tmp_path):
    for number, picture in enumerate(DIGITS[:40]):
        Image.fromarray(picture).save(tmp_path / f"{number:02}.png")
    (tmp_path / "bad.png").write_bytes(b"")
    with pytest.warns(SchemaWarning, match="1 of 41 files left out"):
        opened = open_pictures(tmp_path, skip=True)
    one, other = (make().set_params(random_state=0).fit(X) for X in (opened, DIGITS[:40]))
    for verb in ("transform", "predict_proba", "restore", "score_samples"):
        if hasattr(one, verb):
            np.testing.assert_array_equal(getattr(one, verb)(opened), getattr(other, verb)(DIGITS[:40]))


def test_photos_with_bad_files_among_them_are_learned_from_and_restored(tmp_path):
    Image.fromarray(DIGITS[0].repeat(3, 0)).save(tmp_path / "a.png")
    (tmp_path / "bad.png").write_bytes(b"")
    task = Denoiser(steps=2, width=4, cut=8, random_state=0)
    with pytest.warns(SchemaWarning, match="1 of 2 files left out"):
        task.fit(tmp_path, skip=True)
    with pytest.warns(SchemaWarning, match="1 of 2 files left out"):
        (restored,) = task.restore(tmp_path, skip=True)
    assert restored.shape == (24, 8)


def test_wrong_options_and_unfitted_tasks_are_told():
    with pytest.raises(OptionError, match="dimensions must be at least 1"):
        Embedder(0).fit(DIGITS[:10])
    with pytest.raises(OptionError, match="lying must lie between 0 and 7, not 8"):
        Embedder(8, lying=8).fit(DIGITS[:10])
    with pytest.raises(OptionError, match="classes must be at least 2"):
        Clusterer(1).fit(DIGITS[:10])
    with pytest.raises(DataError, match="too few for 10 classes"):
        Clusterer(10).fit(DIGITS[:10])
    with pytest.raises(OptionError, match="level must lie"):
        Denoiser(level=25).fit(DIGITS[:10])
    with pytest.raises(OptionError, match="noise must be one of"):
        Denoiser("fog").fit(DIGITS[:10])
    with pytest.raises(NotFittedError):
        Generator().sample()
    with pytest.raises(OptionError, match="codes must be"):
        Embedder(2, steps=5, width=4).fit(DIGITS[:20]).inverse_transform(np.zeros((3, 5)))


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (Denoiser(width=0), "width"), (Embedder(dimensions="a"), "dimensions"), (Embedder(steps=1.5), "steps"),
        (Embedder(width=True), "width"), (Embedder(invariance=float("nan")), "invariance"),
        (Embedder(lying=0.5), "lying"), (Embedder(grey="x"), "grey"), (Embedder(size="x"), "size"),
        (Embedder(size=100_000), "size"), (Embedder(size=(8, 8, 8)), "size"), (Embedder(views="no"), "views"),
        (Clusterer(classes=2.5), "classes"), (Clusterer(3, mirror="x"), "mirror"),
        (Clusterer(3, balance=-1), "balance"), (Clusterer(3, balance=float("nan")), "balance"),
        (Generator(beta=float("inf")), "beta"),
        (Denoiser(level="x"), "level"), (Denoiser(level=0.0), "level"), (Denoiser(noise=3), "noise"),
        (isthmus.AnomalyDetector(width=2.5), "width"), (isthmus.AnomalyDetector(contamination="x"), "contamination"),
    ],
)  # fmt: skip
def test_an_option_of_the_wrong_type_or_range_is_named(task, name):
    with pytest.raises(OptionError, match=f"^{name} must"):
        task.fit(DIGITS[:40])


def test_what_is_asked_of_a_fitted_task_is_checked(generator, denoiser, embedder):
    with pytest.raises(OptionError, match="n must be a whole number"):
        generator.sample(2.5)
    with pytest.raises(DataError, match="there is no picture"):
        denoiser.restore(DIGITS[:0])
    for codes in (np.full((3, 8), np.nan), [["a"] * 8], np.zeros((0, 8))):
        with pytest.raises(OptionError, match="codes must be"):
            embedder.inverse_transform(codes)


def test_options_of_numpy_are_kept_by_a_model_folder(tmp_path):
    task = Embedder(np.int64(2), steps=np.int64(2), width=4, noise=np.float64(0.1), views=np.bool_(True))
    task.fit(DIGITS[:10]).save(tmp_path / "m")
    assert isthmus.load(tmp_path / "m").get_params()["steps"] == 2


def test_what_is_no_picture_is_not_restored(denoiser):
    import pandas as pd

    for wrong in (pd.DataFrame({"a": [1.0]}), DIGITS[0], None, [DIGITS[0] / 255], 3):
        with pytest.raises(DataError, match="picture"):
            denoiser.restore(wrong)


@pytest.mark.parametrize(("method", "least"), [("pca", 2), ("tsne", 4), ("umap", 4)])
def test_a_map_of_few_pictures_is_drawn_or_refused_in_words(embedder, method, least):
    assert embedder.map(DIGITS[:least], method).shape == (least, 2)
    with pytest.raises(DataError, match="too few for a map"):
        embedder.map(DIGITS[: least - 1], method)


def test_lists_of_pictures_are_pictures(embedder):
    codes = embedder.transform(DIGITS[:6])
    for several in (list(DIGITS[:6]), [Image.fromarray(picture) for picture in DIGITS[:6]], tuple(DIGITS[:6])):
        np.testing.assert_array_equal(embedder.transform(several), codes)
    listed = Embedder(2, steps=5, width=4).fit([Image.fromarray(picture) for picture in DIGITS[:20]])
    assert listed.input_.kind == "pictures"
    for wrong, told in (
        ([DIGITS[0], DIGITS[0][:5]], "the pictures of a list are of one size"),
        (DIGITS[None, :4, None], "pictures as an array are"),
        (DIGITS / 255, r"np.round\(x \* 255\)"),
        (None, "not NoneType"),
        (7, "not int"),
    ):
        with pytest.raises(DataError, match=told):
            embedder.transform(wrong)
        with pytest.raises(DataError, match=told):
            Embedder(2, steps=5, width=4).fit(wrong)


@pytest.fixture(scope="module")
def ring_detector():
    """A detector that has seen noughts only."""
    return isthmus.AnomalyDetector(steps=400, random_state=0, false_alarm_rate=0.1).fit(DIGITS[KIND == 0][:120])


def test_pictures_of_another_kind_are_odd_and_the_map_says_where(ring_detector):
    normal, odd = DIGITS[KIND == 0][120:], DIGITS[KIND == 1]
    assert (ring_detector.predict(odd) == -1).mean() > 0.95
    assert (ring_detector.predict(normal) == -1).mean() < 0.3
    assert ring_detector.p_values(odd).mean() < 0.1
    spoiled = normal[:20].copy()
    spoiled[:, 6:, 6:] = 255  # a bright corner that no nought has
    reasons = ring_detector.explain(spoiled)
    inside = np.mean([reason.heat[5:, 5:].sum() / reason.heat.sum() for reason in reasons])
    assert inside > 0.5
    cool = [reason.heat.max() for reason in ring_detector.explain(normal)]
    assert max(cool) < np.median([reason.heat.max() for reason in reasons])
    for reason, score in zip(reasons, ring_detector.score_samples(spoiled), strict=True):
        assert reason.score == pytest.approx(score, rel=1e-4)
        assert reason.expected.shape == (8, 8)


def test_a_saved_picture_detector_scores_to_the_last_bit(ring_detector, tmp_path):
    ring_detector.save(tmp_path / "model")
    again = isthmus.load(tmp_path / "model")
    np.testing.assert_array_equal(again.score_samples(DIGITS), ring_detector.score_samples(DIGITS))
    np.testing.assert_array_equal(again.predict(DIGITS), ring_detector.predict(DIGITS))
    assert "nats" in (tmp_path / "model" / "README.md").read_text()


def test_a_folder_of_pictures_can_be_judged(ring_detector, tmp_path):
    for number, picture in enumerate(DIGITS[:12]):
        Image.fromarray(picture).save(tmp_path / f"{number:02}.png")
    np.testing.assert_allclose(
        ring_detector.score_samples(tmp_path), ring_detector.score_samples(DIGITS[:12]), rtol=1e-5
    )
    reasons = ring_detector.explain(tmp_path)
    assert reasons[3].name.endswith("03.png")
    with pytest.raises(OptionError, match="contamination is for tables"):
        isthmus.AnomalyDetector(contamination=0.1).fit(tmp_path)
