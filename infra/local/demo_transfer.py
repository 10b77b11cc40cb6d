"""A bank transfer shown step by step. Banks call nobody: statements tell what came, and people pay refunds out."""

from typing import Any

from infra.local.demo_payment import REFUND, STEP_SECONDS, Demo, NotSeen, Row, eventually, say, show_code

Json = dict[str, Any]


class TransferDemo(Demo):
    def _show(self, action: Json) -> None:
        super()._show(action)
        for name in ("accountName", "iban", "bic", "amount", "currency", "reference"):
            say(f"  {name + ':':<13}{action[name]}")
        show_code(action["epcQr"], error="m")  # EPC069-12: level M

    def _settle(self, row: Row, payment: Json, _rail: str) -> None:
        self._import("camt054")
        settled = self._wait_for(row, "SETTLED")
        say(f"the statement settled it: {settled['amountReceived']} {payment['currency']} received")

    def _refund(self, row: Row, currency: str) -> None:
        refund = self._ask_for_refund(row, currency)
        if refund["state"] != "PENDING":
            raise NotSeen(f"the refund should wait for a person: {refund}")
        say(f"the refund is {refund['state']}: nobody but a person can pay it out")
        case = eventually(lambda: self._case_of(refund), "no case asks an operator to pay the refund out")
        say(f"GET /cases: {case['kind']}, {case['detail']['reason']}")
        payout = {"reference": case["detail"]["railId"], "amount": REFUND, "currency": currency}
        self._bank("POST", "/bank_transfer/_sandbox/payout", json=payout)
        say(f"the merchant's bank paid {REFUND} {currency} out with {payout['reference']}")
        self._import("camt053")
        self._wait_for_refund(row)

    def _case_of(self, refund: Json) -> Json | None:
        cases: list[Json] = self._get("/cases")["cases"]
        found = [case for case in cases if case["detail"].get("refundId") == refund["refundId"]]
        return found[0] if found else None

    def _import(self, message: str) -> None:
        query = {"account": self._stack.env["BANK_EUR_IBAN"], "format": message}
        file = self._bank("GET", "/bank_transfer/statements", params=query)
        url, headers = self._stack.gateway.url + "/bank-statements", {"Content-Type": "application/xml"}
        told = self._read(self._http.post(url, data=file, headers=headers, timeout=STEP_SECONDS))
        counted = ", ".join(f"{name} {told[name]}" for name in ("transactions", "credits", "matched", "repeated"))
        say(f"POST /bank-statements, a {message[:4]}.{message[4:]} of the bank's: {counted}")

    def _bank(self, method: str, path: str, **content: Any) -> bytes:
        """The simulated bank, which knows nothing of the gateway's keys."""
        url, nobody = self._stack.sandbox.url + path, {"Authorization": ""}
        answer = self._http.request(method, url, headers=nobody, timeout=STEP_SECONDS, **content)
        if not answer.ok:
            raise NotSeen(f"the sandbox's bank: {answer.status_code} {answer.text[:200]}")
        return answer.content
