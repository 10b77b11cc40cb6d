"""Delivers notifications and repeats them until the merchant answers exactly `success`.

Schedule: 4m, 10m, 10m, 1h, 2h, 6h, 15h after a failed send, 8 sends in all ("异步通知说明").
"""

import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import requests

from infra.sandbox.alipay import callbacks, trades
from infra.sandbox.alipay.certificates import Merchant
from infra.sandbox.alipay.ledger import Ledger, Row
from infra.sandbox.alipay.wire import sign_notification

RETRY_SECONDS = (240, 600, 600, 3600, 7200, 21600, 54000)
TIMEOUT_SECONDS = 10
IDLE_SECONDS = 0.5


class Notifier:
    def __init__(self, ledger: Ledger, merchant: Merchant, time_scale: float) -> None:
        self._ledger, self._merchant, self._time_scale = ledger, merchant, time_scale
        self._pool = ThreadPoolExecutor(32, "alipay-notify")
        self._in_flight: dict[int, str] = {}
        self._claims = threading.Lock()
        self._wake = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="alipay-notifier", daemon=True).start()

    def wake(self) -> None:
        self._wake.set()

    def deliver_now(self, out_trade_no: str) -> None:
        """Send what is due for one order and wait for the answers, whoever is sending."""
        for callback in self._due(out_trade_no):
            self._deliver(callback)
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while self._is_sending(out_trade_no) and time.monotonic() < deadline:
            time.sleep(0.01)

    def resend(self, callback: Row, *, is_clean: bool = True) -> dict[str, Any]:
        """Send one callback again at once, without its fault unless `is_clean` is false."""
        plan = {} if is_clean else json.loads(callback["plan"])
        return self.send(callback["url"], json.loads(callback["params"]), plan, callback["id"])

    def send(
        self, url: str, params: dict[str, str], plan: dict[str, Any], callback_id: int | None
    ) -> dict[str, Any]:
        """One POST, its answer recorded when it belongs to a callback of the queue."""
        body, content_type = self._body(params, plan)
        answer = post(url, body, content_type)
        if callback_id is not None:
            with self._ledger.transaction() as db:
                row = (callback_id, time.time(), answer["status"], answer["answer"])
                db.execute("INSERT INTO sends VALUES (?, ?, ?, ?)", row)
        return answer

    def _body(self, params: dict[str, str], plan: dict[str, Any]) -> tuple[bytes, str]:
        params = callbacks.addressed(params, self._merchant) | plan.get("fields", {})
        signed = sign_notification({name: value for name, value in params.items() if value}, self._merchant)
        if plan.get("kind") == "bad_signature":
            signed["total_amount"] = signed.get("total_amount", "") + "0"
        charset = signed["charset"]
        content_type = f"application/x-www-form-urlencoded; charset={charset}"
        return urlencode(signed, encoding=charset, errors="replace").encode(), content_type

    def _is_sending(self, out_trade_no: str) -> bool:
        with self._claims:
            return out_trade_no in self._in_flight.values()

    def _run(self) -> None:
        while True:
            try:
                self._round()
            except Exception:  # the loop outlives whatever one round ran into
                logging.getLogger(__name__).exception("a round of notifications failed")
            self._wake.wait(self._pause())
            self._wake.clear()

    def _round(self) -> None:
        with self._ledger.transaction() as db:
            trades.expire(db)
        for callback in self._due():
            self._pool.submit(self._deliver, callback)

    def _pause(self) -> float:
        """Until the next due time, looked at often enough to see trades expire."""
        with self._ledger.transaction() as db:
            row = db.execute(
                "SELECT min(due_at) AS at FROM callbacks WHERE state = 'pending' AND due_at > ?",
                (time.time(),),
            ).fetchone()
        return min(IDLE_SECONDS, max(0.02, row["at"] - time.time())) if row["at"] else IDLE_SECONDS

    def _due(self, out_trade_no: str = "") -> list[Row]:
        """Claim what is due, so that no callback is in two hands."""
        with self._ledger.transaction() as db:
            rows = db.execute(
                "SELECT * FROM callbacks WHERE state = 'pending' AND due_at <= ?"
                " AND (out_trade_no = ? OR ? = '') ORDER BY id",
                (time.time(), out_trade_no, out_trade_no),
            ).fetchall()
            with self._claims:
                free = [row for row in rows if row["id"] not in self._in_flight]
                self._in_flight.update((row["id"], row["out_trade_no"]) for row in free)
        return free

    def _deliver(self, callback: Row) -> None:
        try:
            answers = self._send_copies(callback)
            self._settle(callback, is_acknowledged=any(is_acknowledgement(answer) for answer in answers))
        finally:
            with self._claims:
                del self._in_flight[callback["id"]]
            self._wake.set()

    def _send_copies(self, callback: Row) -> list[dict[str, Any]]:
        plan, params = json.loads(callback["plan"]), json.loads(callback["params"])
        copies = int(plan.get("copies", 20)) if plan.get("kind") == "duplicate" else 1
        barrier, answers = threading.Barrier(copies), []

        def send() -> None:
            barrier.wait()
            answers.append(self.send(callback["url"], params, plan, callback["id"]))

        threads = [threading.Thread(target=send, daemon=True) for _ in range(copies)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def _settle(self, callback: Row, *, is_acknowledged: bool) -> None:
        attempts = callback["attempts"] + 1
        state, due_at = "acknowledged", callback["due_at"]
        if not is_acknowledged:
            is_last = attempts > len(RETRY_SECONDS)
            state = "given_up" if is_last else "pending"
            due_at = time.time() + (0 if is_last else RETRY_SECONDS[attempts - 1] * self._time_scale)
        with self._ledger.transaction() as db:
            db.execute(
                "UPDATE callbacks SET state = ?, due_at = ?, attempts = ? WHERE id = ?",
                (state, due_at, attempts, callback["id"]),
            )
            # What the fault script held back for being overtaken may go now.
            db.execute(
                "UPDATE callbacks SET state = 'pending', due_at = ? WHERE state = 'held'"
                " AND out_trade_no = ? AND id < ?",
                (time.time(), callback["out_trade_no"], callback["id"]),
            )


def post(url: str, body: bytes, content_type: str) -> dict[str, Any]:
    """Status and text of the answer; no status and the kind of failure when there was none."""
    headers = {"Content-Type": content_type, "User-Agent": "Mozilla/4.0"}
    with requests.Session() as session:
        session.trust_env = False  # straight to the merchant, whatever proxies this machine has
        try:
            response = session.post(url, data=body, headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        except requests.RequestException as error:
            return {"status": None, "answer": type(error).__name__}
        return {"status": response.status_code, "answer": response.text[:1000]}


def is_acknowledgement(answer: dict[str, Any]) -> bool:
    return (answer["status"], answer["answer"]) == (HTTPStatus.OK, "success")
