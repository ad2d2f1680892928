"""Folders in, photographs out; what is wrong with a folder is said by name."""

import numpy as np
import pytest
import torch
from PIL import Image

from model.data import DataError, read, read_folder, read_splits
from spec.photograph import Framing, square


def test_an_image_of_the_right_size_comes_through_unchanged():
    pixels = np.random.default_rng(0).integers(0, 256, (9, 9, 3), np.uint8)
    assert np.array_equal(square(Image.fromarray(pixels), 9), pixels)


def test_other_sizes_are_resized_by_the_shorter_side_and_cropped_in_the_middle():
    pixels = np.zeros((20, 60, 3), np.uint8)
    pixels[:, 20:40] = 200
    assert (square(Image.fromarray(pixels), 20) == 200).all()
    assert square(Image.fromarray(pixels.transpose(1, 0, 2)), 10).shape == (10, 10, 3)
    assert (square(Image.fromarray(pixels[:, 21:39]), 32) == 200).all()


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("L", 90, (90, 90, 90)),
        ("1", 1, (255, 255, 255)),
        ("LA", (90, 255), (90, 90, 90)),
        ("RGBA", (200, 100, 50, 255), (200, 100, 50)),
        ("RGBA", (200, 100, 50, 0), (0, 0, 0)),
        ("CMYK", (0, 255, 255, 0), (255, 0, 0)),
        ("I;16", 0x5A00, (0x5A, 0x5A, 0x5A)),
    ],
)
def test_every_mode_becomes_rgb(tmp_path, mode, colour, expected):
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.new(mode, (5, 5), colour).save(path)
    pixels = read(path, 5)
    assert pixels.dtype == np.uint8
    assert (pixels == expected).all()


def test_a_palette_with_transparency_is_laid_over_black(tmp_path):
    image = Image.new("P", (5, 5), 1)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.save(tmp_path / "solid.png")
    image.save(tmp_path / "clear.png", transparency=b"\xff\x00")
    assert (read(tmp_path / "solid.png", 5) == (40, 50, 60)).all()
    assert (read(tmp_path / "clear.png", 5) == 0).all()


def test_exif_rotation_is_applied(tmp_path):
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate a quarter clockwise to show
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    assert (read(tmp_path / "a.png", 8)[:, -1] == 255).all()


def test_classes_and_names_are_in_order(data):
    photographs = read_folder(data / "train", 24, root=data)
    assert photographs.labels == ("blue", "green", "red")
    assert photographs.names[:2] == ("train/blue/00.png", "train/blue/01.png")
    assert photographs.targets.tolist() == [0] * 6 + [1] * 6 + [2] * 6
    assert photographs.images.shape == (18, 3, 24, 24)
    assert photographs.images.dtype == torch.uint8
    first = np.asarray(Image.open(data / "train/blue/00.png"))
    assert np.array_equal(photographs.images[0].permute(1, 2, 0).numpy(), first)


def test_bad_files_are_named_and_skipped(folders):
    folder = folders()
    (folder / "red" / "notes.txt").write_text("not a photograph")
    (folder / "red" / ".DS_Store").write_text("of no interest")
    broken = folder / "green" / "00.png"
    broken.write_bytes(broken.read_bytes()[:200])
    photographs = read_folder(folder, 24)
    assert len(photographs) == 8
    assert len(photographs.skipped) == 2
    assert "green/00.png: damaged image" in photographs.skipped[0]
    assert photographs.skipped[1].endswith("red/notes.txt: not an image")


def test_strict_refuses_the_first_bad_file(folders):
    folder = folders()
    (folder / "red" / "notes.txt").write_text("not a photograph")
    with pytest.raises(DataError, match=r"notes\.txt: not an image; remove it"):
        read_folder(folder, 24, strict=True)


def test_an_empty_class_is_refused(folders):
    folder = folders()
    (folder / "violet").mkdir()
    with pytest.raises(DataError, match="violet: an empty class"):
        read_folder(folder, 24)


def test_a_class_of_bad_files_only_is_empty(folders):
    folder = folders()
    (folder / "violet").mkdir()
    (folder / "violet" / "a.jpg").write_bytes(b"")
    with pytest.raises(DataError, match="violet: an empty class"):
        read_folder(folder, 24)


def test_no_folder_and_no_classes(tmp_path):
    with pytest.raises(DataError, match="none: no such folder"):
        read_folder(tmp_path / "none", 24)
    with pytest.raises(DataError, match="holds no class folders"):
        read_folder(tmp_path, 24)


def test_three_folders_are_three_splits(data):
    splits = read_splits(data, 24)
    assert [(name, len(part)) for name, part in splits.items()] == [
        ("train", 18),
        ("validation", 6),
        ("test", 6),
    ]


def test_a_share_is_stratified_seeded_and_disjoint(folders):
    folder = folders(8)
    splits = read_splits(folder, 24, validation_share=0.25, seed=1)
    assert splits.validation.targets.tolist() == [0, 0, 1, 1, 2, 2]
    assert set(splits.validation.names) | set(splits.train.names) == {
        path.relative_to(folder).as_posix() for path in folder.rglob("*.png")
    }
    assert len(splits.train) == 18
    assert splits.test is None
    again = read_splits(folder, 24, validation_share=0.25, seed=1)
    assert again.validation.names == splits.validation.names
    other = read_splits(folder, 24, validation_share=0.25, seed=2)
    assert other.validation.names != splits.validation.names


def test_a_list_names_the_validation_photographs(data, tmp_path):
    names = ["train/blue/03.png", "train/green/00.png", "train/red/05.png"]
    (tmp_path / "list.txt").write_text("\n".join(names) + "\n")
    splits = read_splits(data, 24, validation_list=tmp_path / "list.txt")
    assert list(splits.validation.names) == names
    assert not set(names) & set(splits.train.names)
    assert len(splits.train) == 15
    whole = read_folder(data / "train", 24, root=data)
    index = whole.names.index(names[2])
    assert torch.equal(splits.validation.images[2], whole.images[index])


def test_valid_is_the_test_part_when_a_list_gives_validation(folders):
    root = folders(4)
    for label in ("blue", "green", "red"):
        for part, number in (("train", 0), ("train", 1), ("valid", 2)):
            target = root / part / label
            target.mkdir(parents=True, exist_ok=True)
            (root / label / f"{number:02d}.png").rename(target / f"{number:02d}.png")
    splits = read_splits(root, 24, validation_share=0.5)
    assert [(name, len(part)) for name, part in splits.items()] == [
        ("train", 3),
        ("validation", 3),
        ("test", 3),
    ]
    assert splits.test.names[0] == "valid/blue/02.png"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train/blue/99.png", "names train/blue/99.png, which is no photograph"),
        ("train/blue/00.png\ntrain/red/00.png", "names no photograph of green"),
    ],
)
def test_a_bad_list(data, tmp_path, text, message):
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        read_splits(data, 24, validation_list=tmp_path / "list.txt")


def test_no_validation_part(folders):
    with pytest.raises(DataError, match=r"no valid/ folder; give --validation-share"):
        read_splits(folders(), 24)


def test_class_folders_that_differ(folders):
    root = folders()
    for part in ("train", "valid"):
        (root / part).mkdir()
    (root / "blue").rename(root / "train" / "blue")
    (root / "green").rename(root / "valid" / "green")
    with pytest.raises(DataError, match="the splits' class folders differ: blue, green"):
        read_splits(root, 24)


def test_one_photograph_cannot_be_split(folders):
    with pytest.raises(DataError, match="class blue: one photograph cannot be split"):
        read_splits(folders(1), 24, validation_share=0.5)


def test_photographs_are_framed_as_asked(data):
    framed = read_folder(data / "train", Framing(16, 24))
    whole = read_folder(data / "train", 24)
    assert torch.equal(framed.images, whole.images[:, :, 4:20, 4:20])
