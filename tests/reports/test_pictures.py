"""Pictures of pictures: labels beside them, blanks where there is none, thumbnails that do not overlap."""

import numpy as np

from isthmus.reports.pictures import GROUND, scatter_png, sheet, spread

PICTURE = np.full((10, 20), 255, np.uint8)


def test_a_sheet_leaves_blanks_and_has_room_for_labels_and_headings():
    plain = np.asarray(sheet([[PICTURE] * 3, [PICTURE]], ["", ""]))
    named = np.asarray(sheet([[PICTURE] * 3, [PICTURE]], ["first", "a much longer second"], headings=["x", "y", "z"]))
    assert named.shape[1] > plain.shape[1] + 50
    assert named.shape[0] > plain.shape[0] + 10
    assert (plain[-10:, -20:] == GROUND).all()
    assert (plain[:10, -20:] == 255).all()
    label = named[-30:, : named.shape[1] - plain.shape[1]]
    assert label.min() < 100  # ink


def test_an_empty_row_is_a_row_of_blanks():
    plain = np.asarray(sheet([[], [PICTURE]], ["0", "1"], columns=4))
    half = plain.shape[0] // 2
    assert (plain[: half - 10, -20:] == GROUND).all()


def test_a_map_shows_pictures_that_lie_apart_and_its_caption():
    places = np.array([[0.0, 0.0], [0.01, 0.01], [1.0, 1.0], [0.0, 1.0]])
    assert spread(places) == [0, 2, 3]
    bare = np.asarray(scatter_png(places)).astype(int)
    shown = np.asarray(scatter_png(places, shown={2: PICTURE // 2})).astype(int)
    grey = (np.abs(shown - 127).max(2) < 5).sum()
    assert grey > (np.abs(bare - 127).max(2) < 5).sum() + 200
    assert (np.asarray(scatter_png(places, caption="4 pictures"))[:30] < 100).any()


def test_letters_that_the_font_lacks_are_written_as_numbers():
    def drawn(label):
        return np.asarray(sheet([[PICTURE]], [label]))

    assert np.array_equal(drawn("a 猫.png"), drawn("a \\u732b.png"))
    assert not np.array_equal(drawn("a é.png"), drawn("a \\xe9.png"))


def test_a_heading_that_is_longer_than_the_pictures_has_room():
    said = np.asarray(sheet([[PICTURE]], [""], headings=["a heading that is much longer than the one picture is wide"]))
    assert (said[:, -3:] == 255).all()
    assert said.shape[1] > np.asarray(sheet([[PICTURE]], [""])).shape[1] + 100
