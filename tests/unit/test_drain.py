"""The sweep: several workers, each piece with one of them, a bound on the whole, and silent rails left out."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

import pytest

from paygate.domain.errors import Conflict, OutcomeUnknown, Unavailable
from paygate.ports import Due
from paygate.services.drain import MOST, WORKERS, drain


class Agenda:
    """What is due, in order; a piece is leased once, as PostgreSQL would."""

    def __init__(self, pieces: Sequence[Due]) -> None:
        self.waiting = list(pieces)
        self._lock = threading.Lock()

    def __call__(self, limit: int, _seconds: int, without: Sequence[str]) -> Sequence[Due]:
        with self._lock:
            taken = [piece for piece in self.waiting if piece.rail not in without][:limit]
            self.waiting = [piece for piece in self.waiting if piece not in taken]
        return taken


def pieces(count: int, rail: str = "a") -> list[Due]:
    return [Due(f"{rail}{number:05}", rail) for number in range(count)]


def soon() -> float:
    return time.monotonic() + 10


def run(
    due: Sequence[Due], handle: Callable[[Due], None], deadline: float | None = None, most: int = MOST
) -> tuple[tuple[int, int], Agenda]:
    agenda = Agenda(due)
    return drain(agenda, handle, deadline or soon(), most=most), agenda


def test_everything_is_handled_once() -> None:
    seen: Counter[str] = Counter()
    counted, agenda = run(pieces(500), lambda piece: seen.update([piece.id]))
    assert counted == (500, 0)
    assert not agenda.waiting
    assert set(seen.values()) == {1}


def test_workers_work_at_once_and_no_more_than_there_are() -> None:
    at_once, most_at_once, lock = 0, 0, threading.Lock()
    meeting = threading.Barrier(WORKERS)

    def handle(_piece: Due) -> None:
        nonlocal at_once, most_at_once
        with lock:
            at_once += 1
            most_at_once = max(most_at_once, at_once)
        meeting.wait(5)  # nobody passes before all the workers are here
        with lock:
            at_once -= 1

    run(pieces(WORKERS * 4), handle)
    assert most_at_once == WORKERS


@pytest.mark.parametrize("most", [0, 1, 7, 50])
def test_a_run_takes_on_no_more_than_its_bound_and_the_oldest_of_all(most: int) -> None:
    handled: list[str] = []
    counted, agenda = run(pieces(100), lambda piece: handled.append(piece.id), most=most)
    assert counted == (most, 0)
    assert sorted(handled) == [piece.id for piece in pieces(100)[:most]]
    assert len(agenda.waiting) == 100 - most


def test_a_rail_that_gives_no_answer_does_not_hold_up_the_others() -> None:
    asked: Counter[str] = Counter()

    def handle(piece: Due) -> None:
        asked[piece.rail] += 1
        if piece.rail == "dead":
            time.sleep(0.02)
            raise OutcomeUnknown("no answer")

    (handled, put_off), _ = run(pieces(400, "dead") + pieces(200, "well"), handle)
    assert asked["well"] == 200
    assert 3 <= asked["dead"] <= 3 + WORKERS
    assert (handled, put_off) == (200 + asked["dead"], asked["dead"])


def test_pieces_that_never_get_an_answer_do_not_keep_others_from_theirs() -> None:
    """They all come back when their lease ends, in the order they had."""
    answered: list[str] = []

    def handle(piece: Due) -> None:
        if piece.id != "a00003":
            raise OutcomeUnknown("the rail does not tell")
        answered.append(piece.id)

    for _ in range(30):
        run(pieces(4), handle)
    assert answered


def test_a_rail_that_answers_now_and_then_stays_in() -> None:
    calls = Counter[str]()

    def handle(piece: Due) -> None:
        calls[piece.rail] += 1
        if int(piece.id[1:]) % 2:
            raise Conflict("lost a race")

    assert run(pieces(100), handle)[0] == (100, 50)


def test_a_fault_in_one_piece_leaves_the_others(caplog: pytest.LogCaptureFixture) -> None:
    def handle(piece: Due) -> None:
        if piece.id == "a00003":
            raise ZeroDivisionError

    assert run(pieces(20), handle)[0] == (20, 1)
    assert "ZeroDivisionError" in caplog.text


def test_nothing_starts_after_the_time() -> None:
    handled: list[str] = []

    def handle(piece: Due) -> None:
        handled.append(piece.id)
        time.sleep(0.1)

    started = time.monotonic()
    run(pieces(1000), handle, started + 0.25)
    assert len(handled) <= WORKERS * 3
    assert time.monotonic() - started < 1


def test_when_postgresql_is_away_the_sweep_says_so() -> None:
    def lease(_limit: int, _seconds: int, _without: Sequence[str]) -> Sequence[Due]:
        raise Unavailable("PostgreSQL cannot be reached")

    with pytest.raises(Unavailable):
        drain(lease, lambda _: None, soon())


def test_when_one_kind_cannot_be_leased_the_other_kinds_go_on(caplog: pytest.LogCaptureFixture) -> None:
    def lease(_limit: int, _seconds: int, _without: Sequence[str]) -> Sequence[Due]:
        raise RuntimeError("a statement that is wrong")

    handled, put_off = drain(lease, lambda _: None, soon())
    assert (handled, put_off > 0) == (0, True)
    assert "a statement that is wrong" in caplog.text
