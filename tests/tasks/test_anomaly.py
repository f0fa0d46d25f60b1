import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.utils.estimator_checks import check_estimator

import isthmus
from isthmus import AnomalyDetector
from isthmus.errors import CalibrationWarning, DataError, IsthmusError, OptionError, SchemaWarning
from isthmus.kinds.table_files import TableWriter
from isthmus.tasks.review import review, score_to_file


def test_scikit_learns_own_checks_pass():
    """All of them but one, which scikit-learn itself skips unless SCIPY_ARRAY_API is set (it is about GPU arrays)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(AnomalyDetector(steps=20, random_state=0), on_fail=None, on_skip=None)
    assert [r["check_name"] for r in results if r["status"] not in ("passed", "skipped")] == []
    assert {r["check_name"] for r in results if r["status"] == "skipped"} <= {"check_array_api_input"}


def test_malignant_cells_stand_out_from_benign_ones(detector, cells):
    truth = cells.unseen[cells.label]
    features = cells.unseen.drop(columns=cells.label)
    assert roc_auc_score(truth, -detector.score_samples(features)) > 0.93
    flagged = detector.predict(features) == -1
    assert flagged[truth == 1].mean() > 0.5
    assert flagged[truth == 0].mean() < 0.12


def test_a_seed_gives_the_same_scores_twice(cells):
    one, two = (AnomalyDetector(steps=30, random_state=1).fit(cells.benign) for _ in range(2))
    assert np.array_equal(one.score_samples(cells.unseen[cells.benign.columns]),
                          two.score_samples(cells.unseen[cells.benign.columns]))  # fmt: skip


def test_saving_and_loading_changes_nothing(detector, cells, tmp_path):
    features = cells.unseen.drop(columns=cells.label)
    detector.save(tmp_path / "model")
    again = isthmus.load(tmp_path / "model")
    assert np.array_equal(again.score_samples(features), detector.score_samples(features))
    assert np.array_equal(again.p_values(features), detector.p_values(features))
    assert np.array_equal(again.predict(features), detector.predict(features))
    pd.testing.assert_frame_equal(again.explain(features[:5]), detector.explain(features[:5]))
    assert sorted(file.name for file in (tmp_path / "model").iterdir()) == [
        "README.md", "config.json", "model.safetensors",
    ]  # fmt: skip


def test_every_container_gives_the_same_scores(detector, cells, tmp_path):
    frame = cells.unseen.drop(columns=cells.label)[:40]
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_csv(tmp_path / "t.csv.gz", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    feather.write_feather(pa.Table.from_pandas(frame), str(tmp_path / "t.arrow"))
    expected = detector.score_samples(frame)
    shuffled = frame[frame.columns[::-1]]
    containers = [
        shuffled, pl.from_pandas(frame), pa.Table.from_pandas(frame), frame.to_numpy(), frame.to_numpy().tolist(),
        *(tmp_path / f"t.{ending}" for ending in ("csv", "csv.gz", "parquet", "arrow")),
    ]  # fmt: skip
    for container in containers:
        np.testing.assert_array_equal(detector.score_samples(container), expected)


def test_shares_add_up_and_name_the_wrong_column(detector, cells):
    rows = cells.unseen.drop(columns=cells.label)[:20].copy()
    rows.loc[rows.index[0], "mean texture"] = 99.0
    frame = detector.explain(rows)
    assert list(frame.columns) == ["row", "column", "share", "seen", "expected"]
    np.testing.assert_allclose(frame.groupby("row")["share"].sum(), -detector.score_samples(rows), rtol=1e-5)
    first = frame[frame["row"] == 0].iloc[0]
    assert (first["column"], first["seen"]) == ("mean texture", "99.00")
    assert 5 < float(first["expected"]) < 40
    assert (frame.groupby("row")["share"].diff().dropna() <= 0).all()
    assert len(detector.explain(rows, top=2)) == 40


def test_an_unseen_category_and_an_unexpected_gap_are_scored_and_told():
    chance = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"kind": chance.choice(["in", "out"], 400), "amount": chance.normal(100, 10, 400), "n": chance.normal(size=400)}
    )
    detector = AnomalyDetector(random_state=0, steps=100).fit(frame)
    usual = frame[:1]
    strange = usual.assign(kind="sideways")
    gap = usual.assign(amount=np.nan)
    score = detector.score_samples(pd.concat([usual, strange, gap]))
    assert score[1] < score[0]
    assert score[2] < score[0]
    assert detector.predict(strange) == [-1]
    reason = detector.explain(strange).iloc[0]
    assert (reason["column"], reason["seen"]) == ("kind", "sideways (never seen in fit)")
    assert reason["expected"] in ("in", "out")
    assert detector.explain(gap).iloc[0][["column", "seen"]].tolist() == ["amount", "missing"]


def test_rows_of_a_later_month_are_not_odd_for_being_later():
    chance = np.random.default_rng(0)

    def month(begin):
        amount = chance.gamma(2, 50, 1200)
        seconds = np.sort(chance.uniform(0, 28 * 86_400, 1200))
        when = pd.Timestamp(begin) + pd.to_timedelta(seconds, unit="s").round("s")
        return pd.DataFrame({"when": when, "amount": amount, "fee": amount / 100 + 0.3})

    with pytest.warns(SchemaWarning, match="only the hour and the weekday"):
        detector = AnomalyDetector(random_state=0, steps=100).fit(month("2026-01-05"))
    assert (detector.predict(month("2026-06-01")) == -1).mean() < 0.12
    reason = detector.explain(month("2026-06-01")[:1]).set_index("column").loc["when"]
    assert reason["seen"].endswith("(Monday)")


def test_an_explanation_takes_no_more_memory_than_a_part_of_the_rows(detector, cells, monkeypatch):
    rows = cells.unseen.drop(columns=cells.label)[:7]
    whole = detector.explain(rows)
    monkeypatch.setattr("isthmus.tasks.explaining.TRIED_AT_ONCE", 2 * 30 * 30)
    parts = detector.explain(rows)
    pd.testing.assert_frame_equal(parts.drop(columns="share"), whole.drop(columns="share"))
    np.testing.assert_allclose(parts["share"], whole["share"], rtol=1e-4, atol=1e-4)


def test_of_many_columns_those_that_differ_most_are_tried(detector, cells, monkeypatch):
    rows = cells.unseen.drop(columns=cells.label)[:60]
    whole = detector.explain(rows, top=1)
    monkeypatch.setattr("isthmus.recipes.description.TRIED", 12)
    some = detector.explain(rows)
    assert (some[some["share"] > 0].groupby("row").size() <= 12).all()
    assert some.groupby("row").size().eq(rows.shape[1]).all()  # the others are told, too, at nothing
    np.testing.assert_allclose(some.groupby("row")["share"].sum(), -detector.score_samples(rows), rtol=1e-4)
    assert (some.groupby("row").head(1)["column"].to_numpy() == whole["column"].to_numpy()).mean() > 0.9
    gaps = rows.assign(**{"worst texture": np.nan})  # such as fit never saw: x does not show it
    assert (detector.explain(gaps, top=1)["column"] == "worst texture").all()


def test_the_promised_false_alarm_rate_is_kept():
    """On rows of the same law, within the 99% interval that both samplings leave."""
    from scipy.stats import betabinom

    chance = np.random.default_rng(0)
    mixing = chance.normal(size=(3, 8))
    rows = np.tanh(chance.normal(size=(6000, 3)) @ mixing) + 0.1 * chance.normal(size=(6000, 8))
    for rate in (0.01, 0.05):
        detector = AnomalyDetector(random_state=0, steps=100, false_alarm_rate=rate).fit(rows[:2000])
        count, most = len(detector.calibration_), int(rate * (len(detector.calibration_) + 1))
        low, high = betabinom.interval(0.99, 4000, most, count + 1 - most)
        flagged = detector.predict(rows[2000:]) == -1
        assert low <= flagged.sum() <= high
        assert np.array_equal(flagged, detector.p_values(rows[2000:]) <= rate)


def test_odd_rows_in_the_training_data_stay_odd():
    chance = np.random.default_rng(0)
    normal = chance.normal(size=(900, 2)) @ chance.normal(size=(2, 6)) + 0.1 * chance.normal(size=(900, 6))
    odd = chance.normal(size=(90, 6)) * 2
    rows = np.concatenate([normal, odd])
    truth = np.r_[np.zeros(900), np.ones(90)]
    careful = AnomalyDetector(contamination=0.1, random_state=0).fit(rows)
    assert roc_auc_score(truth, -careful.score_samples(rows)) > 0.95
    assert (careful.predict(rows) == -1).sum() == pytest.approx(99, abs=2)
    trusting = AnomalyDetector(random_state=0).fit(rows)
    new_odd = chance.normal(size=(200, 6)) * 2
    assert (careful.p_values(new_odd) <= 0.05).mean() > (trusting.p_values(new_odd) <= 0.05).mean()


def test_what_is_left_out_or_left_in_is_told():
    frame = pd.DataFrame({"id": range(60), "a": np.arange(60) % 7, "b": np.arange(60) % 5, "fraud": np.arange(60) % 2})
    with pytest.warns(SchemaWarning) as told:
        AnomalyDetector(steps=5, random_state=0).fit(frame)
    text = " ".join(str(warning.message) for warning in told)
    assert "'id' is left out" in text
    assert "'fraud' looks like a label" in text
    with warnings.catch_warnings():
        warnings.simplefilter("error", SchemaWarning)
        AnomalyDetector(steps=5, columns={"id": "ignored", "fraud": "ignored"}).fit(frame)


def test_a_missing_column_is_named_and_an_extra_one_ignored(detector, cells):
    rows = cells.unseen[:5]
    with pytest.warns(SchemaWarning, match="'malignant'"):
        detector.score_samples(rows)
    with pytest.raises(DataError, match=r"missing: 'mean area', 'worst area'; not seen in fit: 'malignant'"):
        detector.score_samples(rows.drop(columns=["mean area", "worst area"]))


def test_a_wrong_cell_is_named_by_file_row_and_column(detector, cells, tmp_path):
    rows = cells.unseen.drop(columns=cells.label)[:9].astype(object)
    rows.iloc[7, 2] = "about 90"
    rows.to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(DataError, match=r"new.csv, column 'mean perimeter', row 7 .*'about 90' is not a number"):
        detector.score_samples(tmp_path / "new.csv")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"contamination": 0.6}, "contamination"), ({"false_alarm_rate": 1.5}, "false_alarm_rate"),
        ({"columns": {"nowhere": "number"}}, "nowhere"), ({"columns": {"mean area": "colour"}}, "colour"),
        ({"steps": 0}, "steps"), ({"width": 0}, "width"), ({"columns": ["a"]}, "columns must map"),
        ({"columns": "a"}, "columns must map"), ({"log_dir": 3}, "log_dir must be a path"),
        ({"checkpoint": 1.5}, "checkpoint must be a path"),
    ],
)  # fmt: skip
def test_an_option_out_of_range_is_named(options, word, cells):
    with pytest.raises(OptionError, match=word):
        AnomalyDetector(**options).fit(cells.benign)


def test_what_is_no_number_of_columns_or_no_path_is_named(detector, cells):
    with pytest.raises(OptionError, match=r"top must be a whole number, at least 1, not 1\.5"):
        detector.explain(cells.benign[:1], top=1.5)
    for call in (isthmus.load, detector.save):
        with pytest.raises(OptionError, match="the folder of a model must be a path, not None"):
            call(None)


def test_options_may_be_numbers_of_numpy(cells, tmp_path):
    options = {"contamination": np.float32(0.1), "false_alarm_rate": np.float64(0.1), "steps": np.int64(5)}
    detector = AnomalyDetector(random_state=0, **options).fit(cells.benign)
    detector.save(tmp_path / "m")
    assert np.array_equal(isthmus.load(tmp_path / "m").predict(cells.benign), detector.predict(cells.benign))


def test_a_fit_that_is_interrupted_leaves_nothing_of_the_one_before(cells, monkeypatch):
    detector = AnomalyDetector(steps=5, random_state=0).fit(cells.benign)

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("isthmus.tasks.anomaly.learn_normal", interrupted)
    with pytest.raises(KeyboardInterrupt):
        detector.fit(cells.benign[["mean area", "mean texture"]])
    for use in (detector.score_samples, detector.explain, lambda _: detector.columns_):
        with pytest.raises(NotFittedError):
            use(cells.benign)


def test_rows_that_taught_do_not_vouch_for_themselves():
    """A table can be scored by what was learned from it: odd rows of its own are found as elsewhere."""
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(1200, 6)) @ chance.normal(size=(6, 6))
    rows[:12] += 5 * chance.normal(size=(12, 6))
    detector = AnomalyDetector(random_state=0).fit(rows)
    p = detector.p_values(rows)
    assert (p[:12] < 0.05).mean() >= 0.9
    assert 0.02 < (p[12:] < 0.05).mean() < 0.09
    assert np.array_equal(detector.score_samples(rows[:1]), detector.score_samples(rows)[:1])


def test_documents_of_another_subject_are_odd_by_the_words_in_them():
    chance = np.random.default_rng(0)

    def documents(count, subject, words=400):  # which words are in them: no word tells much of another
        likely = 1 / np.arange(1, words + 1) * np.where(np.arange(words) % 2 == subject, 1.0, 0.05)
        table = np.zeros((count, words))
        for row in table:
            row[chance.choice(words, 3 + chance.poisson(6), p=likely / likely.sum())] = 1
        return table

    train, test = documents(1000, 0), np.concatenate([documents(600, 0), documents(60, 1)])
    scores = AnomalyDetector(random_state=0).fit(train).score_samples(test)
    assert roc_auc_score(np.arange(660) < 600, scores) > 0.985  # the nearest neighbour: .966


def test_what_fit_warns_of_points_at_the_line_that_called_it(cells):
    pictures = np.random.default_rng(0).integers(0, 256, (30, 8, 8), dtype=np.uint8)
    for rows in (cells.benign[:30], pictures):
        with pytest.warns(CalibrationWarning) as told:
            AnomalyDetector(steps=5, random_state=0).fit(rows)
        assert told[0].filename == __file__


def test_a_column_of_which_nothing_was_ever_seen_is_told_once(tmp_path):
    frame = pd.DataFrame({"kind": ["in", "out"] * 30, "amount": np.arange(60) % 7, "n": np.arange(60) % 5})
    detector = AnomalyDetector(steps=5, random_state=0).fit(frame)
    strange = frame.assign(kind=["EIN", "AUS"] * 30)
    strange.to_csv(tmp_path / "new.csv", index=False)
    for use in (detector.score_samples, lambda path: review(detector, path)):
        with pytest.warns(SchemaWarning) as told:
            use(tmp_path / "new.csv")
        (text,) = [str(warning.message) for warning in told]
        assert text.startswith("new.csv: column 'kind' holds nothing that fit saw, which was 'in', 'out'")
    with warnings.catch_warnings():
        warnings.simplefilter("error", SchemaWarning)
        detector.score_samples(strange[:1])  # one row is no column
        detector.score_samples(pd.concat([frame[:1], strange]))
        detector.explain(strange)


def test_a_parquet_file_from_a_csv_has_types(tmp_path, monkeypatch):
    lines = ["whole,part,flag,kind,when,time,zip,name"]
    for i in range(90):
        times = f"{i % 28 + 1}.01.2026 10:0{i % 10},{i % 24}:15"
        lines.append(f"{i * i % 7},{i * 7 % 90 / 3},{i % 2 == 0},{'ab'[i % 2]},{times},0{i % 9},n{i}")
    (tmp_path / "t.csv").write_text("\n".join(lines))
    columns = {"zip": "category", "name": "ignored"}
    detector = AnomalyDetector(steps=5, random_state=0, columns=columns).fit(tmp_path / "t.csv")
    types = ["int64", "double", "bool", "string", "timestamp[us]", "time64[us]", "string", "string"]

    def scored(*changed):
        (tmp_path / "new.csv").write_text("\n".join([*lines, *changed]))
        score_to_file(detector, tmp_path / "new.csv", tmp_path / "s.parquet")
        return pq.read_table(tmp_path / "s.parquet")

    table = scored(",NA,,,,,,")
    assert [str(kind) for kind in table.schema.types[:8]] == types
    assert table["whole"].to_pylist()[:3] == [0, 1, 4]
    assert str(table["when"][1].as_py()) == "2026-01-02 10:01:00"
    assert str(table["time"][1].as_py()) == "01:15:00"
    assert table["zip"][1].as_py() == "01"
    assert [table[name][90].as_py() for name in table.column_names[:8]] == [None] * 3 + [""] + [None] * 2 + [""] * 2
    monkeypatch.setattr("isthmus.kinds.csv_files.BLOCK", 400)  # what the last rows need counts for the first
    table = scored("1.5,007,perhaps,c,,,,")
    assert [str(kind) for kind in table.schema.types[:3]] == ["double", "string", "string"]
    assert table["part"].to_pylist()[-1] == "007"
    plain = AnomalyDetector(steps=5, random_state=0).fit(np.arange(90.0).reshape(30, 3) ** 2 % 17)
    (tmp_path / "new.csv").write_text("a,b,c\n1,2.5,3\n")
    score_to_file(plain, tmp_path / "new.csv", tmp_path / "s.parquet")
    assert pq.read_table(tmp_path / "s.parquet", columns=["a", "b", "c"]).to_pylist() == [{"a": 1, "b": 2.5, "c": 3}]


def test_a_review_tells_how_far_it_is(detector, cells, monkeypatch):
    monkeypatch.setattr("isthmus.kinds.tables.CELLS_AT_ONCE", 100 * 30)
    monkeypatch.setattr("isthmus.tasks.explaining.TRIED_AT_ONCE", 2 * 30 * 30)
    told = []
    review(detector, cells.unseen.drop(columns=cells.label), oddest=5, told=lambda *what: told.append(what))
    scored = [("scored", count) for count in (100, 200, 300, len(cells.unseen))]
    assert told == [*scored, ("explained", 2), ("explained", 4), ("explained", 5)]


def test_what_is_not_fitted_says_so():
    with pytest.raises(NotFittedError, match="call fit"):
        AnomalyDetector().score_samples([[1.0, 2.0]])


def test_an_interrupted_fit_goes_on_from_its_checkpoint(cells, tmp_path):
    whole = AnomalyDetector(steps=40, random_state=0).fit(cells.benign)
    frozen = AnomalyDetector(steps=40, random_state=0, checkpoint=tmp_path / "run").fit(cells.benign)
    assert np.array_equal(whole.calibration_, frozen.calibration_)
    assert not list(tmp_path.iterdir())  # a finished run needs none


numbers = st.one_of(st.none(), st.floats(-1e90, 1e90), st.just(0.0), st.integers(-3, 3).map(float))
cells_of = {
    "number": numbers,
    "category": st.sampled_from(["a", "b", "c", None]),
    "boolean": st.booleans(),
    "moment": st.datetimes(),
    "text": st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4
    ),  # no CSV holds a NUL
}


@st.composite
def two_tables(draw):
    """Two tables of the same columns: one to fit, one to score, in which a number may be infinite."""
    kinds = draw(st.lists(st.sampled_from(sorted(cells_of)), min_size=1, max_size=5))

    def table(infinite):
        rows = draw(st.integers(2, 12))
        cells = cells_of | ({"number": numbers | st.sampled_from([np.inf, -np.inf])} if infinite else {})
        parts = [draw(st.lists(cells[kind], min_size=rows, max_size=rows)) for kind in kinds]
        return pa.table({f"c{place}": pa.array(part) for place, part in enumerate(parts)})

    return table(False), table(draw(st.booleans()))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(two_tables(), st.randoms())
def test_random_tables_either_work_or_say_why(tmp_path_factory, tables, chance):
    """Only our own errors; finite scores, from a CSV the same; the order of columns is nothing; nor is saving."""
    fitted, new = tables
    folder = tmp_path_factory.mktemp("t")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            detector = AnomalyDetector(steps=3, random_state=0).fit(fitted)
        except IsthmusError:
            return
        names = chance.sample(fitted.column_names, fitted.num_columns)
        shuffled = AnomalyDetector(steps=3, random_state=0).fit(fitted.select(names))
        detector.save(folder / "m")
        for table in (fitted, new):
            with TableWriter(folder / "t.csv") as writer:
                writer.write(table)
            used = [table[name] for name in detector.columns_]
            if any(pa.types.is_floating(part.type) and np.isinf(part.to_numpy()).any() for part in used):
                for X in (table, folder / "t.csv"):
                    with pytest.raises(DataError, match="infinity"):
                        detector.score_samples(X)
                continue
            try:
                scores = detector.score_samples(table)
            except DataError:
                with pytest.raises(DataError):
                    detector.score_samples(folder / "t.csv")
                continue
            assert np.isfinite(scores).all()
            assert len(scores) == len(table)
            names = chance.sample(table.column_names, table.num_columns)
            assert np.array_equal(detector.score_samples(table.select(names)), scores)
            assert np.array_equal(shuffled.score_samples(table), scores)
            assert np.array_equal(isthmus.load(folder / "m").score_samples(table), scores)
            shares = detector.explain(table).groupby("row")["share"].sum()
            np.testing.assert_allclose(shares, -scores, rtol=1e-9, atol=1e-300)
            assert np.array_equal(detector.score_samples(folder / "t.csv"), scores)
