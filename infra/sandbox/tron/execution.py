"""What a transaction does to the books, and what it costs: bandwidth, energy, fees.

developers.tron.network, "Resource Model"; java-tron's BandwidthProcessor, TransferActuator, VMActuator, and
TransactionUtil for the TransactionInfo. Prices are the main network's, in sun.
"""

from dataclasses import dataclass

from infra.sandbox.tron import keys
from infra.sandbox.tron import state as books
from infra.sandbox.tron.contracts import Call, Contract, Log, Reverted
from infra.sandbox.tron.errors import Refused
from infra.sandbox.tron.messages import TRANSFER, TRIGGER, Json
from infra.sandbox.tron.protobuf import Message
from infra.sandbox.tron.state import Draft, State
from infra.sandbox.tron.transactions import Transaction

FREE_NET = 600
SUN_PER_BYTE = 1_000
SUN_PER_ENERGY = 100
NEW_ACCOUNT_BANDWIDTH_FEE, NEW_ACCOUNT_FEE = 100_000, 1_000_000
MAX_FEE_LIMIT = 15_000_000_000
SUCCESS, REVERT, OUT_OF_ENERGY = 1, 2, 10
NAMES = {SUCCESS: "SUCCESS", REVERT: "REVERT", OUT_OF_ENERGY: "OUT_OF_ENERGY"}

Contracts = dict[str, Contract]


@dataclass(frozen=True)
class Executed:
    """`info` is the TransactionInfo but for id and block; `result` what stands in the transaction's `ret`."""

    info: Json
    result: Message
    logs: tuple[Log, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """How a call of a contract ended."""

    code: int
    data: bytes
    message: str
    energy: int
    penalty: int
    logs: tuple[Log, ...] = ()


def execute(contracts: Contracts, transaction: Transaction, state: State, now_ms: int) -> Executed:
    """Raises Refused, and then `state` is to be forgotten."""
    if transaction.kind not in (TRANSFER, TRIGGER):
        raise Refused("CONTRACT_VALIDATE_ERROR", "contract type is not supported here")
    if not books.exists(state, transaction.owner):
        who = keys.base58check(transaction.owner)
        raise Refused("CONTRACT_VALIDATE_ERROR", f"account [{who}] does not exist")
    receipt = _bandwidth(transaction, state, now_ms)
    if transaction.kind == TRANSFER:
        return _transfer(contracts, transaction, state, receipt, now_ms)
    return _trigger(contracts, transaction, state, receipt, now_ms)


def call(contract: Contract, state: State, sender: str, data: bytes, limit: int, value: int = 0) -> Outcome:
    """One message to a contract; `state` has changed only if it succeeded."""
    draft = Draft(state)
    made = Call(draft, sender, data)
    try:
        answer = contract.run(made, value)
    except Reverted as reverted:
        answer, code, message = reverted.data, REVERT, "REVERT opcode executed"
    else:
        code, message = SUCCESS, ""
    energy = max(made.energy, 500)
    if energy > limit:
        return Outcome(OUT_OF_ENERGY, b"", _starved(limit, made), limit, min(made.penalty, limit))
    if code == SUCCESS:
        draft.keep()
    logs = tuple(made.logs) if code == SUCCESS else ()
    return Outcome(code, answer, message, energy, made.penalty, logs)


def _starved(limit: int, made: Call) -> str:
    return (
        f"Not enough energy for 'SSTORE' operation executing: curInvokeEnergyLimit[{limit}], "
        f"curOpEnergy[20000], penaltyEnergy[{made.penalty}], usedEnergy[{limit // 2}]"
    )


def validate_transfer(contracts: Contracts, said: Message, state: State) -> None:
    """TransferActuator.validate."""
    owner, receiver = said.get("owner_address", b"").hex(), said.get("to_address", b"").hex()
    amount = int(said.get("amount", 0))
    for name, address in (("ownerAddress", owner), ("toAddress", receiver)):
        if len(address) != keys.HEX_LENGTH or not address.startswith("41"):
            raise Refused("CONTRACT_VALIDATE_ERROR", f"Invalid {name}!")
    if owner == receiver:
        raise Refused("CONTRACT_VALIDATE_ERROR", "Cannot transfer TRX to yourself.")
    if not books.exists(state, owner):
        raise Refused("CONTRACT_VALIDATE_ERROR", "Validate TransferContract error, no OwnerAccount.")
    if amount <= 0:
        raise Refused("CONTRACT_VALIDATE_ERROR", "Amount must be greater than 0.")
    if receiver in contracts:
        raise Refused("CONTRACT_VALIDATE_ERROR", "Cannot transfer TRX to a smartContract.")
    fee = 0 if books.exists(state, receiver) else NEW_ACCOUNT_FEE
    if books.balance(state, owner) < amount + fee:
        raise Refused("CONTRACT_VALIDATE_ERROR", "Validate TransferContract error, balance is not sufficient.")


def _bandwidth(transaction: Transaction, state: State, now_ms: int) -> Json:
    """Staked bandwidth, or else the day's free one (not for a new account's first transfer), or else TRX."""
    owner, size = transaction.owner, transaction.size
    if books.used(state, "staked_net", owner, now_ms) + size <= books.number(state, f"net_limit:{owner}"):
        books.use(state, "staked_net", owner, size, now_ms)
        return {"net_usage": size}
    is_birth = transaction.kind == TRANSFER and not books.exists(state, transaction.said["to_address"].hex())
    if not is_birth and books.used(state, "net", owner, now_ms) + size <= FREE_NET:
        books.use(state, "net", owner, size, now_ms)
        return {"net_usage": size}
    fee = NEW_ACCOUNT_BANDWIDTH_FEE if is_birth else size * SUN_PER_BYTE
    if books.balance(state, owner) < fee:
        raise Refused("BANDWITH_ERROR")
    books.add(state, f"trx:{owner}", -fee)
    return {"net_fee": fee}


def _transfer(contracts: Contracts, transaction: Transaction, state: State, receipt: Json, now_ms: int) -> Executed:
    said = transaction.said
    validate_transfer(contracts, said, state)
    owner, receiver = transaction.owner, said["to_address"].hex()
    fee = receipt.get("net_fee", 0)
    if not books.exists(state, receiver):
        state.set(f"account:{receiver}", str(now_ms))
        books.add(state, f"trx:{owner}", -NEW_ACCOUNT_FEE)
        fee += NEW_ACCOUNT_FEE
    books.add(state, f"trx:{owner}", -said["amount"])
    books.add(state, f"trx:{receiver}", said["amount"])
    info = {"contractResult": [""], "receipt": receipt, **({"fee": fee} if fee else {})}
    return Executed(info, {"contractRet": SUCCESS})


def _trigger(contracts: Contracts, transaction: Transaction, state: State, receipt: Json, now_ms: int) -> Executed:
    said, owner = transaction.said, transaction.owner
    address = said.get("contract_address", b"").hex()
    fee_limit = transaction.raw.get("fee_limit", 0)
    if address not in contracts:
        raise Refused("CONTRACT_VALIDATE_ERROR", "No contract or not a valid smart contract")
    if not 0 <= fee_limit <= MAX_FEE_LIMIT:
        raise Refused("CONTRACT_VALIDATE_ERROR", f"feeLimit must be >= 0 and <= {MAX_FEE_LIMIT}")
    staked = max(0, books.number(state, f"energy_limit:{owner}") - books.used(state, "energy", owner, now_ms))
    limit = min(staked + books.balance(state, owner) // SUN_PER_ENERGY, fee_limit // SUN_PER_ENERGY)
    ended = call(contracts[address], state, owner, said.get("data", b""), limit, said.get("call_value", 0))
    usage = min(staked, ended.energy)
    burned = (ended.energy - usage) * SUN_PER_ENERGY
    books.use(state, "energy", owner, usage, now_ms)
    books.add(state, f"trx:{owner}", -burned)
    receipt |= {
        "energy_usage": usage,
        "energy_fee": burned,
        "energy_usage_total": ended.energy,
        "result": NAMES[ended.code],
        "energy_penalty_total": ended.penalty,
    }
    info = {
        "fee": burned + receipt.get("net_fee", 0),
        "contractResult": [ended.data.hex()],
        "contract_address": address,
        "receipt": {name: value for name, value in receipt.items() if value},
        "log": [{"address": log.address, "topics": log.topics, "data": log.data} for log in ended.logs],
        "result": "FAILED" if ended.code != SUCCESS else "",
        "resMessage": ended.message.encode().hex(),
    }
    return Executed({name: value for name, value in info.items() if value}, {"contractRet": ended.code}, ended.logs)
