"""Statements live in `sql/<name>.sql`, one each, with `:named` parameters; read and numbered once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_FOLDER = Path(__file__).parent / "sql"


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as the wire takes it (`$1`, `$2` …) and what orders named values for it."""

    name: str
    text: str
    order: Callable[[dict[str, Any]], tuple[Any, ...]]


@cache
def sql(name: str, **parts: str) -> Statement:
    """The statement in `sql/<name>.sql`; `/*part*/` in it gives way to the text of the file named for it."""
    from pg8000.native import to_statement  # noqa: PLC0415  # needed at the first statement, not at import

    text = _read(name)
    for part, file in parts.items():
        text = text.replace(f"/*{part}*/", _read(file))
    numbered, order = to_statement(text)
    return Statement(name, numbered, order)


def _read(name: str) -> str:
    """The file without its comments, which say why and would cross the wire with every call."""
    lines = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("--"))
