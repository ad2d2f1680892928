"""One run of a study, in whichever process it happens."""

import traceback
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace

import torch

from model import checkpoint
from model.epoch import TrainError
from model.parallel import join
from model.settings import Settings
from model.train import best_of, train


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a finished run gives.

    Parameters
    ----------
    accuracy, loss
        On validation, in the best epoch; 0…1, and nats.
    epoch
        The best one, from 1.
    seconds
        Of all epochs.
    photographs
        Of validation; 0 in a result of before.
    """

    accuracy: float
    loss: float
    epoch: int
    seconds: float
    photographs: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run gave nothing, in one line."""

    why: str


def attempt(settings: Settings) -> Result | Failure:
    """Train, going on where an interrupted run of the same settings stopped.

    What the run prints is in ``output.txt`` in its folder.
    """
    folder = settings.output
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for part in folder.glob("*.part"):  # of a process that was killed while it wrote
            part.unlink()
        with (
            open(folder / "output.txt", "a", buffering=1) as file,
            redirect_stdout(file),
            redirect_stderr(file),
        ):
            return _train(settings)
    except OSError as error:
        return Failure(f"{folder}: cannot be written ({error.strerror})")


def _train(settings: Settings) -> Result | Failure:
    torch.set_num_threads(settings.threads)
    last = settings.output / "last.pt"
    try:
        train(replace(settings, resume=last.is_file()), join())
        made = checkpoint.load(last)
    except (ValueError, TrainError, OSError) as error:  # model says these in a line
        return Failure(" ".join(str(error).split()))
    except Exception as error:
        traceback.print_exc()
        return Failure(f"{type(error).__name__}: {' '.join(str(error).split())}")
    best = best_of(made.history)
    return Result(
        accuracy=best["validation_accuracy"],
        loss=best["validation_loss"],
        epoch=best["epoch"],
        seconds=round(sum(entry["seconds"] for entry in made.history), 1),
        photographs=len(made.photographs["validation"]),
    )
