"""`docs/states.md` from the state tables themselves: `python -m infra.docs.states` writes it."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from infra.local.server import ROOT
from paygate.domain.states import (
    GONE_STATES,
    OPEN_STATES,
    PAID_STATES,
    PAYMENT_TRANSITIONS,
    REFUND_TRANSITIONS,
    PaymentException,
    PaymentState,
)

TARGET = ROOT / "docs" / "states.md"
EXCEPTIONS = {
    PaymentException.UNDERPAID: "money came, and less than was due when the window closed",
    PaymentException.OVERPAID: "more came than was due; what is over can be refunded",
    PaymentException.LATE: "it settled after it had expired, failed or been cancelled",
    PaymentException.DUPLICATE: "another payment had settled the same order first; refund one of them",
}
Transitions = Mapping[tuple[StrEnum, StrEnum], str]


def render() -> str:
    return "\n".join(
        [
            "# States",
            "",
            "Generated from `paygate/domain/states.py` by `make docs`; a test keeps the two equal. A move that",
            "is not in these tables does not happen: every writer goes through them, and every move is one",
            "compare-and-set that commits with its timeline entry and its event.",
            "",
            "## Payments",
            "",
            *_diagram(PAYMENT_TRANSITIONS),
            "",
            *_table(PAYMENT_TRANSITIONS),
            "",
            f"Open, may still be paid in time: {_names(OPEN_STATES)}.  ",
            f"Paid: {_names(PAID_STATES)}.  ",
            f"Over without money, yet late money still settles them: {_names(GONE_STATES)}.",
            "",
            "Beside the state stand `exceptions`, a list:",
            "",
            "| exception | meaning |",
            "|---|---|",
            *(f"| `{name}` | {EXCEPTIONS[name]} |" for name in PaymentException),
            "",
            "## Refunds",
            "",
            *_diagram(REFUND_TRANSITIONS),
            "",
            *_table(REFUND_TRANSITIONS),
            "",
            "A refund that is `PENDING` or `UNKNOWN` keeps its amount reserved, so that refunds that run at the",
            "same time never give back more than was received.",
            "",
        ]
    )


def _diagram(transitions: Transitions) -> list[str]:
    moves = [f"    {before} --> {after}" for before, after in transitions]
    return ["```mermaid", "stateDiagram-v2", f"    [*] --> {next(iter(transitions))[0]}", *moves, "```"]


def _table(transitions: Transitions) -> list[str]:
    rows = [f"| `{before}` | `{after}` | {when} |" for (before, after), when in transitions.items()]
    return ["| from | to | when |", "|---|---|---|", *rows]


def _names(states: Iterable[PaymentState]) -> str:
    chosen = set(states)
    return ", ".join(f"`{state}`" for state in PaymentState if state in chosen)


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
