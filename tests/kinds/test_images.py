"""Pictures as people have them: every odd file is told by name, and what can be used is used."""

import os
import re
import struct
import warnings
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from isthmus.errors import DataError, OptionError, SchemaWarning
from isthmus.kinds import picture_files
from isthmus.kinds.cuts import Cuts, numbered_pictures
from isthmus.kinds.images import Frame, are_pictures, open_pictures, to_arrays

CHANCE = np.random.default_rng(0)
GREY = CHANCE.integers(0, 256, (5, 12, 10), dtype=np.uint8)
COLOUR = CHANCE.integers(0, 256, (5, 12, 10, 3), dtype=np.uint8)


def png(width, height, depth, colours, body):
    """A PNG as a program other than Pillow may write it."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def png_claiming(width, height):
    """A PNG of a few bytes whose header promises any size."""
    return png(width, height, 8, 0, b"\0" * 100)


def png_of_16_bits(values):
    """A PNG of 16 bits a value, (H, W, 1 to 4 channels)."""
    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png(width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], rows)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deeper").mkdir()
    for number, picture in enumerate(COLOUR):
        where = tmp_path / ("deeper" if number % 2 else "") / f"{number}.png"
        Image.fromarray(picture).save(where)
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


def test_arrays_go_in_and_come_out_as_they_were():
    for pictures in (GREY, COLOUR):
        opened = open_pictures(pictures)
        assert opened.all().shape == (5, opened.frame.channels, 12, 10)
        np.testing.assert_array_equal(to_arrays(opened.all()), pictures)


def test_a_folder_is_read_with_its_sub_folders_in_the_order_of_paths(folder):
    opened = open_pictures(folder)
    assert [name.rsplit("/")[-1] for name in opened.names] == ["0.png", "2.png", "4.png", "1.png", "3.png"]
    np.testing.assert_array_equal(to_arrays(opened.all()), COLOUR[[0, 2, 4, 1, 3]])


def test_npz_and_npy_files(tmp_path):
    np.savez(tmp_path / "digits.npz", labels=np.arange(5), pictures=GREY)
    np.save(tmp_path / "digits.npy", GREY)
    for name in ("digits.npz", "digits.npy"):
        np.testing.assert_array_equal(to_arrays(open_pictures(tmp_path / name).all()), GREY)
    np.savez(tmp_path / "none.npz", labels=np.arange(5))
    with pytest.raises(DataError, match=r"none\.npz holds no uint8 array"):
        open_pictures(tmp_path / "none.npz")
    np.save(tmp_path / "evil.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=r"evil\.npy cannot be read"):
        open_pictures(tmp_path / "evil.npy")


def test_what_is_read_from_disk_while_training_is_what_memory_would_hold(folder, monkeypatch):
    held = open_pictures(folder)
    monkeypatch.setattr("isthmus.kinds.images.HELD", 0)
    streamed = open_pictures(folder)
    assert streamed.pixels is None
    order = [torch.tensor([4, 0]), torch.tensor([1]), *torch.arange(5).split(1) * 3]
    for one, other in zip(streamed.take(order), held.take(order), strict=True):
        assert torch.equal(one.x, other.x)


def test_pictures_of_any_size_are_brought_to_the_frame():
    square = open_pictures(COLOUR, size=8)
    assert square.all().shape == (5, 3, 8, 8)
    assert open_pictures(COLOUR, grey=True, size=(4, 6), fit="pad").all().shape == (5, 1, 4, 6)
    large = np.zeros((1, 300, 600), np.uint8)
    assert open_pictures(large).frame.shape == (1, 64, 128)
    halves = np.concatenate([np.zeros((1, 10, 5)), np.full((1, 10, 5), 255)], 2).astype(np.uint8).repeat(2, 2)
    cut = open_pictures(halves, Frame(10, 10, 1, "crop")).all()[0, 0]
    padded = open_pictures(halves, Frame(10, 10, 1, "pad")).all()[0, 0]
    assert (cut[:, 0] < 0.1).all()
    assert (cut[:, -1] > 0.9).all()
    assert (padded[0] == 0).all()
    with pytest.raises(OptionError, match="fit must be"):
        Frame(10, 10, 1, "squeeze")
    with pytest.raises(OptionError, match="channels must be 1"):
        Frame(10, 10, 4)


def test_a_photo_is_turned_as_its_camera_says(tmp_path):
    picture = np.zeros((16, 32, 3), np.uint8)
    picture[:, 16:] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise by a quarter
    Image.fromarray(picture).save(tmp_path / "a.jpg", exif=exif, quality=95)
    turned = to_arrays(open_pictures(tmp_path, grey=True).all())[0]
    assert turned.shape == (32, 16)
    assert turned[:14].mean() < 10
    assert turned[18:].mean() > 245


BROKEN = {
    "empty.png": (b"", r"empty\.png is empty"),
    "text.jpg": (b"not a picture at all", r"text\.jpg is not a PNG, JPEG or WebP"),
    "bomb.png": (png_claiming(60_000, 60_000), r"bomb\.png has more than 100,000,000 pixels"),
    "short.png": (png_claiming(64, 64), r"short\.png is cut short or damaged"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_is_named_or_left_out(folder, name):
    body, message = BROKEN[name]
    (folder / name).write_bytes(body)
    with pytest.raises(DataError, match=message):
        open_pictures(folder)
    with pytest.warns(SchemaWarning, match=message):
        assert len(open_pictures(folder, skip=True)) == 5


def test_truncated_jpegs_and_animations_are_named(folder):
    Image.fromarray(COLOUR[0].repeat(20, 0).repeat(20, 1)).save(folder / "cut.jpg")
    whole = (folder / "cut.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match=r"cut\.jpg is cut short"):
        open_pictures(folder)
    (folder / "cut.jpg").unlink()
    frames = [Image.fromarray(picture) for picture in COLOUR]
    frames[0].save(folder / "moves.webp", save_all=True, append_images=frames[1:], lossless=True)
    with pytest.raises(DataError, match=r"moves\.webp is animated \(5 frames\)"):
        open_pictures(folder)
    frames[0].save(folder / "moves.png", format="GIF")
    (folder / "moves.webp").unlink()
    with pytest.raises(DataError, match=r"moves\.png is not a PNG"):
        open_pictures(folder)


def test_odd_kinds_of_pixels_are_converted_and_said(tmp_path):
    plain = Image.fromarray(COLOUR[0])
    plain.convert("P", palette=Image.Palette.ADAPTIVE, colors=256).save(tmp_path / "palette.png")
    plain.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=100)
    Image.fromarray(GREY[0].astype(np.uint16) * 257).save(tmp_path / "deep.png")
    plain.convert("RGBA").save(tmp_path / "glass.png")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        opened = open_pictures(tmp_path)
    text = " ".join(str(warning.message) for warning in told)
    for name, what in (
        ("palette.png", "a palette"),
        ("cmyk.jpg", "CMYK"),
        ("deep.png", "16 bits"),
        ("glass.png", "trans"),
    ):
        assert name in text
        assert what in text
    by_name = {
        name.rsplit("/")[-1]: picture for name, picture in zip(opened.names, to_arrays(opened.all()), strict=True)
    }
    assert np.abs(by_name["palette.png"].astype(int) - COLOUR[0]).mean() < 40
    np.testing.assert_array_equal(by_name["glass.png"], COLOUR[0])
    np.testing.assert_array_equal(by_name["deep.png"][..., 0], GREY[0])


def test_wrong_arrays_are_told():
    with pytest.raises(DataError, match="uint8"):
        open_pictures(GREY.astype(float))
    with pytest.raises(DataError, match=r"\(N, H, W\) or"):
        open_pictures(COLOUR[..., :2])
    with pytest.raises(DataError, match="no picture"):
        open_pictures(GREY[:0])
    with pytest.raises(DataError, match="does not exist"):
        open_pictures("nowhere")


def test_pictures_are_told_from_tables(folder):
    assert are_pictures(GREY)
    assert are_pictures(folder)
    assert are_pictures("digits.npz")
    assert not are_pictures(np.zeros((4, 3)))
    assert not are_pictures("table.csv")


def test_a_link_to_nowhere_is_named(folder):
    (folder / "gone.png").symlink_to(folder / "nothing.png")
    with pytest.raises(DataError, match=r"gone\.png is a link to a file that is not there"):
        open_pictures(folder)
    with pytest.warns(SchemaWarning, match=r"1 of 6 files left out: .*gone\.png is a link"):
        assert len(open_pictures(folder, skip=True)) == 5


def test_what_is_left_out_is_told_in_one_note_with_every_reason(folder):
    for name, (body, _) in BROKEN.items():
        (folder / name).write_bytes(body)
    with pytest.warns(SchemaWarning) as noted:
        assert len(open_pictures(folder, skip=True)) == 5
    (note,) = (str(warning.message) for warning in noted)
    assert note.startswith("4 of 9 files left out: ")
    for _, message in BROKEN.values():
        assert re.search(message, note)


def test_pictures_once_opened_are_pictures_and_keep_their_frame():
    opened = open_pictures(GREY, size=8)
    assert are_pictures(opened)
    assert open_pictures(opened, size=8, grey=True) is opened
    assert open_pictures(opened, fit="crop") is opened
    for options, asked in (({"size": 9}, "9 × 9"), ({"grey": False}, "in colour"), ({"fit": "pad"}, "padded to fit")):
        with pytest.raises(DataError, match=rf"brought to 8 × 8 pixels, grey.*asked for is .*{asked}.*: open them"):
            open_pictures(opened, **options)
    with pytest.raises(DataError, match="the model needs 8 × 8 pixels, grey, padded to fit"):
        open_pictures(opened, Frame(8, 8, 1, "pad"))
    padded = open_pictures(GREY, size=8, fit="pad")
    assert open_pictures(padded) is open_pictures(padded, size=8) is padded


@pytest.mark.parametrize("brightest", [65_000, 3_000, 250])
def test_16_bits_are_as_bright_as_they_are_whatever_the_picture_holds(brightest, tmp_path):
    values = CHANCE.integers(0, brightest, (6, 5, 1))
    (tmp_path / "a.png").write_bytes(png_of_16_bits(values))
    with pytest.warns(SchemaWarning, match="16 bits, converted to 8 bits of grey"):
        (seen,) = open_pictures(tmp_path).arrays()
    np.testing.assert_array_equal(seen, np.rint(values[..., 0] * (255 / 65535)))


@pytest.mark.parametrize(
    ("channels", "told"),
    [(2, "16 bits and transparency, .* of grey"), (3, "16 bits, .* RGB"), (4, "16 bits and transparency, .* RGB")],
)
def test_16_bits_are_told_in_colour_and_with_transparency_too(channels, told, tmp_path):
    (tmp_path / "a.png").write_bytes(png_of_16_bits(CHANCE.integers(0, 65536, (6, 5, channels))))
    with pytest.warns(SchemaWarning, match=told):
        assert len(open_pictures(tmp_path / "a.png")) == 1


@pytest.mark.parametrize("size", [None, 4])
def test_a_camera_jpeg_with_a_preview_behind_it_is_read(size, tmp_path):
    photo, preview = (Image.fromarray(np.full((40, 60, 3), light, np.uint8)) for light in (200, 50))
    photo.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[preview])
    with pytest.warns(SchemaWarning, match=r"a\.jpg: 2 pictures in one file, the first is read"):
        (seen,) = open_pictures(tmp_path, size=size).arrays()
    assert abs(seen.mean() - 200) < 2


def test_a_jfif_file_is_a_jpeg(tmp_path):
    Image.fromarray(GREY[0]).save(tmp_path / "a.jfif", format="JPEG")
    assert len(open_pictures(tmp_path)) == 1
    assert are_pictures(tmp_path / "a.jfif")


def test_names_are_spelled_once_and_only_when_asked_for(folder, monkeypatch):
    spelled = []
    monkeypatch.setattr("isthmus.kinds.images.printable", lambda name: spelled.append(name) or str(name))
    opened = open_pictures(folder)
    parts = [opened.part(torch.arange(5)) for _ in range(20)]
    assert [len(part) for part in parts] == [5] * 20
    assert opened.names is opened.names
    assert parts[0].names == opened.names
    assert len(spelled) == 2 * 5


def test_a_linked_folder_is_left_out_with_a_note(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    Image.fromarray(COLOUR[0]).save(elsewhere / "a.png")
    (folder / "link").symlink_to(elsewhere)
    with pytest.warns(SchemaWarning, match="1 folder left out, only linked to: .*link"):
        assert len(open_pictures(folder)) == 5


def test_a_folder_that_turns_to_colour_late_is_in_colour_and_told(tmp_path):
    for number in range(140):
        picture = np.full((4, 4, 3), number, np.uint8)
        picture[..., 0] += 100 * (number >= 70)
        Image.fromarray(picture).save(tmp_path / f"{number:03}.png")
    with pytest.warns(SchemaWarning, match="of 64 pictures looked at are grey, the others in colour"):
        assert open_pictures(tmp_path).frame.channels == 3
    for grey, channels in ((True, 1), (False, 3)):  # who says what is meant is told nothing
        assert open_pictures(tmp_path, grey=grey).frame.channels == channels


def test_a_name_that_is_no_text_can_be_written_and_read(tmp_path):
    Image.fromarray(GREY[0]).save(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"), format="PNG")
    opened = open_pictures(tmp_path)
    assert opened.names == [f"{tmp_path}/caf\\udce9.png"]
    assert opened._read([0]).shape == (1, 1, 12, 10)


@pytest.mark.parametrize("held", [True, False])
def test_cuts_of_photos_in_memory_or_read_ahead_from_disk(held, folder, monkeypatch):
    if not held:
        monkeypatch.setattr("isthmus.kinds.cuts.HELD", 1000)
    cuts = Cuts(folder, side=6)
    assert (cuts.held is not None) == held
    order = [torch.tensor([4, 0, 1, 2, 3]), torch.tensor([3])] * 3
    drawn = []
    for _ in range(2):
        torch.manual_seed(0)
        drawn.append([batch.x for batch in cuts.take(iter(order))])
    assert [len(x) for x in drawn[0]] == [5, 1] * 3
    assert all(torch.equal(one, other) for one, other in zip(*drawn, strict=True))
    photos = open_pictures(folder).all()
    found = [_photo_of(cut, photos) for cut in drawn[0][0]]
    assert found == ([4, 0, 1, 2, 3] if held else [4, 4, 4, 4, 3])


@pytest.mark.parametrize("given", [COLOUR, list(COLOUR), open_pictures(COLOUR)], ids=["array", "list", "Pictures"])
@pytest.mark.parametrize("grey", [None, True])
def test_pictures_in_memory_are_cut_from_there_however_large(given, grey, monkeypatch):
    """As from few: a cut of every picture that a batch names."""
    drawn = []
    for limit in (2**30, 100):
        monkeypatch.setattr("isthmus.kinds.cuts.HELD", limit)
        cuts = Cuts(given, side=6, grey=grey)
        torch.manual_seed(0)
        drawn += [batch.x for batch in cuts.take([torch.tensor([4, 0, 1, 2, 3])])]
    assert torch.equal(*drawn)
    if grey is None:
        photos = open_pictures(COLOUR).all()
        assert [_photo_of(cut, photos) for cut in drawn[1]] == [4, 0, 1, 2, 3]
    else:
        assert drawn[1].shape == (5, 1, 6, 6)


def test_arrays_are_held_once_not_copied():
    cuts = Cuts(COLOUR, side=6, grey=True)
    assert all(np.shares_memory(held, COLOUR) for held in cuts.held)


def _photo_of(cut, photos):
    """The photo that a cut is part of, by colours that no two places share."""
    wanted = {tuple(pixel) for pixel in cut.permute(1, 2, 0).reshape(-1, 3).tolist()}
    has = [wanted <= {tuple(pixel) for pixel in photo.permute(1, 2, 0).reshape(-1, 3).tolist()} for photo in photos]
    return has.index(True)


def test_whole_pictures_come_with_their_numbers_where_one_cannot_be_read(folder):
    (folder / "1.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"1\.png is empty"):
        list(numbered_pictures(folder))
    with pytest.warns(SchemaWarning, match="1 of 6 files left out"):
        assert [number for number, _ in numbered_pictures(folder, skip=True)] == [0, 2, 3, 4, 5]


def test_files_of_other_formats_are_noted_once(folder):
    for name in ("a.gif", "b.bmp", "c.tiff", "d.GIF"):
        Image.fromarray(GREY[0]).save(folder / name)
    with pytest.warns(SchemaWarning, match="4 files left out, no PNG, JPEG or WebP: .*a.gif.* and 1 more") as noted:
        assert len(open_pictures(folder)) == 5
    assert len(noted) == 1


def test_a_folder_is_walked_once(folder, monkeypatch):
    """On a disk far away, or in a folder of a million files, walking takes the time of reading many pictures."""
    looked_into = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path=".": looked_into.append(str(path)) or scan(path))
    picture_files.find(folder)
    assert sorted(looked_into) == [str(folder), str(folder / "deeper")]


def test_of_several_arrays_of_pictures_the_one_that_is_read_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", labels=np.arange(5), first=GREY, second=COLOUR)
    with pytest.warns(SchemaWarning, match="its array 'first' is read, and not second"):
        np.testing.assert_array_equal(to_arrays(open_pictures(tmp_path / "a.npz").all()), GREY)
