"""`docs/rails.md` from the adapters and strategies themselves: `python -m infra.docs.rails` writes it."""

from collections.abc import Iterable

from infra.local.server import ROOT
from paygate.ports import Ability, PaymentRail
from paygate.strategies import registry

TARGET = ROOT / "docs" / "rails.md"


def render() -> str:
    rails: dict[str, type[PaymentRail]] = {
        method.rail: registry.load(method.adapter) for method in registry.METHODS
    }
    return "\n".join(
        [
            "# Rails",
            "",
            "Generated from the adapters by `make docs`; a test keeps the two equal. What a rail cannot do is",
            "declared in its adapter (`inabilities`), and nowhere else: the services act on it, and the contract",
            "suite (`tests/contract/rails`), which every rail runs, leaves out what rests on it.",
            "",
            "## Methods",
            "",
            "| method | rail | channels, the default first | currencies | asked after |",
            "|---|---|---|---|---|",
            *(_method(method, rails[method.rail]) for method in registry.METHODS),
            "",
            'A channel in *italics* only signs: creating a payment calls no rail. "Asked after" is when an open',
            "payment is asked about at its rail, counted from its creation; the last interval repeats.",
            "",
            "## Abilities",
            "",
            f"| | {' | '.join(f'`{name}`' for name in rails)} |",
            f"|---|{'---|' * len(rails)}",
            *(_ability(ability, rails.values()) for ability in Ability),
            "",
        ]
    )


def _method(method: registry.Method, rail: type[PaymentRail]) -> str:
    strategy = registry.strategy(method.name)
    channels = ", ".join(f"*{name}*" if name in rail.silent_channels else name for name in strategy.channels)
    asked = ", ".join(_duration(seconds) for seconds in rail.query_schedule) or "never"
    return f"| `{method.name}` | `{method.rail}` | {channels} | {', '.join(strategy.currencies)} | {asked} |"


def _ability(ability: Ability, rails: Iterable[type[PaymentRail]]) -> str:
    marks = ("no" if ability in rail.inabilities else "yes" for rail in rails)
    return f"| {ability.value} | {' | '.join(marks)} |"


def _duration(seconds: int) -> str:
    if seconds % 3600 == 0:
        return f"{seconds // 3600} h"
    return f"{seconds // 60} min" if seconds % 60 == 0 else f"{seconds} s"


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
