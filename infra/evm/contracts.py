"""The contracts of a local chain: a Tether-shaped token, and what pays in ways that wallets alone do not.

They are made by one account that does nothing else, in one order, so their addresses are the same on every chain
and after every restart: an address follows from its maker's and the maker's nonce.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.evm.rpc import Node

# Accounts 0 and 9 of anvil's default mnemonic, unlocked on every one of its nodes.
PAYER = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
MAKER = "0xa0ee7a142d267c1f36714e4a8f75612f20a79720"
ORDER = ("Tether", "Forwarder", "BatchPayer", "LookAlike", "Reverter")
TETHER, FORWARDER, BATCH_PAYER, LOOK_ALIKE, REVERTER = ADDRESSES = (
    "0x700b6a60ce7eaaea56f065753d8dcb9653dbad35",
    "0xa15bb66138824a1c7167f5e85b957d04dd34e468",
    "0xb19b36b1456e65e3a6d514d3f715f204bd59f431",
    "0x8ce361602b935680e8dec218b820ff5056beb7af",
    "0xe1aa25618fa0c7a1cfdab5d6b456af611873b629",
)
ALL = (1 << 256) - 1
ADDRESS = re.compile("[0-9a-f]{40}")
WORD = 64  # hex digits

Argument = int | str | Sequence[int | str]
_compiled: dict[str, Any] = json.loads(Path(__file__).with_name("contracts.json").read_text())


def call_data(contract: str, signature: str, *arguments: Argument) -> str:
    """A call as the ABI has it (docs.soliditylang.org, "Contract ABI Specification"): numbers, addresses, lists."""
    return f"0x{_compiled[contract]['selectors'][signature]}{encoded(arguments)}"


def encoded(arguments: Sequence[Argument]) -> str:
    """Lists stand behind all the words, each with its length; in its place is the offset of that, in bytes."""
    heads, tails = "", ""
    for argument in arguments:
        if isinstance(argument, (int, str)):
            heads += _word(argument)
        else:
            heads += _word((len(arguments) * WORD + len(tails)) // 2)
            tails += _word(len(argument)) + "".join(map(_word, argument))
    return heads + tails


def address(text: str) -> str:
    """As a node takes it. Raises ValueError for what is none; 0x and the case of letters do not matter."""
    digits = text.lower().removeprefix("0x")
    if not ADDRESS.fullmatch(digits):
        raise ValueError("no address")
    return f"0x{digits}"


def _word(value: int | str) -> str:
    return f"{value if isinstance(value, int) else int(value, 16):064x}"


def deploy(node: Node, decimals: int) -> None:
    """Make what is not there yet: either account's nonce tells how far an earlier start came."""
    issued = ALL >> 8
    making = [(None, f"0x{_compiled[name]['bytecode']}") for name in ORDER]
    making[0] = (None, making[0][1] + encoded([decimals]))
    making += [
        (TETHER, call_data("Tether", "issue(uint256)", issued)),
        (TETHER, call_data("Tether", "transfer(address,uint256)", PAYER, issued)),
    ]
    allowing = [
        (TETHER, call_data("Tether", "approve(address,uint256)", spender, ALL))
        for spender in (BATCH_PAYER, REVERTER)
    ]
    for account, steps in ((MAKER, making), (PAYER, allowing)):
        done = node.number("eth_getTransactionCount", account, "latest")
        for to, data in steps[done:]:
            node.receipt(node.send(account, to, data))
