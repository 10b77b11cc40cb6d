from concurrent.futures import ThreadPoolExecutor
from typing import Any

from paygate.adapters.redis.turns import ProcessTurns, RedisTurns


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_name_has_one_turn_in_a_while() -> None:
    time = Time()
    turns = ProcessTurns(5, time)
    assert [turns("a"), turns("b"), turns("a")] == [True, True, False]
    time.now += 4.9
    assert not turns("a")
    time.now += 0.1
    assert turns("a")


def test_of_many_at_once_one_has_it() -> None:
    turns = ProcessTurns(60)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: turns("a"), range(64))) == 1


def test_a_flood_of_names_is_not_remembered_for_ever() -> None:
    time = Time()
    turns = ProcessTurns(5, time)
    assert [turns(str(number)) for number in range(1001)] == [True] * 1000 + [False]
    time.now += 5
    assert turns("another")
    assert len(turns._next) == 1


class Gone:
    """Redis, out of reach."""

    def try_to(self, _work: Any) -> None:
        return None


def test_without_redis_a_process_gives_turns_of_its_own() -> None:
    turns = RedisTurns(Gone(), "return", 60)  # type: ignore[arg-type]
    assert [turns("a"), turns("a"), turns("b")] == [True, False, True]
