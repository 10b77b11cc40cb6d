"""The simulated TRON node's door, for tests: blocks, payers, faults.

with Tron.alone(directory) as tron:          a sandbox process of its own, whose clock stands still
    tron.env                                 TRON_API_URL, TRON_USDT_CONTRACT
    tx_id = tron.pay(address, "12.5")        waits for a block
    tron.mine(20)                            and is final after 19 more
    tron.reorg(3, transactions="drop")

Tron(sandbox_url)                            the door of one that runs already
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]


@dataclass
class Tron:
    sandbox: str
    session: requests.Session = field(default_factory=requests.Session)

    @classmethod
    @contextmanager
    def alone(cls, state: Path, *, auto: bool = False, time_scale: float = 1.0) -> Iterator[Tron]:
        process = Process(Path(state), time_scale)
        try:
            tron = cls(process.url)
            if not auto:
                tron.clock(auto=False)
            yield tron
        finally:
            process.kill()

    # ------------------------------------------------------------ as settings have it

    @property
    def url(self) -> str:
        return f"{self.sandbox}/tron"

    @property
    def env(self) -> dict[str, str]:
        return {"TRON_API_URL": self.url, "TRON_USDT_CONTRACT": self.contract}

    @property
    def contract(self) -> str:
        """The token's; `contracts` has the look-alike and the batch payer too."""
        return str(self.contracts["usdt"])

    @cached_property
    def contracts(self) -> Json:
        return dict(self.chain["contracts"])

    # ------------------------------------------------------------ the chain

    def mine(self, blocks: int = 1, **wishes: Any) -> list[Json]:
        """Each with `number`, `id` and `timestamp`; what waits is in the first."""
        return list(self.do("mine", blocks=blocks, **wishes)["blocks"])

    def reorg(self, depth: int, **wishes: Any) -> Json:
        """`transactions`: "again" (in the first new block), "pending" or "drop"; `blocks`: how many new ones."""
        return self.do("reorg", depth=depth, **wishes)

    def clock(self, **wishes: Any) -> Json:
        return self.do("clock", **wishes)

    @property
    def chain(self) -> Json:
        return self.see("chain")

    @property
    def head(self) -> int:
        return int(self.chain["head"]["number"])

    @property
    def solid(self) -> int:
        return int(self.chain["solid"]["number"])

    def finalize(self) -> None:
        """Make all that is in blocks final."""
        self.mine(self.chain["solid_lag"])

    # ------------------------------------------------------------ payers

    def pay(self, address: str, amount: str, **wishes: Any) -> str:
        return str(self.do("pay", address=address, amount=amount, **wishes)["txId"])

    def pay_many(self, *payments: tuple[str, str], **wishes: Any) -> str:
        """All in one transaction."""
        listed = [{"address": address, "amount": amount} for address, amount in payments]
        return str(self.do("pay_many", payments=listed, **wishes)["txId"])

    def pay_trx(self, address: str, amount: str, **wishes: Any) -> str:
        return str(self.do("pay_trx", address=address, amount=amount, **wishes)["txId"])

    def fake(self, address: str, amount: str, **wishes: Any) -> str:
        """A token that looks like USDT."""
        return str(self.do("fake", address=address, amount=amount, **wishes)["txId"])

    def zero(self, address: str, **wishes: Any) -> str:
        """Nothing, from whomever (`from_`)."""
        if "from_" in wishes:
            wishes["from"] = wishes.pop("from_")
        return str(self.do("zero", address=address, **wishes)["txId"])

    def fail(self, address: str, amount: str, how: str = "energy", **wishes: Any) -> str:
        """In a block, and without effect: how is "energy" or "revert"."""
        return str(self.do("fail", address=address, amount=amount, how=how, **wishes)["txId"])

    def fund(self, address: str, **wishes: Any) -> list[str]:
        """`trx` and `usdt` as decimals, `energy` staked."""
        return list(self.do("fund", address=address, **wishes)["txIds"])

    def blacklist(self, address: str, **wishes: Any) -> str:
        return str(self.do("blacklist", address=address, **wishes)["txId"])

    def forget(self, tx_id: str = "") -> None:
        """What waits for a block is lost."""
        self.do("forget", txId=tx_id)

    def account(self, address: str) -> Json:
        return self.see(f"accounts/{address}")

    def pay_action(self, action: Json, decision: str = "pay", **wishes: Any) -> Json:
        body = {"action": action, "decision": decision, **wishes}
        return self._answered(self.session.post(f"{self.sandbox}/_sandbox/tron/pay", json=body, timeout=30))

    # ------------------------------------------------------------ mishaps

    def fault(self, kind: str, method: str = "*", count: int = 1, **options: Any) -> None:
        """`method`: "wallet/getnowblock" and so on; `of`: only for that block's number or transaction's id."""
        self.do("faults", kind=kind, method=method, count=count, **options)

    def heal(self) -> None:
        self._answered(self.session.delete(f"{self.url}/_sandbox/faults", timeout=30))

    def require_key(self, key: str) -> None:
        self.do("api_key", key=key)

    def calls(self, method: str = "") -> list[Json]:
        return list(self.see("calls", method=method)["calls"])

    # ------------------------------------------------------------ by hand

    def ask(self, method: str, **args: Any) -> Any:
        """`ask("wallet/getnowblock")`."""
        return self.session.post(f"{self.url}/{method}", json=args, timeout=30).json()

    def do(self, step: str, **body: Any) -> Json:
        return self._answered(self.session.post(f"{self.url}/_sandbox/{step}", json=body, timeout=60))

    def see(self, what: str, **query: str) -> Json:
        return self._answered(self.session.get(f"{self.url}/_sandbox/{what}", params=query, timeout=30))

    @staticmethod
    def _answered(answer: requests.Response) -> Json:
        assert answer.ok, f"{answer.url}: {answer.status_code} {answer.text[:500]}"
        return dict(answer.json())


class Process:
    """A sandbox that a test may kill and start again on its port."""

    def __init__(self, state: Path, time_scale: float = 1.0) -> None:
        self.state, self.time_scale, self.port = state, time_scale, 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "infra.sandbox", "--port", str(self.port), "--state", str(self.state)]
        command += ["--time-scale", str(self.time_scale)]
        self._process = subprocess.Popen(command, cwd=ROOT, env=_env(), stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if "ready" not in line:
            self.kill()
            raise RuntimeError("the sandbox did not start")
        self.port = int(line.rsplit(":", 1)[1])

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def _env() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
