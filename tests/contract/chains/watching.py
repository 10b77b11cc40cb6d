from collections.abc import Collection

from paygate.chain_ports import Block, Chain, ChainTransfer, Scan


class Watching:
    """Addresses of ours, few enough for the node or not; counts how often it is asked."""

    def __init__(self, *keys: str, is_few: bool = False) -> None:
        self._keys = frozenset(keys)
        self.few = self._keys if is_few else None
        self.asked = 0

    def ours(self, keys: Collection[str], /) -> Collection[str]:
        self.asked += 1
        return self._keys.intersection(keys)


def read(chain: Chain, first: int, *keys: str, is_few: bool = False, tell_from: int | None = None) -> Scan:
    """From `first` to the head; by default every block is told."""
    last = chain.head().latest.height
    return chain.scan(first, last, Watching(*keys, is_few=is_few), first if tell_from is None else tell_from)


def found(chain: Chain, first: int, *keys: str, is_few: bool = False) -> list[tuple[str, str, int, str]]:
    """Asset, key, units and transaction of each, in the chain's order."""
    return [told(each) for each in read(chain, first, *keys, is_few=is_few).transfers]


def told(transfer: ChainTransfer) -> tuple[str, str, int, str]:
    return transfer.asset.code, transfer.key, transfer.units, transfer.tx_id


def block_of(transfer: ChainTransfer) -> Block:
    assert transfer.block is not None
    return transfer.block
