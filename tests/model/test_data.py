"""Folders in, photographs out; what is wrong with a folder is said by name."""

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from model.data import DataError, inventory, read_folder, read_splits, remarks
from model.layout import check_output
from photo.files import read
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


def move(root, *pairs):
    """Folders of ``root`` to other places in it."""
    for old, new in pairs:
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        (root / old).rename(root / new)


@pytest.mark.parametrize(
    "names",
    [
        ("Train", "Test", "Valid"),
        ("training", "validation"),
        ("TRAIN", "valid"),
        ("train", "val"),
        ("train", "validation_set", "test"),
        ("train_images", "test_images"),
        ("cats", "test set"),
        ("train1", "train2"),
        ("train", "hold-out"),
        ("seg_train", "seg_test"),
        ("Cats Training", "Cats Validation"),
        ("train-cats", "test-cats"),
    ],
)
def test_parts_of_other_names_are_no_classes(folders, names):
    root = folders(4)
    for number, name in enumerate(names):
        for label in ("blue", "red"):
            move(root, (f"{label}/{number:02d}.png", f"{name}/{label}/{number:02d}.png"))
    for label in ("blue", "green", "red"):
        for path in (root / label).iterdir():
            path.unlink()
        (root / label).rmdir()
    with pytest.raises(DataError, match="parts must be called train/, valid/ and"):
        read_splits(root, 24, validation_share=0.5)


def test_one_class_may_be_called_like_a_part_of_something(folders):
    root = folders()
    move(root, ("red", "bullet_train"), ("blue", "smoke test"))
    labels = read_splits(root, 24, validation_share=0.4).train.labels
    assert labels == ("bullet_train", "green", "smoke test")


def test_parts_without_training(folders):
    root = folders()
    move(root, ("red", "test/red"))
    with pytest.raises(DataError, match=r"holds test/ but no train/"):
        read_splits(root, 24, validation_share=0.5)


def test_classes_may_be_called_like_parts_inside_train(folders):
    root = folders()
    move(root, ("blue", "train/test"), ("green", "train/valid"), ("red", "red"))
    splits = read_splits(root, 24, validation_share=0.4)
    assert splits.train.labels == ("test", "valid")
    assert splits.notes == (f"{root}: red/ beside train/ left out",)
    assert next(iter(remarks(splits))) == splits.notes[0]


@pytest.mark.parametrize("names", [("cats",), ("2023", "2024")])
def test_one_folder_too_many(folders, names):
    root = folders(4)
    for number, name in enumerate(names):
        for label in ("blue", "green"):
            move(root, (f"{label}/{number:02d}.png", f"{name}/{label}/{number:02d}.png"))
    root = root.rename(root.with_name("all"))
    for label in ("blue", "green", "red"):
        for path in (root / label).iterdir():
            path.unlink()
        (root / label).rmdir()
    with pytest.raises(DataError, match=rf"such as {root / names[0]}; or --nested if {names[0]}/"):
        read_splits(root, 24, validation_share=0.5)
    if len(names) > 1:
        splits = read_splits(root, 24, validation_share=0.5, nested=True)
        assert splits.train.labels == names


def test_classes_may_have_folders_of_their_own(folders):
    root = folders()
    move(root, ("red/00.png", "red/camera 1/00.png"), ("red/01.png", "red/camera 2/01.png"))
    splits = read_splits(root, 24, validation_share=0.4)
    assert len(splits.train) + len(splits.validation) == 9


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("name", ["test", "Validation", "train_images"])
def test_a_part_is_not_inside_a_class(folders, name, nested):
    root = folders()
    move(root, ("red/00.png", f"red/deep/{name}/00.png"))
    with pytest.raises(DataError, match=rf"red: holds a folder {name}/, a part inside a class"):
        read_splits(root, 24, validation_share=0.4, nested=nested)


def test_a_class_with_folders_of_the_other_classes(folders):
    root = folders()
    move(root, ("red/00.png", "more/red/00.png"), ("blue/00.png", "more/blue/00.png"))
    with pytest.raises(
        DataError, match=r"more: holds a folder blue/, which is called like another"
    ):
        read_splits(root, 24, validation_share=0.4)
    splits = read_splits(root, 24, validation_share=0.4, nested=True)
    assert splits.train.labels == ("blue", "green", "more", "red")


def test_a_photograph_in_two_classes_is_said(folders):
    root = folders()
    shutil.copy(root / "red" / "00.png", root / "blue" / "again.png")
    said = list(remarks(read_splits(root, 24, validation_share=0.4)))
    assert any(line.startswith("2 photographs are in two classes or more") for line in said)


def test_one_class_is_nothing_to_tell_apart(folders):
    root = folders()
    move(root, ("red", "train/red"))
    with pytest.raises(DataError, match="holds one class, red; there must be two or more"):
        read_splits(root, 24, validation_share=0.4)


def test_hidden_folders_are_no_classes_and_hide_photographs(folders):
    root = folders()
    move(root, ("blue/00.png", "red/.ipynb_checkpoints/00.png"), ("blue/01.png", "@eaDir/01.png"))
    photographs = read_folder(root, 24)
    assert photographs.labels == ("blue", "green", "red")
    assert photographs.counts() == [1, 3, 3] and not photographs.skipped


def test_what_is_found_is_said(folders):
    root = folders()
    os.mkfifo(root / "blue" / "pipe.png")
    assert list(inventory("train", read_folder(root, 24))) == [
        "train: 9 photographs, 1 files skipped",
        f"  skipped {root / 'blue' / 'pipe.png'}: not a regular file",
        "  3 classes: blue 3, green 3, red 3",
    ]


def test_many_classes_are_not_all_listed(folders):
    photographs = replace(read_folder(folders(), 24), labels=tuple(map(str, range(30))))
    assert list(inventory("all", photographs))[1].endswith(", 19 0, … 10 more")


def test_a_class_of_few_photographs_is_remarked(folders):
    root = folders(20)
    for path in sorted((root / "red").iterdir())[4:]:
        path.unlink()
    splits = read_splits(root, 8, validation_share=0.5)
    line = (
        "train: 2 of red, and 10 of the largest class: it will hardly be learned; add photographs"
    )
    assert not any(remark.startswith(line) for remark in remarks(splits))
    for path in sorted((root / "red").iterdir())[2:]:
        path.unlink()
    splits = read_splits(root, 8, validation_share=0.5)
    line = line.replace("2 of red", "1 of red")
    assert any(remark.startswith(line) for remark in remarks(splits))


def test_few_photographs_and_doubles_are_remarked(folders):
    root = folders()
    (root / "red" / "09.png").write_bytes((root / "red" / "00.png").read_bytes())
    (tmp := root.parent / "list.txt").write_text("red/09.png\nblue/00.png\ngreen/00.png")
    said = list(remarks(read_splits(root, 24, validation_list=tmp)))
    assert said == [
        "validation: 1 of 3 photographs are in training, too, pixel for pixel",
        "validation: few photographs for a figure: 3 right of 3 would mean an accuracy of 0.44 to "
        "1.00 (95 %)",
    ]


def test_accents_are_composed_in_one_way(folders):
    root = folders()
    move(root, ("red", "train/Lo\u0308we"), ("blue", "train/a"))
    (root / "valid").mkdir()
    for label, own in (("L\u00f6we", "Lo\u0308we"), ("a", "a")):
        shutil.copytree(root / "train" / own, root / "valid" / label)
    splits = read_splits(root, 24)
    assert splits.train.labels == splits.validation.labels == ("L\u00f6we", "a")
    shutil.copytree(root / "train" / "Lo\u0308we", root / "train" / "L\u00f6we")
    with pytest.raises(DataError, match="two class folders are called L\u00f6we"):
        read_splits(root, 24)


@pytest.mark.parametrize("other", ["red ", "red\u200b", "re\u00add", "\uff52ed", "r\u00a0ed"])
def test_names_that_look_the_same_are_not_two_classes(folders, other):
    root = folders()
    (root / "blue").rename(root / other)
    with pytest.raises(DataError, match=r"class folders 'red' and .* differ only in what is not"):
        read_folder(root, 24)


def test_names_that_differ_in_capitals_are_said(folders):
    root = folders()
    (root / "blue").rename(root / "Red")
    splits = read_splits(root, 24, validation_share=0.4)
    line = "the classes Red and red differ only in capital letters: are they one?"
    assert line in list(remarks(splits))


def test_a_list_may_spell_accents_in_the_other_way(folders):
    root = folders(2)
    move(root, ("red", "Lo\u0308we"))
    (root.parent / "list.txt").write_text("blue/00.png\ngreen/00.png\nL\u00f6we/01.png")
    splits = read_splits(root, 24, validation_list=root.parent / "list.txt")
    assert splits.validation.names[0] == "L\u00f6we/01.png"


def test_class_names_that_are_no_utf8_can_be_written(folders):
    root = folders(2)
    os.rename(root / "red", os.fsencode(root) + b"/L\xf6we")
    photographs = read_folder(root, 24)
    assert photographs.labels[0] == photographs.names[0].split("/")[0] == "L\\xf6we"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
@pytest.mark.parametrize("write", ["{}", "./{}", "{}\r", "  {}"])
def test_lists_of_other_systems(data, tmp_path, encoding, write):
    names = ["train/blue/03.png", "train/green/00.png", "train/red/05.png"]
    for text in (names, [name.replace("/", "\\") for name in names]):
        lines = "\n".join(write.format(name) for name in text)
        (tmp_path / "list.txt").write_bytes(lines.encode(encoding))
        splits = read_splits(data, 24, validation_list=tmp_path / "list.txt")
        assert list(splits.validation.names) == names


def test_a_list_of_every_photograph(data, tmp_path):
    names = read_folder(data / "train", 24, root=data).names
    (tmp_path / "list.txt").write_text("\n".join(names))
    with pytest.raises(DataError, match="names every photograph of blue; none is left to train on"):
        read_splits(data, 24, validation_list=tmp_path / "list.txt")


@pytest.mark.parametrize("inside", [".", "run", "red/run"])
def test_a_run_is_not_written_among_the_classes(folders, inside):
    root = folders()
    with pytest.raises(DataError, match=r"lies in .*, whose folders are the classes"):
        check_output(root, root / inside)
    check_output(root, root.parent / "run")
    check_output(root, root.with_name(f"{root.name} run"))


def test_a_run_may_lie_beside_the_parts(folders):
    root = folders()
    move(root, ("red", "train/red"), ("blue", "train/blue"), ("green", "valid/green"))
    check_output(root, root / "run")
    with pytest.raises(DataError, match=r"lies in .*train/, whose folders"):
        check_output(root, root / "train" / "run")
