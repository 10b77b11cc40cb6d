"""A payment on a chain shown step by step. Nobody calls: blocks are read. No key of the gateway's can pay back."""

from typing import Any

from infra.local.demo_payment import Demo, NotSeen, Row, eventually, say, show_code

Json = dict[str, Any]
PAYERS_PATH = "m/44'/1'/9'/0/0"
"""Of a key that the payer of a refund is thought to hold: no account or treasury of the gateway's is near."""


class CryptoDemo(Demo):
    def _show(self, action: Json) -> None:
        super()._show(action)
        amount = shown(action["amount"], action["asset"])
        told = {"network": action["network"], "address": action["address"], "amount": amount, "uri": action["uri"]}
        for name, value in told.items():
            if value is not None:
                say(f"  {name + ':':<9}{value}")
        show_code(action["uri"] or action["address"])

    def _settle(self, row: Row, payment: Json, rail: str) -> None:
        self._wait_for_block(row)
        settled = self._wait_for(row, "SETTLED")
        received = shown(settled["amountReceived"], payment["action"]["asset"])
        say(f"{rail}'s blocks settled it: {received} received with {', '.join(settled['chain']['txIds'])}")

    def _wait_for_block(self, row: Row) -> None:
        """Until a transfer is seen. On a quick chain it may be final by then."""

        def look() -> bool:
            payment = self._get(f"/payments/{row.paymentId}")
            seen, required = (payment["chain"][name] for name in ("confirmations", "confirmationsRequired"))
            if payment["state"] == "CONFIRMING" and seen is not None:
                say(f"GET /payments/{row.paymentId}: CONFIRMING, {seen} of {required} confirmations")
            return payment["state"] not in ("CREATED", "PENDING")

        eventually(look, f"no transfer to {row.paymentId} was seen")

    def _refund(self, row: Row, currency: str) -> None:
        network = self._get(f"/payments/{row.paymentId}")["chain"]["network"]
        to = self._stack.wallet.address(network, PAYERS_PATH)
        refund = self._ask_for_refund(row, currency, currency=currency, address=to)
        if refund["state"] != "PENDING":
            raise NotSeen(f"the refund should wait for a signed transaction: {refund}")
        amount = shown(refund["amount"], refund["currency"])
        say(f"the refund of {amount} to {refund['address']} is {refund['state']}: nobody here can sign for it")


class QuotedDemo(CryptoDemo):
    """Its price is in money that a state issues: what is due follows from a rate, which is locked for it."""

    rate = ""
    """In words, once it is known."""

    def _create(self, row: Row, currency: str) -> Json:
        payment = super()._create(row, currency)
        due, quote = payment["due"], payment["quote"]
        sources = ", ".join(source["name"] for source in quote["sources"])
        amount = shown(due["amount"], due["asset"])
        self.rate = f"{payment['amount']} {currency} are {amount} at {quote['rate']} {currency}"
        say(f"{self.rate}, the median of {sources}")
        return payment


def shown(amount: str, asset: str) -> str:
    """Without the noughts of an asset of eighteen decimals."""
    return f"{amount.rstrip('0').rstrip('.') if '.' in amount else amount} {asset}"
