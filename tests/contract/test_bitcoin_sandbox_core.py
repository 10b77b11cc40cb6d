"""The sandbox beside a real node: Core takes its chain for its own, and both say the same of it, word for word.

The real one may be Knots, which tells a little more.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.support import bitcoin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.bitcoin import Bitcoin

TOLD_BY_KNOTS = {
    "header_version", "txcount", "startingpriority", "currentpriority", "hash", "usage", "dustrelayfee",
    "dustrelayfeefloor", "dustdynamic", "rbf_policy", "truc_policy", "block_info", "hash_serialized_3",
    "error_index",
}  # fmt: skip
ITS_OWN = {"size_on_disk", "usage", "time", "disk_size", "verificationprogress", "unbroadcast", "unbroadcastcount"}
"""Each node's own affair: compared by type."""

NOWHERE = "11" * 32
IN_BYTES = IN_BLOCKS = AS_PAPER = False
VERBOSE = True


class Pair:
    """`sandbox` leads, `real` follows."""

    def __init__(self, sandbox: Bitcoin, real: Bitcoin) -> None:
        self.sandbox, self.real = sandbox, real
        real.rpc("invalidateblock", real.rpc("getblockhash", 1))

    def follow(self) -> None:
        """Hand the real node every block and every waiting transaction of the sandbox that it has not."""
        for height in range(1, self.sandbox.rpc("getblockcount") + 1):
            raw = self.sandbox.rpc("getblock", self.sandbox.rpc("getblockhash", height), 0)
            assert self.real.rpc("submitblock", raw) in (None, "duplicate"), height
        waiting = set(self.real.waiting())
        for tx_id in self.sandbox.waiting():
            if tx_id not in waiting:
                assert self.real.rpc("sendrawtransaction", self.sandbox.rpc("getrawtransaction", tx_id), 0) == tx_id
        assert self.real.rpc("getbestblockhash") == self.sandbox.rpc("getbestblockhash")

    def same(self, method: str, *params: Any) -> Any:
        answers = [told(node, method, params) for node in (self.sandbox, self.real)]
        compare(answers[0], answers[1], f"{method}{params}")
        return answers[0]


def told(node: Bitcoin, method: str, params: Any, version: str = "2.0") -> Any:
    """The body and the HTTP status, as they come."""
    asked = {"jsonrpc": version, "id": 1, "method": method, "params": params}
    auth = (node.env["BITCOIN_RPC_USER"], node.env["BITCOIN_RPC_PASSWORD"])
    response = requests.post(node.env["BITCOIN_RPC_URL"], json=asked, auth=auth, timeout=60)
    return {**json.loads(response.content, parse_float=Decimal), "status": response.status_code}


def compare(ours: Any, theirs: Any, at: str, *, exactly: bool = True) -> None:
    assert type(ours) is type(theirs), f"{at}: {ours!r} is of another type than {theirs!r}"
    if isinstance(ours, dict):
        assert ours.keys() <= theirs.keys(), f"{at}: {ours.keys() - theirs.keys()} is not there"
        assert theirs.keys() - ours.keys() <= TOLD_BY_KNOTS, f"{at}: {theirs.keys() - ours.keys()} is missing"
        for name, value in ours.items():
            compare(value, theirs[name], f"{at} {name}", exactly=exactly and name not in ITS_OWN)
    elif isinstance(ours, list):
        assert len(ours) == len(theirs), at
        for place, value in enumerate(ours):
            compare(value, theirs[place], f"{at} [{place}]", exactly=exactly)
    elif exactly:
        assert ours == theirs, at


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    (folder / "bitcoind").mkdir()
    (folder / "sandbox").mkdir()
    with (
        bitcoin.opened("bitcoind", folder / "bitcoind") as real,
        bitcoin.opened("sandbox", folder / "sandbox") as ours,
    ):
        both = Pair(ours, real)
        tell_a_story(ours)
        both.follow()
        yield both


def tell_a_story(node: Bitcoin) -> None:
    """Payments alone and together, replaced, mined, orphaned and mined again; at last some that wait."""
    address = node.new_address()
    bumped = node.bump(node.pay(address, 20_000))
    node.pay_many([(address, 10_000), (node.new_address(), 5_000), (address, 30_000)])
    node.mine(2)
    assert bumped not in node.waiting()
    node.reorg(2)
    node.mine()
    node.mine_empty()
    node.double_spend(node.pay(address, 40_000))
    for _ in range(2):
        node.pay(address, 60_000)
    first = node.rpc("getrawtransaction", node.pay(address, 4_000_000_000), 2)
    spend_all(node, first, address)


def spend_all(node: Bitcoin, parent: dict[str, Any], address: str) -> str:
    """A child that waits behind its parent."""
    inputs = [{"txid": parent["txid"], "vout": out["n"]} for out in parent["vout"]]
    made = node.rpc("createrawtransaction", inputs, {address: Decimal(39)})
    signed = node.node.wallet("signrawtransactionwithwallet", made)
    return str(node.rpc("sendrawtransaction", signed["hex"], 0))


def test_core_takes_every_block_for_its_own(pair: Pair) -> None:
    assert pair.real.rpc("getblockcount") == pair.sandbox.rpc("getblockcount") > 110
    assert pair.real.rpc("verifychain", 4, 0) is True


def test_both_tell_the_same_of_each_block(pair: Pair) -> None:
    heights = [0, 1, 16, 17, 100, *range(108, pair.sandbox.rpc("getblockcount") + 1)]
    for height in heights:
        hashed = pair.same("getblockhash", height)["result"]
        for verbosity in (0, 1, 2, 3, True, False):
            pair.same("getblock", hashed, verbosity)
        pair.same("getblockheader", hashed)
        pair.same("getblockheader", hashed, IN_BYTES)


def test_both_tell_the_same_of_each_transaction(pair: Pair) -> None:
    count = 0
    for height in range(109, pair.sandbox.rpc("getblockcount") + 1):
        hashed = pair.sandbox.rpc("getblockhash", height)
        for tx_id in pair.sandbox.rpc("getblock", hashed)["tx"]:
            for verbosity in (0, 1, 2):
                pair.same("getrawtransaction", tx_id, verbosity)
            pair.same("getrawtransaction", tx_id, 2, hashed)
            pair.same("decoderawtransaction", pair.sandbox.rpc("getrawtransaction", tx_id))
            pair.same("gettxout", tx_id, 0)
            pair.same("gettxout", tx_id, 0, IN_BLOCKS)
            count += 1
    assert count > 8


def test_both_tell_the_same_of_what_waits(pair: Pair) -> None:
    waiting = pair.sandbox.waiting()
    assert len(waiting) == 5
    assert set(pair.real.waiting()) == set(waiting)
    for tx_id in waiting:
        entry = pair.same("getmempoolentry", tx_id)["result"]
        pair.same("getrawtransaction", tx_id, 2)
        pair.same("gettxout", tx_id, 0)
        pair.same("gettxout", tx_id, 0, IN_BLOCKS)
        pair.same("testmempoolaccept", [pair.sandbox.rpc("getrawtransaction", tx_id)])
        spent = pair.sandbox.rpc("getrawtransaction", tx_id, 1)["vin"][0]
        pair.same("gettxspendingprevout", [{"txid": spent["txid"], "vout": spent["vout"]}])
        assert (entry["ancestorcount"], entry["descendantcount"]) in ((1, 1), (1, 2), (2, 1))
    pair.same("getrawmempool", VERBOSE)
    pair.same("getmempoolinfo")
    compare(*(told(node, "getrawmempool", [False, True]) for node in (pair.sandbox, pair.real)), "", exactly=False)


def test_both_find_the_same_by_descriptor(pair: Pair) -> None:
    paid = pair.sandbox.rpc("getrawtransaction", pair.sandbox.waiting()[0], 2)["vout"]
    scripts = {out["scriptPubKey"]["hex"]: out["scriptPubKey"]["address"] for out in paid}
    height = pair.sandbox.rpc("getblockcount")
    hashes = [pair.sandbox.rpc("getblockhash", place) for place in range(height - 4, height + 1)]
    for script, address in scripts.items():
        for descriptor in (f"raw({script})", f"addr({address})", {"desc": f"addr({address})"}):
            found = [told(node, "scantxoutset", ["start", [descriptor]]) for node in (pair.sandbox, pair.real)]
            for each in found:
                each["result"]["unspents"].sort(key=lambda unspent: (unspent["txid"], unspent["vout"]))
            compare(*found, str(descriptor))
            for blocks in ([], hashes):
                compare_activity(pair, blocks, [descriptor])


def compare_activity(pair: Pair, blocks: list[str], descriptors: list[Any]) -> None:
    """In the mempool they may come in another order."""
    found = [told(node, "getdescriptoractivity", [blocks, descriptors, True]) for node in (pair.sandbox, pair.real)]
    for each in found:
        each["result"]["activity"].sort(key=lambda event: json.dumps(event, sort_keys=True, default=str))
    assert found[0]["result"]["activity"]
    compare(*found, str(blocks))


@pytest.mark.parametrize(
    "method", ["getblockchaininfo", "getchaintips", "getblockcount", "getbestblockhash", "uptime"]
)
def test_both_tell_the_same_of_the_chain(pair: Pair, method: str) -> None:
    compare(
        *(told(node, method, []) for node in (pair.sandbox, pair.real)), method, exactly=method == "getblockcount"
    )


def test_both_tell_the_like_of_the_node_and_its_coins(pair: Pair) -> None:
    for method, params in (("getnetworkinfo", []), ("gettxoutsetinfo", ["none"]), ("estimatesmartfee", [6])):
        answers = [told(node, method, params)["result"] for node in (pair.sandbox, pair.real)]
        for each in answers:
            each.pop("localservicesnames", None)
        compare(*answers, method, exactly=method == "gettxoutsetinfo")


def test_both_make_and_finish_the_same_papers(pair: Pair) -> None:
    address = pair.sandbox.new_address()
    coin = pair.sandbox.node.wallet("listunspent")[0]
    inputs = [{"txid": coin["txid"], "vout": coin["vout"]}]
    outputs = [{address: "4.9"}, {"data": "00ff"}]
    for extra in ([], [0], [500], [0, False]):
        pair.same("createrawtransaction", inputs, outputs, *extra)
        made = pair.same("createpsbt", inputs, outputs, *extra)["result"]
    made = pair.same("createpsbt", inputs, outputs)["result"]
    pair.same("decodepsbt", made)
    pair.same("finalizepsbt", made)
    signed = pair.sandbox.node.wallet("walletprocesspsbt", made)
    for paper in (signed["psbt"], pair.sandbox.rpc("utxoupdatepsbt", made)):
        pair.same("decodepsbt", paper)
        pair.same("finalizepsbt", paper)
        pair.same("finalizepsbt", paper, AS_PAPER)
    pair.same("testmempoolaccept", [signed["hex"]], 0)
    pair.same("testmempoolaccept", [signed["hex"]])


ADDRESSES = [
    "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
    "BCRT1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KYGT080",
    "bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry",
    "bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6",
    "bcrt1pfeesnyr2tx",
    "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
    "2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_both_read_addresses_alike(pair: Pair, address: str) -> None:
    assert pair.same("validateaddress", address)["result"]["isvalid"] is True


@pytest.mark.parametrize(
    "address", ["", "x", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", ADDRESSES[0][:-1] + "q"]
)
def test_both_refuse_what_is_no_address_of_theirs(pair: Pair, address: str) -> None:
    answers = [told(node, "validateaddress", [address])["result"] for node in (pair.sandbox, pair.real)]
    assert [each["isvalid"] for each in answers] == [False, False]
    for each in answers:
        each.update(error_locations=[])  # where exactly is Core's alone to know
    compare(*answers, address, exactly=False)


WRONG = [
    ("nosuchmethod", []),
    ("getblockhash", []),
    ("getblockhash", [1, 2]),
    ("getblockhash", ["1"]),
    ("getblockhash", [99_999]),
    ("getblockhash", [-1]),
    ("getblockhash", [1.5]),
    ("getblockhash", {"height": 1, "depth": 2}),
    ("getblock", [NOWHERE]),
    ("getblock", ["00"]),
    ("getblock", ["zz" * 32]),
    ("getblock", [NOWHERE, "1"]),
    ("getblock", [5]),
    ("getblockheader", [NOWHERE]),
    ("getrawtransaction", [NOWHERE]),
    ("getrawtransaction", ["00"]),
    ("getrawtransaction", [NOWHERE, 1, NOWHERE]),
    ("getmempoolentry", [NOWHERE]),
    ("getmempoolancestors", [NOWHERE]),
    ("gettxspendingprevout", [[]]),
    ("getrawmempool", [True, True]),
    ("decoderawtransaction", ["00"]),
    ("decoderawtransaction", ["zz"]),
    ("sendrawtransaction", ["00"]),
    ("sendrawtransaction", []),
    ("testmempoolaccept", [[]]),
    ("testmempoolaccept", [["00"]]),
    ("testmempoolaccept", ["00"]),
    ("createrawtransaction", [[{"txid": "00", "vout": 0}], {}]),
    ("createrawtransaction", [[{"txid": NOWHERE}], {}]),
    ("createrawtransaction", [[{"txid": NOWHERE, "vout": -1}], {}]),
    ("createrawtransaction", [[], {"nobody": 1}]),
    ("createrawtransaction", [[], [{ADDRESSES[0]: 1}, {ADDRESSES[0]: 2}]]),
    ("createrawtransaction", [[], {ADDRESSES[0]: "-1"}]),
    ("createrawtransaction", [[], {ADDRESSES[0]: "0.000000001"}]),
    ("createrawtransaction", [[], {ADDRESSES[0]: "a lot"}]),
    ("createrawtransaction", [[], {"data": "zz"}]),
    ("createrawtransaction", [[], {}, -1]),
    ("decodepsbt", ["00"]),
    ("decodepsbt", ["cHNidP8="]),
    ("finalizepsbt", ["?"]),
    ("estimatesmartfee", [0]),
    ("estimatesmartfee", [6, "lavish"]),
    ("scantxoutset", ["begin"]),
    ("scantxoutset", ["start"]),
    ("scantxoutset", ["start", ["nosuch(00)"]]),
    ("scantxoutset", ["start", [f"addr({ADDRESSES[0]})#aaaaaaaa"]]),
    ("getdescriptoractivity", [[NOWHERE], []]),
    ("generatetoaddress", [1, "nobody"]),
    ("generateblock", [ADDRESSES[0], [NOWHERE]]),
    ("generateblock", [ADDRESSES[0], ["00"]]),
    ("invalidateblock", [NOWHERE]),
    ("reconsiderblock", [NOWHERE]),
    ("setmocktime", [-1]),
]


@pytest.mark.parametrize(
    ("method", "params"), WRONG, ids=[f"{method}-{place}" for place, (method, _) in enumerate(WRONG)]
)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_both_refuse_with_the_same_number_and_status(pair: Pair, version: str, method: str, params: Any) -> None:
    ours, theirs = (told(node, method, params, version) for node in (pair.sandbox, pair.real))
    assert ours["error"]["code"] == theirs["error"]["code"], (ours, theirs)
    assert (ours["status"], ours.keys()) == (theirs["status"], theirs.keys())
