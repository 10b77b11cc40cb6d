"""A TRON node in memory, in the shapes that java-tron's documentation shows, and an HTTP that asks it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from paygate.adapters.chains.addresses.account import AccountKey
from paygate.adapters.chains.tron.chain import TronChain
from paygate.adapters.chains.tron.movements import TRANSFER
from paygate.adapters.chains.tron.settings import TronSettings
from paygate.adapters.rails.http import HttpAnswer

TOKEN, LOOKALIKE = "c0" * 20, "1d" * 20
OURS, OURS_TOO, PAYER = "a1" * 20, "a2" * 20, "b1" * 20
START = 1_731_235_554_000
SECRET_URL, API_KEY = "https://tron.example/key-in-the-path", "k3y-of-the-tests"
ACCOUNT = AccountKey("none", "m/44'/195'/0'", b"", b"")  # nothing is derived here

Said = dict[str, Any]


def log_of(to: str, units: int, *, token: str = TOKEN, sender: str = PAYER) -> Said:
    return {
        "address": token,
        "topics": [TRANSFER, sender.rjust(64, "0"), to.rjust(64, "0")],
        "data": f"{units:064x}",
    }


@dataclass
class Call:
    """A transaction that calls a contract; `result` is what its receipt and its block say of it."""

    logs: list[Said] = field(default_factory=list)
    result: str = "SUCCESS"
    salt: str = ""

    @property
    def tx_id(self) -> str:
        return sha256(json.dumps([self.logs, self.result, self.salt]).encode()).hexdigest()

    def told(self) -> Said:
        return {"ret": [{"contractRet": self.result}], "txID": self.tx_id, "raw_data": {"fee_limit": 100}}

    def info(self, height: int, milliseconds: int) -> Said:
        info: Said = {
            "id": self.tx_id,
            "blockNumber": height,
            "blockTimeStamp": milliseconds,
            "contractResult": [""],
        }
        info["receipt"] = {"energy_usage_total": 64285, "result": self.result}
        if self.result == "SUCCESS":
            return {**info, "log": self.logs} if self.logs else info
        return {**info, "result": "FAILED"}  # java-tron keeps no log of what failed


@dataclass
class NativeTransfer(Call):
    """It calls no contract: its receipt has no result."""

    def info(self, height: int, milliseconds: int) -> Said:
        return {**super().info(height, milliseconds), "receipt": {"net_usage": 265}}


@dataclass(frozen=True)
class Made:
    height: int
    parent: str
    milliseconds: int
    calls: tuple[Call, ...]

    @property
    def id(self) -> str:
        content = f"{self.parent} {self.milliseconds} {[call.tx_id for call in self.calls]}"
        return f"{self.height:016x}" + sha256(content.encode()).hexdigest()[16:]

    def header(self) -> Said:
        raw: Said = {"txTrieRoot": ("ab" if self.calls else "00") * 32, "parentHash": self.parent}
        if self.height:  # zeros are left out
            raw |= {"number": self.height, "timestamp": self.milliseconds}
        return {"blockID": self.id, "block_header": {"raw_data": raw, "witness_signature": "00"}}

    def whole(self) -> Said:
        told = [call.told() for call in self.calls]
        return self.header() | ({"transactions": told} if told else {})

    def infos(self) -> list[Said]:
        return [call.info(self.height, self.milliseconds) for call in self.calls]


class Node:
    """`twisted` changes what is said to one question; `asked` is every question."""

    def __init__(self) -> None:
        self.blocks = [Made(0, "95" * 32, 0, ())]
        self.pending: list[Call] = []
        self.final = 0
        self.asked: list[tuple[str, Said]] = []
        self.headers: list[Mapping[str, str]] = []
        self.twisted: dict[str, Callable[[Said, Any], Any]] = {}

    def mine(self, *calls: Call, later: int = 0) -> Made:
        last = self.blocks[-1]
        self.blocks.append(Made(last.height + 1, last.id, START + last.height * 3000 + later, calls))
        return self.blocks[-1]

    def empty(self, count: int) -> None:
        for _ in range(count):
            self.mine()

    def turn(self, depth: int) -> None:
        """As many blocks go, and one more comes: empty ones, made a slot later."""
        del self.blocks[-depth:]
        for _ in range(depth + 1):
            self.mine(later=3000)

    def send(
        self, method: str, url: str, *, body: bytes, headers: Mapping[str, str], is_repeatable: bool
    ) -> HttpAnswer:
        assert (method, is_repeatable) == ("POST", True)
        path = url.removeprefix(SECRET_URL)
        question = json.loads(body)
        self.asked.append((path, question))
        self.headers.append(headers)
        said = self.say(path, question)
        if (twist := self.twisted.get(path)) is not None:
            said = twist(question, said)
        if isinstance(said, Exception):
            raise said
        return said if isinstance(said, HttpAnswer) else HttpAnswer(200, json.dumps(said).encode(), {})

    def say(self, path: str, question: Said) -> Any:
        view, name = path.strip("/").split("/")
        known = self.blocks[: self.final + 1] if view == "walletsolidity" else self.blocks
        if name.startswith("gettransaction") and "value" in question:
            return self._about(name, question["value"])
        first = int(question.get("id_or_num", question.get("num", question.get("startNum", len(known) - 1))))
        made = known[first : question.get("endNum", first + 1)]
        match name:
            case "getblock":
                return made[0].header() if made else {}
            case "getblockbynum":
                return made[0].whole() if made else {}
            case "getblockbylimitnext":
                return {"block": [each.whole() for each in made]} if made else {}
            case "gettransactioninfobyblocknum":
                return made[0].infos() if made else {}
        raise AssertionError(path)

    def _about(self, name: str, tx_id: str) -> Said:
        placed = [(made, call) for made in self.blocks for call in made.calls if call.tx_id == tx_id]
        if name == "gettransactionfrompending":
            return next((call.told() for call in self.pending if call.tx_id == tx_id), {})
        if not placed:
            return {}
        made, call = placed[0]
        return call.told() if name == "gettransactionbyid" else call.info(made.height, made.milliseconds)

    def names(self) -> list[str]:
        return [path for path, _ in self.asked]


@dataclass
class Watched:
    keys: frozenset[str] = frozenset({OURS, OURS_TOO})
    few: frozenset[str] | None = None
    asked: list[set[str]] = field(default_factory=list)

    def ours(self, keys: Any, /) -> list[str]:
        self.asked.append(set(keys))
        return sorted(self.keys & set(keys))


SETTINGS = TronSettings(SECRET_URL, None, TOKEN, ACCOUNT, {})


def chain(node: Node, **changes: Any) -> TronChain:
    return TronChain(replace(SETTINGS, **changes), node)  # type: ignore[arg-type]


def time_of(made: Made) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=made.milliseconds)
