"""``python -m model.wildcats DOWNLOAD --output DIR``: the published photographs, as they are used.

The photographs behind ``docs/results.md`` are of *10 Big Cats of the Wild*, on Kaggle under
``gpiosenka/cats-in-the-wild-image-classification``, CC0 by its card: a zip, or the folder that
comes out of it, with ``train/``, ``valid/`` and ``test/`` and a folder a cat in each.
"""

import argparse
import hashlib
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from photo.files import hidden, named_like_one
from spec import terminal
from spec.arguments import Parser
from spec.text import printable

VALIDATION = {
    "CARACAL": "1 2 7 17 19 21 35 36 51 63 69 71 77 102 114 127 140 149 156 163 164 172 191 193 "
    "205 224 228 230",
    "CHEETAH": "12 47 52 55 66 70 72 93 96 100 107 127 130 134 136 140 143 165 168 172 174 178 182 "
    "192 216 219 221 228",
    "LION": "1 5 17 19 23 27 28 43 44 50 67 70 76 79 92 124 127 150 160 175 178 179 186 195 199 "
    "209 216 225",
    "PUMA": "14 39 42 46 60 61 69 96 104 106 123 129 137 147 149 156 161 169 185 189 193 197 200 "
    "213 214 230 231 232",
    "TIGER": "8 17 21 38 40 52 54 55 63 64 72 79 86 90 91 96 98 104 122 142 145 148 153 180 197 "
    "207 210 211 228",
}
"""The five cats, and which of their training photographs validate."""
STRANGERS = ("AFRICAN LEOPARD", "CLOUDED LEOPARD", "JAGUAR")
PARTS = ("train", "valid", "test")
MEASURED = {
    "wildcats5": "fb0fa3893015667c1d7ecabb880c73b82e57a67bac7e5a06ee1174055bfef3c6",
    "strangers": "82ea622ff0ff5112534fea29dea15fa5939b548c649f39acebcf91307ecdcb6d",
}
"""SHA-256 of what ``sha256sum`` prints of the files behind docs/results.md, in order of name."""


class DownloadError(ValueError):
    """A download that cannot be laid out; the message names it and the way out."""


@contextmanager
def opened(download: Path) -> Iterator[Path | zipfile.Path]:
    """The inside of a folder or a zip."""
    if download.is_dir():
        yield download
        return
    shown = printable(download)
    try:
        archive = zipfile.ZipFile(download)
    except OSError as error:
        raise DownloadError(f"{shown}: cannot be read ({error.strerror})") from error
    except zipfile.BadZipFile as error:
        raise DownloadError(f"{shown}: neither a folder nor a zip") from error
    if any(member.flag_bits & 1 for member in archive.infolist()):
        archive.close()
        raise DownloadError(f"{shown}: has a password; unpack it and name the folder")
    try:
        with archive:
            yield zipfile.Path(archive)
    except NotImplementedError as error:  # by zipfile: a method of compression it does not know
        raise DownloadError(
            f"{shown}: packed in a way that Python does not know; unpack it and name the folder"
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DownloadError(f"{shown}: damaged ({error}); download it again") from error


def parts_of(inside: Path | zipfile.Path, shown: str) -> dict[str, Path | zipfile.Path]:
    """The folders ``train``, ``valid`` and ``test``, perhaps one folder further down."""
    for place in [inside, *(one for one in inside.iterdir() if one.is_dir())]:
        found = {name: place / name for name in PARTS if (place / name).is_dir()}
        if len(found) == len(PARTS):
            return found
    raise DownloadError(f"{shown}: holds no {', '.join(f'{name}/' for name in PARTS)}")


def cat(folder: Path | zipfile.Path) -> str:
    """A folder's cat as it is called here: the download has LIONS, too."""
    name = folder.name.strip().upper()
    return name.removesuffix("S") if name.removesuffix("S") in VALIDATION else name


def photographs(part: Path | zipfile.Path, shown: str) -> dict[str, list]:
    """The photographs of each cat of a part."""
    found = {
        cat(folder): [
            file
            for file in folder.iterdir()
            if file.is_file() and named_like_one(Path(file.name)) and not hidden(file.name)
        ]
        for folder in part.iterdir()
        if folder.is_dir()
    }
    missing = [name for name in (*VALIDATION, *STRANGERS) if not found.get(name)]
    if missing:
        raise DownloadError(f"{shown}: {part.name}/ has no photographs of {', '.join(missing)}")
    return found


def lay_out(download: Path, output: Path) -> Iterator[str]:
    """Copy the photographs to ``output/wildcats5`` and ``output/strangers``; lines on it.

    Raises
    ------
    DownloadError
        If the download is none, or what is to be written is there already.
    """
    shown = printable(download)
    for name in MEASURED:
        if (output / name).exists():
            raise DownloadError(
                f"{printable(output / name)}: exists; remove it, or give another --output"
            )
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output) as unfinished:
        with opened(download) as inside:
            fill(Path(unfinished), inside, shown)
        for name in MEASURED:
            (Path(unfinished) / name).rename(output / name)
    for name, measured in MEASURED.items():
        count, digest = digest_of(output / name)
        same = "the files" if digest == measured else "but not the files"
        yield f"{printable(output / name)}: {count} photographs, {same} that were measured"
    cats = output / "wildcats5"
    listed = [
        f"train/{name}/{int(number):03}.jpg"
        for name, numbers in VALIDATION.items()
        for number in numbers.split()
    ]
    there = [file for file in listed if (cats / file).is_file()]
    (cats / "validation.txt").write_text("".join(f"{file}\n" for file in there))
    yield f"{printable(cats / 'validation.txt')}: {len(there)} of {len(listed)} photographs"


def fill(target: Path, inside: Path | zipfile.Path, shown: str) -> None:
    """Copy what is used of the download into the folders of ``MEASURED``."""
    found = {name: photographs(part, shown) for name, part in parts_of(inside, shown).items()}
    for part, by_cat in found.items():
        for name in VALIDATION if part != "test" else ():  # so that valid/ is what tests
            copy(by_cat[name], target / "wildcats5" / part / name)
        for name in STRANGERS:
            copy(by_cat[name], target / "strangers" / name, f"{part}_")


def copy(files: list, folder: Path, before: str = "") -> None:
    """Copy files into a folder, ``before`` put before their names."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        with file.open("rb") as source, open(folder / f"{before}{file.name}", "wb") as target:
            shutil.copyfileobj(source, target)


def digest_of(folder: Path) -> tuple[int, str]:
    """How many files a folder has, and SHA-256 of what ``sha256sum`` prints of them by name."""
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.*")}
    lines = [
        f"{hashlib.sha256(files[name].read_bytes()).hexdigest()}  ./{name}\n"
        for name in sorted(files)
    ]
    return len(lines), hashlib.sha256("".join(lines).encode()).hexdigest()


def run(arguments: argparse.Namespace) -> int:
    for line in lay_out(arguments.download, arguments.output):
        print(line)
    return 0


def main(argv: list[str] | None = None) -> int:
    parser = Parser(
        prog="python -m model.wildcats",
        description=__doc__,
        examples=("cats-in-the-wild-image-classification.zip --output photographs",),
    )
    parser.add_argument("download", type=Path, help="the zip, or the folder that came out of it")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    arguments = parser.parse_args(argv)
    return terminal.run("model.wildcats", lambda: run(arguments), bad=(DownloadError, OSError))


if __name__ == "__main__":
    sys.exit(main())
