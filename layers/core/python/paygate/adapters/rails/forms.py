"""Forms of rails, taken apart into what signatures are made over: the parameters, sorted by name.

It is as quick as the escapes are undone. Python is slow at percent signs, and quick at quoted-printable (RFC 2045,
6.7), which is the same hexadecimal behind another sign. What is escaped badly comes out differently, and then does
not verify: so nothing may be read here but what a signature was verified over.
"""

from __future__ import annotations

from binascii import a2b_qp
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_AND, IS = b"\x00", b"\x01"
"""In place of `&` and `=` where nothing is escaped any more; both sort before all that names are made of."""

_QUOTED = bytes.maketrans(b"&=+%", _AND + IS + b" =")


def sorted_parts(body: bytes) -> list[bytes]:
    """The parameters, each a name, IS and a value."""
    parts = a2b_qp(body.strip().translate(_QUOTED)).split(_AND)
    parts.sort()
    return parts


def value(parts: list[bytes], begin: bytes) -> bytes:
    """The value of the first parameter of a name; `begin` is the name and IS."""
    at = bisect_left(parts, begin)
    found = parts[at] if at < len(parts) else b""
    return found[len(begin) :] if found.startswith(begin) else b""


def taken(parts: list[bytes], begin: bytes) -> bytes:
    """The same, and it is no longer among them."""
    at = bisect_left(parts, begin)
    found = parts[at] if at < len(parts) else b""
    if not found.startswith(begin):
        return b""
    del parts[at]
    return found[len(begin) :]


def filled(parts: Iterable[bytes]) -> list[bytes]:
    """Those that have a value."""
    return [part for part in parts if part.partition(IS)[2]]


def joined(parts: Iterable[bytes]) -> bytes:
    """What is signed: `name=value&name=value`."""
    return b"&".join(parts).replace(IS, b"=")


def as_signed(parts: Iterable[bytes]) -> dict[bytes, bytes]:
    """The values by name, read as they were signed; raises ValueError for a name that is there twice."""
    listed = [part.replace(IS, b"=").partition(b"=") for part in parts]
    found = {name: value for name, _, value in listed}
    if len(found) != len(listed):
        raise ValueError("a parameter came twice")
    return found
