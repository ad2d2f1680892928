"""Runs on a Ray cluster. Ray is an extra: only this file needs it."""

import socket
from collections import deque
from collections.abc import Iterator, Sequence

from explore.training import Failure, Result, attempt
from model.settings import Settings

LOCAL = "local"
"""The address that starts a cluster on this machine, for as long as the study takes."""


class ClusterError(RuntimeError):
    """No cluster; the message says the way out."""


def train_on_ray(
    runs: Sequence[Settings], jobs: int | None, address: str
) -> Iterator[tuple[Settings, Result | Failure]]:
    """Train runs on a cluster, at most ``jobs`` at a time (None: Ray decides); yields as they end.

    The nodes have this package, and see data and output under the same paths.

    Raises
    ------
    ClusterError
        If Ray is not installed, or does not answer at ``address``.
    """
    try:
        import ray
    except ImportError:
        raise ClusterError(
            "--ray needs Ray: pip install 'caracal[ray]', or go without for local processes"
        ) from None
    _knock(address)
    own = {}
    if address == LOCAL:
        own = {"include_dashboard": False}
        if jobs is not None and runs:
            own["num_cpus"] = jobs * runs[0].threads
    try:
        ray.init(address, log_to_driver=False, logging_level="error", **own)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise _nobody(address, error) from None
    train = ray.remote(attempt)
    waiting, running = deque(runs), {}
    try:
        while waiting or running:
            while waiting and (jobs is None or len(running) < jobs):
                settings = waiting.popleft()
                task = train.options(num_cpus=settings.threads).remote(settings)
                running[task] = settings
            (done,), _ = ray.wait(list(running))
            try:
                outcome = ray.get(done)
            except ray.exceptions.RayError as error:
                outcome = Failure(" ".join(str(error).split()))
            yield running.pop(done), outcome
    finally:
        for task in running:
            ray.cancel(task)
        ray.shutdown()


def _knock(address: str) -> None:
    """Raise at once if nobody listens at HOST:PORT: Ray itself would try for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon:
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, ValueError, OverflowError) as error:
        raise _nobody(address, error) from None


def _nobody(address: str, error: Exception) -> ClusterError:
    return ClusterError(
        f"--ray {address}: no cluster there, or it wants another RAY_AUTH_TOKEN "
        f"({' '.join(str(error).split())}); start one with ray start --head, or give --ray {LOCAL}"
    )
