"""Seconds by stage, recorded only while somebody listens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_heard: ContextVar[dict[str, float] | None] = ContextVar("heard", default=None)


@contextmanager
def listen() -> Iterator[dict[str, float]]:
    """A dict that fills with wall seconds by stage name while the block runs."""
    seconds: dict[str, float] = {}
    token = _heard.set(seconds)
    try:
        yield seconds
    finally:
        _heard.reset(token)


def stage(function: Callable[P, R]) -> Callable[P, R]:
    """Marks one stage of the walk; costs one look-up while nobody listens."""

    @wraps(function)
    def timed(*args: P.args, **kwargs: P.kwargs) -> R:
        seconds = _heard.get()
        if seconds is None:
            return function(*args, **kwargs)
        start = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            name = function.__name__
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - start

    return timed
