"""Pictures as people have them: every odd file is told by name, and what can be used is used."""

import struct
import warnings
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from isthmus.errors import DataError, OptionError, SchemaWarning
from isthmus.kinds.images import Frame, are_pictures, open_pictures, to_arrays

CHANCE = np.random.default_rng(0)
GREY = CHANCE.integers(0, 256, (5, 12, 10), dtype=np.uint8)
COLOUR = CHANCE.integers(0, 256, (5, 12, 10, 3), dtype=np.uint8)


def png_claiming(width, height):
    """A PNG of a few bytes whose header promises any size."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


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
    with pytest.warns(SchemaWarning, match=r"left out: .*gone\.png is a link"):
        assert len(open_pictures(folder, skip=True)) == 5


def test_files_of_other_formats_are_noted_once(folder):
    for name in ("a.gif", "b.bmp", "c.tiff", "d.GIF"):
        Image.fromarray(GREY[0]).save(folder / name)
    with pytest.warns(SchemaWarning, match="4 files left out, no PNG, JPEG or WebP: .*a.gif.* and 1 more") as noted:
        assert len(open_pictures(folder)) == 5
    assert len(noted) == 1


def test_of_several_arrays_of_pictures_the_one_that_is_read_is_named(tmp_path):
    np.savez(tmp_path / "a.npz", labels=np.arange(5), first=GREY, second=COLOUR)
    with pytest.warns(SchemaWarning, match="its array 'first' is read, and not second"):
        np.testing.assert_array_equal(to_arrays(open_pictures(tmp_path / "a.npz").all()), GREY)
