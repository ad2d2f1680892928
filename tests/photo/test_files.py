"""What is a photograph, wherever it lies, and what becomes of all the rest."""

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFile

from photo import files
from photo.files import _ZEROS, PhotographError, find, read, read_whole
from spec.photograph import square


def picture(path: Path, **more) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(path, **more)
    return path


def names(found: tuple[Path, ...], folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in found]


def test_a_photograph_is_read_by_the_rule(tmp_path):
    path = picture(tmp_path / "a.png")
    with Image.open(path) as image:
        assert np.array_equal(read(path, 16), square(image, 16))


@pytest.mark.parametrize("name", ["a.JPG", "a.jfif", "a.jpe", "a.mpo", "a.jp2", "a.avif", "a.ppm"])
def test_every_name_of_a_photograph(tmp_path, name):
    picture(tmp_path / name)
    found = find(tmp_path)
    assert names(found.photographs, tmp_path) == [name] and not found.others
    assert read(tmp_path / name, 16).shape == (16, 16, 3)


def test_a_name_of_nobody_is_a_photograph_by_its_content(tmp_path):
    picture(tmp_path / "a.png").rename(tmp_path / "IMG_0001")
    (tmp_path / "notes.txt").write_text("lions")
    found = find(tmp_path)
    assert names(found.photographs, tmp_path) == ["IMG_0001"]
    assert found.others == (f"{tmp_path / 'notes.txt'}: not an image",)


@pytest.mark.parametrize(
    "folder",
    [
        *(".ipynb_checkpoints", "@eaDir", ".thumbnails", ".Trash-1000/files", "__MACOSX/a"),
        *("#recycle", "RECYCLED", "FOUND.012", "LOST.DIR", "TheVolumeSettingsFolder"),
        "~syncthing~a",
    ],
)
def test_a_hidden_folder_hides_all_that_is_in_it(tmp_path, folder):
    picture(tmp_path / folder / "a.png")
    picture(tmp_path / "._b.png")
    picture(tmp_path / "b.png@SynoEAStream", format="PNG")
    (tmp_path / "Thumbs.db").write_text("theirs")
    picture(tmp_path / "kept" / "b.png")
    found = find(tmp_path)
    assert names(found.photographs, tmp_path) == ["kept/b.png"] and not found.others


def test_a_folder_asked_for_by_name_may_be_hidden(tmp_path):
    picture(tmp_path / ".mine" / "a.png")
    assert names(find(tmp_path / ".mine").photographs, tmp_path) == [".mine/a.png"]


def test_what_is_no_regular_file_is_said(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    found = find(tmp_path)
    assert not found.photographs
    assert found.others == (
        f"{tmp_path / 'gone.jpg'}: a link to nothing",
        f"{tmp_path / 'pipe.jpg'}: not a regular file",
    )
    with pytest.raises(PhotographError, match=r"pipe\.jpg: not a regular file"):
        read(tmp_path / "pipe.jpg", 16)
    with pytest.raises(PhotographError, match=r"gone\.jpg: no such file"):
        read(tmp_path / "gone.jpg", 16)


def test_links_to_folders_are_followed_once(tmp_path):
    picture(tmp_path / "elsewhere" / "a.png")
    own = tmp_path / "own"
    picture(own / "b.png")
    (own / "link").symlink_to(tmp_path / "elsewhere")
    (own / "link2").symlink_to(tmp_path / "elsewhere")
    (own / "loop").symlink_to(own)
    found = find(own)
    assert names(found.photographs, own) == ["b.png", "link/a.png"]
    again = "leads to a folder that was read already"
    assert found.others == (f"{own / 'link2'}: {again}", f"{own / 'loop'}: {again}")


def test_a_folder_that_is_none(tmp_path):
    with pytest.raises(PhotographError, match="nowhere: cannot be read"):
        find(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "error",
    # None of them an OSError: a decoder may be C, Python or a plug-in, and promises nothing.
    [
        *(RuntimeError("planes"), NotImplementedError("flags"), struct.error("range"), EOFError()),
        *(IndexError("tile"), KeyError("mode"), ZeroDivisionError("x"), MemoryError(), SyntaxError),
        *(AssertionError("box"), RecursionError("deep"), UnicodeDecodeError("x", b"", 0, 1, "y")),
    ],
)
def test_whatever_a_decoder_throws_is_one_named_line(tmp_path, monkeypatch, error):
    path = picture(tmp_path / "a.png")

    def broken(*_):
        raise error

    monkeypatch.setattr(ImageFile.ImageFile, "load", broken)
    with pytest.raises(PhotographError, match=r"a\.png: damaged image \(.+\)$") as caught:
        read(path, 16)
    assert "\n" not in str(caught.value)


def test_damaged_files_of_several_formats(tmp_path):
    for kind in ("png", "jpg", "avif", "tif", "webp", "jp2", "gif", "dds"):
        data = picture(tmp_path / f"a.{kind}").read_bytes()
        for cut in range(1, 12):
            (tmp_path / f"cut.{kind}").write_bytes(data[: len(data) * cut // 12])
            try:
                assert read(tmp_path / f"cut.{kind}", 16).shape == (16, 16, 3)
            except PhotographError as error:
                assert f"cut.{kind}: " in str(error) and "\n" not in str(error)


def test_an_exif_tag_of_a_wrong_type_is_no_damage(tmp_path):
    """Its resolution unit is a byte where it should be a short; a viewer does not care."""
    upright = picture(tmp_path / "a.jpg")
    tags = [(0x0112, 3, 1, struct.pack("<HH", 6, 0)), (0x0128, 1, 1, struct.pack("<BBH", 2, 0, 0))]
    block = b"Exif\0\0II*\0" + struct.pack("<LH", 8, len(tags))
    block += b"".join(struct.pack("<HHL", *tag[:3]) + tag[3] for tag in tags) + bytes(4)
    picture(tmp_path / "b.jpg", exif=block)
    with Image.open(upright) as image:
        turned = square(image.transpose(Image.Transpose.ROTATE_270), 16)
    assert np.array_equal(read(tmp_path / "b.jpg", 16), turned)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("kind", ["L", "I;16", "RGB"])
def test_a_turned_tiff_is_set_upright_once(tmp_path, orientation, kind):
    grey = np.arange(16 * 24, dtype=np.uint16).reshape(16, 24) * 170
    image = Image.fromarray(grey if kind == "I;16" else (grey >> 8).astype(np.uint8))
    image = image.convert("RGB") if kind == "RGB" else image
    image.save(tmp_path / "a.tif", tiffinfo={0x0112: orientation})
    quarters = {1: 0, 3: 2, 6: -1, 8: 1}[orientation]
    upright = np.rot90((grey >> 8).astype(np.uint8), quarters)
    assert np.array_equal(read_whole(tmp_path / "a.tif")[:, :, 1], upright)


def test_formats_that_are_not_opened_say_what_to_do(tmp_path):
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(40))
    assert names(find(tmp_path).photographs, tmp_path) == ["a.heic"]
    with pytest.raises(PhotographError, match=r"a\.heic: not an image.*save it as JPEG"):
        read(tmp_path / "a.heic", 16)


@pytest.mark.parametrize("name", ["a.NEF", "a.dng", "a.cr2"])
def test_a_camera_s_raw_file_is_not_its_preview(tmp_path, name):
    """It may be a TIFF whose first picture is a small preview."""
    picture(tmp_path / "a.tif").rename(tmp_path / name)
    assert names(find(tmp_path).photographs, tmp_path) == [name]
    with pytest.raises(PhotographError, match=rf"{name}: a camera's raw file; develop it, and sa"):
        read(tmp_path / name, 16)


def test_a_kind_of_tiff_that_is_not_opened_says_what_to_do(tmp_path):
    data = bytearray(picture(tmp_path / "a.tif").read_bytes())
    at = data.index(struct.pack("<HHL", 262, 3, 1)) + 8
    data[at : at + 2] = struct.pack("<H", 32803)  # a sensor's colour filters
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(PhotographError, match=r"a\.tif: not an image that can be read; save it as"):
        read(tmp_path / "a.tif", 16)


def test_what_editors_leave_beside_a_photograph_is_hidden(tmp_path):
    for name in ("a.png~", "~$a.png", "@tmp/a.png", "~snapshot/a.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        picture(tmp_path / "a.png").rename(tmp_path / name)
    assert find(tmp_path).photographs == ()


def test_names_of_other_bytes(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/L\xf6we.png"))
    picture(tmp_path / "a.png").rename(path)
    assert find(tmp_path).photographs == (path,)
    assert read(path, 16).shape == (16, 16, 3)
    path.write_bytes(b"no image")
    with pytest.raises(PhotographError) as caught:
        read(path, 16)
    assert str(caught.value) == f"{tmp_path}/L\\xf6we.png: not an image"


def test_decoders_may_warn(tmp_path, monkeypatch):
    """Where warnings are errors, as in these tests, a photograph that can be read is read."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 400)  # of 600: a warning
    assert read(picture(tmp_path / "a.png"), 16).shape == (16, 16, 3)
    file = io.BytesIO()
    Image.new("RGB", (40, 40)).save(file, "PNG")
    (tmp_path / "b.png").write_bytes(file.getvalue())
    with pytest.raises(PhotographError, match=r"b\.png: larger than 800 pixels; make it smaller"):
        read(tmp_path / "b.png", 16)


def test_the_list_holds_what_pillow_decodes_and_people_have():
    Image.init()
    wanted = {"JPEG", "PNG", "TIFF", "WEBP", "AVIF", "GIF", "BMP", "JPEG2000", "MPO", "DDS", "PPM"}
    known = {name for name, kind in Image.registered_extensions().items() if kind in wanted}
    assert known - files.SUFFIXES <= {".pfm"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "QOI"])
def test_a_copy_that_was_broken_off_where_space_was_made_for_all(tmp_path, kind):
    """Decoders draw the rest grey or black, without a word."""
    noise = np.random.default_rng(1).integers(0, 256, (60, 60, 3), np.uint8)
    path = tmp_path / "a.img"
    Image.fromarray(noise).save(path, kind)
    whole = path.read_bytes()
    for zeros in (_ZEROS, 1000, 70000):  # more than a block that is read
        path.write_bytes(whole[: -min(zeros, 1000)] + bytes(zeros))
        with pytest.raises(PhotographError, match="ends in zeros"):
            read(path, 24)
    path.write_bytes(whole)
    expected = read(path, 24)
    if kind in ("JPEG", "PNG"):  # cards are filled up to whole sectors
        for zeros in (512, 70000):
            path.write_bytes(whole + bytes(zeros))
            assert (read(path, 24) == expected).all()


def test_black_is_no_end(tmp_path):
    Image.new("RGB", (60, 60)).save(tmp_path / "a.bmp")
    Image.new("L", (600, 600)).save(tmp_path / "a.jpg", optimize=True)
    for name in ("a.bmp", "a.jpg"):
        assert not read(tmp_path / name, 24).any()
