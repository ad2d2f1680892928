"""Runs in processes of this machine."""

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait

from explore.training import Failure, Result, attempt
from model.settings import Settings


def train_here(runs: Sequence[Settings], jobs: int) -> Iterator[tuple[Settings, Result | Failure]]:
    """Train ``jobs`` runs at a time, a process each; yields them as they finish.

    A process that dies is that run's failure, and the others go on. Closing the iterator ends the
    processes.
    """
    # Forked from a server that has loaded torch, but never used it: quick, and free of the threads
    # that make forking this process unsafe.
    context = get_context("forkserver")
    context.set_forkserver_preload(["explore.training"])
    waiting, running = deque(runs), {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                settings = waiting.popleft()
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=_work, args=(settings, sender))
                process.start()
                sender.close()
                running[receiver] = process, settings
            for receiver in wait(list(running)):
                process, settings = running[receiver]
                try:
                    outcome = receiver.recv()
                except EOFError:
                    process.join()
                    outcome = Failure(_death(process.exitcode))
                process.join()
                receiver.close()
                del running[receiver]
                yield settings, outcome
    finally:
        for process, _ in running.values():
            process.terminate()
        for process, _ in running.values():
            process.join()


def _work(settings: Settings, sender: Connection) -> None:
    # Ctrl-C reaches every process of a terminal; it is for the first one, which then ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    threading.Thread(target=_follow, daemon=True).start()
    sender.send(attempt(settings))


def _follow() -> None:
    """End this process when the one that started it is gone, however it went."""
    parent_process().join()
    os.kill(os.getpid(), signal.SIGTERM)


def _death(code: int) -> str:
    if code == -signal.SIGKILL:
        return "its process was killed; if memory was short, try fewer --jobs"
    return f"its process ended with code {code}"
