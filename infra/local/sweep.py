"""`make sweep`: plan how received money is collected at the treasury, as a JSON file for an offline signer."""

import argparse
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.local.joined import application
from infra.local.replay import moment
from paygate.adapters.chains.collectors import NETWORKS, collector
from paygate.adapters.postgres.sweep_store import PostgresSweeps
from paygate.adapters.system.clock import SystemClock
from paygate.bootstrap import App
from paygate.domain.errors import InvalidField, PaygateError
from paygate.domain.money import Asset, parse_money
from paygate.services.plan_sweep import PlanSweep

LEAST = {"ethereum": "5", "bsc": "0.5", "tron": "3", "bitcoin": "0"}
"""USDT that moving about costs, where gas is dear; what is less stays unless asked for."""

EVER = datetime(2009, 1, 3, tzinfo=UTC)


def main() -> None:
    asked = arguments()
    if asked.to.exists():
        sys.exit(f"paygate: {asked.to} is there already")
    with application() as app:
        try:
            planned = plan(app, asked.network, asked.since, asked.least)
        except (PaygateError, InvalidField) as problem:
            sys.exit(f"paygate: {problem}")
    with asked.to.open("x") as file:
        json.dump(planned, file, indent=2)
        file.write("\n")
    print(summary(planned, asked.to))


def plan(app: App, network: str, since: datetime = EVER, least: str = "") -> dict[str, Any]:
    """Raises PaygateError."""
    rails = app.settings.rails
    made = collector(network, rails)
    families = {name: rails[name].family for name in NETWORKS if name in rails}
    sweep = PlanSweep(PostgresSweeps(app.database, families), SystemClock())
    settings = rails[network]
    treasury = settings.encoding.text(settings.treasury)
    return sweep.run(network, treasury, made, since, units(least or LEAST[network], settings.assets[0]))


def units(text: str, asset: Asset) -> int:
    return 0 if text == "0" else parse_money(text, asset, field="--least").units


def summary(planned: Mapping[str, Any], file: Path) -> str:
    needs = planned["needs"]
    lines = [
        f"{len(planned['transactions'])} transactions to sign, in {file}",
        *(f"  collects  {amount} {asset}" for asset, amount in planned["collects"].items()),
        f"  takes     {needs['total']} {needs['asset']}",
    ]
    if needs["toFund"]:
        count, total = len(needs["toFund"]), needs["totalToFund"]
        lines.append(f"  first     send {total} {needs['asset']} in all to {count} addresses (needs.toFund)")
    if planned["leftOut"]:
        lines.append(f"  leaves    {len(planned['leftOut'])} amounts where they are (leftOut says why)")
    return "\n".join(lines)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make sweep", description="Collect received money: nothing is signed, sent or written to the database."
    )
    parser.add_argument("what", choices=["plan"])
    parser.add_argument("--network", required=True, choices=NETWORKS)
    parser.add_argument("--from", dest="since", type=moment, default=EVER, help="paid since (ISO 8601); ever")
    parser.add_argument("--least", default="", help="leave less than so many USDT where it is")
    parser.add_argument("--to", type=Path, help="the file; sweep-<network>-<time>.json")
    asked = parser.parse_args()
    asked.to = asked.to or Path(f"sweep-{asked.network}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json")
    return asked


if __name__ == "__main__":
    main()
