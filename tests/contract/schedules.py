"""When a rail repeats its callbacks: the pauses it takes are its word, that it keeps them is its deeds."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest

CLOCK_SECONDS = 0.002


def require_schedule(callback: Mapping[str, Any], seconds: Sequence[float], scale: float) -> None:
    """The first sends were followed by these pauses, times the scale, and none came early."""
    pauses = [send["pause_seconds"] for send in callback["sends"]]
    assert pauses[: len(seconds)] == pytest.approx([each * scale for each in seconds])
    for (earlier, later), pause in zip(pairwise(callback["sends"]), pauses, strict=False):
        assert later["sent_at"] - earlier["sent_at"] >= pause - CLOCK_SECONDS
