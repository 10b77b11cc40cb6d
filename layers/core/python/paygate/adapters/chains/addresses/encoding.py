"""What a family's addresses are: how a public key becomes one, and how it is written and read."""

from __future__ import annotations

from typing import Protocol


class Encoding(Protocol):
    """Keys are as `paygate.chain_ports` says."""

    def of_point(self, point: bytes, /) -> str:
        """The key of a public key, which comes uncompressed: 65 bytes, the first of them 4."""

    def text(self, key: str, /) -> str:
        """As people write it. Raises ValueError for an output script that has no address."""

    def key(self, text: str, /) -> str:
        """Raises ValueError with what is wrong, in words for whoever typed it."""
