"""A shop's orders under way: created, cancelled, paid or refunded, and every call repeated until answered."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

from paygate.domain.money import decimal_text
from tests.support.shop import new_key, new_order, reference

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tests.support.shop import Shop

    Life = Generator[None, None, None]

PAUSE_SECONDS = 0.25
PASSING_CODES = ("request_in_progress", "conflict")
PAID = ("SETTLED", "PARTIALLY_REFUNDED", "REFUNDED")


@dataclass(frozen=True)
class Recipe:
    """What a shop and its payer do with an order; refunds in hundredths of the amount, None: all that is left."""

    channel: str = "QR"
    is_cancelled: bool = False
    is_paid: bool = True
    refunds: tuple[int | None, ...] = ()


RECIPES = (
    Recipe(),
    Recipe(channel="WEB"),
    Recipe(refunds=(30,)),
    Recipe(channel="WEB", refunds=(20, 50, None)),
    Recipe(refunds=(None,)),
    Recipe(is_cancelled=True, is_paid=False),
    Recipe(is_cancelled=True),
    Recipe(is_paid=False),
)


@dataclass
class Order:
    """`paid` and `refunded` are in fen, as the payer and the shop were told."""

    shop: Shop
    sandbox_url: str
    recipe: Recipe
    amount: int
    id: str = field(default_factory=new_order)
    payment_id: str = ""
    paid: int = 0
    refunded: int = 0
    last: str = ""
    is_over: bool = False

    def life(self) -> Life:
        """Each yield is a call without an answer yet, or a look that came too early."""
        try:
            yield from self._live()
        finally:
            self.is_over = True

    def _live(self) -> Life:
        key, amount = new_key(), decimal_text(self.amount, 2)
        fields = {"orderId": self.id, "amount": amount, "channel": self.recipe.channel}
        payment = yield from self._answered(lambda: self.shop.create(key=key, **fields), 201)
        self.payment_id = payment["paymentId"]
        if self.recipe.is_cancelled:
            yield from self._answered(lambda: self.shop.cancel(self.payment_id), 200)
        if self.recipe.is_paid:
            yield from self._pay(payment)
        for part in self.recipe.refunds if self.paid else ():
            yield from self._refund(part)

    def _pay(self, payment: dict[str, Any]) -> Life:
        while not (answer := self._paid_by(payment)):
            yield
        if answer == "closed":
            return
        self.paid = self.amount
        while (yield from self._answered(self._look, 200))["state"] not in PAID:
            yield

    def _look(self) -> requests.Response:
        return self.shop.call("GET", f"/payments/{self.payment_id}")

    def _paid_by(self, payment: dict[str, Any]) -> str:
        """Whether the payer has paid, or cannot any more. A repeat is refused, so that the order is looked at."""
        try:
            url = f"{self.sandbox_url}/_sandbox/alipay/pay"
            done = requests.post(url, json={"action": payment["action"]}, timeout=30)
            if done.ok:
                return "paid"
            seen = requests.get(f"{self.sandbox_url}/alipay/_sandbox/orders/{reference(payment)}", timeout=30)
            if seen.ok and seen.json()["paid_at"]:
                return "paid"
        except requests.RequestException:
            return ""
        return "closed" if done.status_code == seen.status_code == 409 or seen.ok else ""

    def _refund(self, part: int | None) -> Life:
        key = new_key()
        amount = self.amount - self.refunded if part is None else self.amount * part // 100
        fields = {} if part is None else {"amount": decimal_text(amount, 2)}
        refund = yield from self._answered(lambda: self.shop.refund(self.payment_id, key=key, **fields), 201)
        assert (refund["state"], refund["amount"]) == ("SUCCEEDED", decimal_text(amount, 2)), refund
        self.refunded += amount

    def _answered(
        self, call: Callable[[], requests.Response], expected: int
    ) -> Generator[None, None, dict[str, Any]]:
        while True:
            try:
                answer = call()
            except requests.RequestException as error:
                self.last = type(error).__name__
                yield
                continue
            self.last = f"{answer.request.method} {answer.status_code} {answer.text[:200]}"
            document: dict[str, Any] = answer.json()
            if answer.status_code == expected:
                return document
            is_passing = answer.status_code in (202, 429) or answer.status_code >= 500
            assert is_passing or document.get("code") in PASSING_CODES, f"{answer.status_code} {answer.text}"
            yield


class Load:
    """Threads that take orders up, `rate` a second and at most `most` under way, until `stop`."""

    def __init__(self, shop: Shop, sandbox_url: str, *, rate: float, most: int = 60, threads: int = 4) -> None:
        self.orders: list[Order] = []
        self.failures: list[str] = []
        self._shop, self._sandbox_url = shop, sandbox_url
        self._rate, self._most = rate, most
        self._chance = random.Random(3)
        self._due: list[tuple[float, int, Life]] = []
        self._numbers = itertools.count()
        self._next_at = 0.0
        self._under_way = 0
        self._lock = threading.Lock()
        self._is_full, self._is_over = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No new orders; those under way go on."""
        self._is_full.set()

    @property
    def under_way(self) -> int:
        return self._under_way

    @property
    def ended(self) -> int:
        return len(self.orders) - self._under_way

    def at(self) -> Counter[str]:
        """What the last call of each order under way came to, for a test that fails."""
        return Counter(order.last for order in self.orders if not order.is_over)

    def end(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while not self._is_over.is_set():
            life = self._take()
            if life is None:
                self._is_over.wait(0.02)
                continue
            try:
                next(life)
            except StopIteration:
                self._finish()
            except Exception:  # noqa: BLE001  # told by the test
                self._finish(traceback.format_exc(limit=-2))
            else:
                with self._lock:
                    heapq.heappush(self._due, (time.monotonic() + PAUSE_SECONDS, next(self._numbers), life))

    def _finish(self, failure: str = "") -> None:
        with self._lock:
            self._under_way -= 1
            self.failures += [failure] if failure else []

    def _take(self) -> Life | None:
        with self._lock:
            now = time.monotonic()
            if self._due and self._due[0][0] <= now:
                return heapq.heappop(self._due)[2]
            if self._is_full.is_set() or self._under_way >= self._most or now < self._next_at:
                return None
            self._next_at = max(now, self._next_at) + 1 / self._rate
            self._under_way += 1
            recipe = RECIPES[len(self.orders) % len(RECIPES)]
            order = Order(self._shop, self._sandbox_url, recipe, self._chance.randint(100, 99_999))
            self.orders.append(order)
            return order.life()
