"""What every run of this folder shares: its seed, and the program ready to be born."""

from __future__ import annotations

from collections.abc import Iterator
from subprocess import Popen

import pytest

from tests.chaos.lives import warm_process


@pytest.fixture(scope="session")
def warm() -> Iterator[Popen[bytes]]:
    """The program, imported and ready to be born."""
    with warm_process() as process:
        yield process
