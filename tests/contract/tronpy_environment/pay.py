"""A shop's program over tronpy, unchanged: reads the token, pays with it, waits for finality, and is told off.

Run with its own interpreter: pay.py URL TOKEN SECRET RECEIVER. Prints JSON, one object.
"""

import json
import sys

from tronpy import Tron
from tronpy.exceptions import AddressNotFound, BadSignature, TaposError, TvmError, UnknownError, ValidationError
from tronpy.keys import PrivateKey
from tronpy.providers import HTTPProvider


def refusal(txn):
    try:
        txn.broadcast()
    except (BadSignature, TaposError, UnknownError, ValidationError) as error:
        return [type(error).__name__, str(error.args)]
    return None


def pay(client, token, key, receiver):
    sender = key.public_key.to_base58check_address()
    transfer = token.functions.transfer(receiver, 1_234_567).with_owner(sender).fee_limit(50_000_000)
    sent = transfer.build().sign(key).broadcast()
    found, final = sent.wait(timeout=30, interval=0.05), sent.wait(timeout=60, interval=0.1, solid=True)
    return {
        "txid": sent.txid,
        "result": sent.result(interval=0.05),
        "found": found,
        "is_same_when_final": found == final,
        "transaction": client.get_transaction(sent.txid),
        "received": token.functions.balanceOf(receiver),
    }


def refusals(client, token, key, other, receiver):
    sender = key.public_key.to_base58check_address()

    def made():
        return client.trx.transfer(sender, receiver, 1_000_000).with_owner(sender)

    unsigned, twice, lost = made().build(), made().build().sign(key), made()
    unsigned._permission = None
    twice.broadcast()
    lost._raw_data["timestamp"] += 1
    stale = lost.build()
    stale._raw_data["ref_block_hash"] = "00" * 8
    stale.txid = client.get_sign_weight(stale)["transaction"]["transaction"]["txID"]
    poor = client.trx.transfer(sender, receiver, 10**15).build().sign(key)
    dear = token.functions.transfer(receiver, 10**15).with_owner(sender).fee_limit(50_000_000).build().sign(key)
    try:
        dear.broadcast().result(timeout=30, interval=0.05)
    except TvmError as error:
        reverted = str(error)
    return {
        "signed by another": refusal(unsigned.sign(other)),
        "twice": refusal(twice),
        "no such block": refusal(stale.sign(key)),
        "too poor": refusal(poor),
        "too dear": reverted,
    }


def unknown(client):
    try:
        client.get_account(PrivateKey.random().public_key.to_base58check_address())
    except AddressNotFound:
        return True
    return False


def main():
    url, address, secret, receiver = sys.argv[1:]
    client = Tron(HTTPProvider(url + "/"))
    key = PrivateKey(bytes.fromhex(secret))
    token = client.get_contract(address)
    said = {name: getattr(token.functions, name)() for name in ("name", "symbol", "decimals")}
    paid = pay(client, token, key, receiver)
    number = client.get_latest_block_number()
    block = client.get_block(number)
    sys.stdout.write(
        json.dumps(
            {
                "said": said,
                "paid": paid,
                "refused": refusals(client, token, key, PrivateKey.random(), receiver),
                "is_unknown_told": unknown(client),
                "block_fits": block["block_header"]["raw_data"]["number"] == number,
                "solid_is_behind": client.get_latest_solid_block_number() < number,
                "balance": str(client.get_account_balance(key.public_key.to_base58check_address())),
                "energy": client.get_estimated_energy(
                    key.public_key.to_base58check_address(),
                    address,
                    "transfer(address,uint256)",
                    "0" * 24 + "11" * 20 + f"{1:064x}",
                ),
            }
        )
    )


if __name__ == "__main__":
    main()
