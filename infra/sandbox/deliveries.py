"""Delivers a rail's callbacks, and repeats them on the rail's own schedule until they are acknowledged."""

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import requests

from infra.sandbox.callbacks import Plan
from infra.sandbox.ledger import Db, Ledger, Row

IDLE_SECONDS = 0.5
Params = dict[str, Any]
Answer = dict[str, Any]
"""`status` and `answer` of the merchant; without a status, `answer` is the kind of failure."""


@dataclass(frozen=True)
class Manners:
    """How one rail calls back.

    `sign` makes body and headers of one send, fresh each time, with what the fault's plan changes in them.
    `retry_seconds` are the pauses after a failed send. `tick` is what the rail does in its books by itself
    as time passes, such as closing what has expired.
    """

    sign: Callable[[Params, Plan], tuple[bytes, dict[str, str]]]
    is_acknowledgement: Callable[[Answer], bool]
    retry_seconds: Sequence[float]
    timeout_seconds: float
    tick: Callable[[Db], None] = lambda _db: None


class Deliveries:
    def __init__(self, ledger: Ledger, manners: Manners, time_scale: float) -> None:
        self._ledger, self._manners, self._time_scale = ledger, manners, time_scale
        self._pool = ThreadPoolExecutor(32, "deliveries")
        self._in_flight: dict[int, str] = {}
        self._claims = threading.Lock()
        self._wake = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="deliveries", daemon=True).start()

    def wake(self) -> None:
        self._wake.set()

    def deliver_now(self, order_no: str) -> None:
        """Send what is due for one order and wait for the answers, whoever is sending."""
        for callback in self._due(order_no):
            self._deliver(callback)
        deadline = time.monotonic() + self._manners.timeout_seconds
        while self._is_sending(order_no) and time.monotonic() < deadline:
            time.sleep(0.01)

    def resend(self, callback: Row, *, is_clean: bool = True) -> Answer:
        """Send one callback again at once, without its fault unless `is_clean` is false."""
        plan = {} if is_clean else json.loads(callback["plan"])
        return self.send(callback["url"], json.loads(callback["params"]), plan, callback["id"])

    def send(self, url: str, params: Params, plan: Plan, callback_id: int | None = None) -> Answer:
        """One POST, its answer recorded when it belongs to a callback of the queue."""
        body, headers = self._manners.sign(params, plan)
        answer = post(url, body, headers, self._manners.timeout_seconds)
        if callback_id is not None:
            with self._ledger.transaction() as db:
                row = (callback_id, time.time(), answer["status"], answer["answer"])
                db.execute("INSERT INTO sends (callback_id, sent_at, status, answer) VALUES (?, ?, ?, ?)", row)
        return answer

    def _is_sending(self, order_no: str) -> bool:
        with self._claims:
            return order_no in self._in_flight.values()

    def _run(self) -> None:
        while True:
            try:
                self._round()
            except Exception:  # the loop outlives whatever one round ran into
                logging.getLogger(__name__).exception("a round of callbacks failed")
            self._wake.wait(self._pause())
            self._wake.clear()

    def _round(self) -> None:
        with self._ledger.transaction() as db:
            self._manners.tick(db)
        for callback in self._due():
            self._pool.submit(self._deliver, callback)

    def _pause(self) -> float:
        """Until the next due time, looked at often enough for `tick`."""
        with self._ledger.transaction() as db:
            row = db.execute(
                "SELECT min(due_at) AS at FROM callbacks WHERE state = 'pending' AND due_at > ?",
                (time.time(),),
            ).fetchone()
        return min(IDLE_SECONDS, max(0.02, row["at"] - time.time())) if row["at"] else IDLE_SECONDS

    def _due(self, order_no: str = "") -> list[Row]:
        """Claim what is due, so that no callback is in two hands."""
        with self._ledger.transaction() as db:
            rows = db.execute(
                "SELECT * FROM callbacks WHERE state = 'pending' AND due_at <= ?"
                " AND (order_no = ? OR ? = '') ORDER BY id",
                (time.time(), order_no, order_no),
            ).fetchall()
            with self._claims:
                free = [row for row in rows if row["id"] not in self._in_flight]
                self._in_flight.update((row["id"], row["order_no"]) for row in free)
        return free

    def _deliver(self, callback: Row) -> None:
        try:
            answers = self._send_copies(callback)
            self._settle(callback, is_acknowledged=any(map(self._manners.is_acknowledgement, answers)))
        finally:
            with self._claims:
                del self._in_flight[callback["id"]]
            self._wake.set()

    def _send_copies(self, callback: Row) -> list[Answer]:
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
        retries = self._manners.retry_seconds
        state, due_at, pause = "acknowledged", callback["due_at"], None
        if not is_acknowledged:
            pause = None if attempts > len(retries) else retries[attempts - 1] * self._time_scale
            state = "given_up" if pause is None else "pending"
            due_at = time.time() + (pause or 0)
        with self._ledger.transaction() as db:
            db.execute(
                "UPDATE sends SET pause_seconds = ? WHERE rowid ="
                " (SELECT max(rowid) FROM sends WHERE callback_id = ?)",
                (pause, callback["id"]),
            )
            db.execute(
                "UPDATE callbacks SET state = ?, due_at = ?, attempts = ? WHERE id = ?",
                (state, due_at, attempts, callback["id"]),
            )
            # What the fault script held back for being overtaken may go now.
            db.execute(
                "UPDATE callbacks SET state = 'pending', due_at = ? WHERE state = 'held'"
                " AND order_no = ? AND id < ?",
                (time.time(), callback["order_no"], callback["id"]),
            )


def post(url: str, body: bytes, headers: dict[str, str], timeout_seconds: float) -> Answer:
    headers = {"User-Agent": "Mozilla/4.0", **headers}
    with requests.Session() as session:
        session.trust_env = False  # straight to the merchant, whatever proxies this machine has
        try:
            response = session.post(url, data=body, headers=headers, timeout=timeout_seconds, allow_redirects=False)
        except requests.RequestException as error:
            return {"status": None, "answer": type(error).__name__}
        return {"status": response.status_code, "answer": response.text[:1000]}
