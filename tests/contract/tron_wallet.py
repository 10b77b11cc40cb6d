"""A wallet of the tests' own: hashes, signs and reads with code of its own."""

import hashlib
import secrets
from typing import Any

import base58
from coincurve import PrivateKey
from Crypto.Hash import keccak

from tests.support.tron import Tron

Json = dict[str, Any]
TRANSFER = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"


class Wallet:
    def __init__(self, tron: Tron) -> None:
        self.tron, self.key = tron, PrivateKey(secrets.token_bytes(32))
        public = self.key.public_key.format(compressed=False)[1:]
        self.hex = "41" + keccak.new(digest_bits=256, data=public).digest()[12:].hex()
        self.address = text(self.hex)

    def sign(self, transaction: Json) -> Json:
        raw = bytes.fromhex(transaction["raw_data_hex"])
        assert hashlib.sha256(raw).hexdigest() == transaction["txID"]
        signature = self.key.sign_recoverable(bytes.fromhex(transaction["txID"]), hasher=None)
        return {**transaction, "signature": [signature.hex()]}

    def token_transfer(self, to: str, units: int, fee_limit: int = 100_000_000) -> Json:
        asked = {
            "owner_address": self.hex,
            "contract_address": unhex(self.tron.contract),
            "function_selector": "transfer(address,uint256)",
            "parameter": unhex(to)[2:].rjust(64, "0") + f"{units:064x}",
            "fee_limit": fee_limit,
        }
        answer = self.tron.ask("wallet/triggersmartcontract", **asked)
        assert answer["result"] == {"result": True}, answer
        return dict(answer["transaction"])

    def trx_transfer(self, to: str, sun: int) -> Json:
        asked = {"owner_address": self.address, "to_address": to, "amount": sun, "visible": True}
        return dict(self.tron.ask("wallet/createtransaction", **asked))

    def broadcast(self, transaction: Json) -> Json:
        return dict(self.tron.ask("wallet/broadcasttransaction", **self.sign(transaction)))


def text(address: str) -> str:
    return base58.b58encode_check(bytes.fromhex(address)).decode()


def unhex(address: str) -> str:
    return base58.b58decode_check(address).hex()


def fresh() -> str:
    """An address that nobody has used."""
    return text("41" + secrets.token_bytes(20).hex())


def info(tron: Tron, tx_id: str, **args: Any) -> Json:
    return dict(tron.ask("wallet/gettransactioninfobyid", value=tx_id, **args))


def words(message: str) -> str:
    return bytes.fromhex(message).decode()
