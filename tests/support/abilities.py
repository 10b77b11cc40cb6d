"""`@pytest.mark.needs(Ability.CLOSE)`: which rails a test is made for, by what their adapters declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paygate.strategies import registry

if TYPE_CHECKING:
    import pytest


def is_able(rail: str, test: pytest.Item) -> bool:
    """Whether the rail can do all that the test needs."""
    method = registry.method_of_rail(rail)
    assert method is not None, rail
    inabilities = registry.load(method.adapter).inabilities
    return not any(ability in inabilities for mark in test.iter_markers("needs") for ability in mark.args)
