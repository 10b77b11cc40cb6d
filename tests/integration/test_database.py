"""Transactions over pipelined statements: nothing is answered by another's answer, nothing survives a failure."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from paygate.adapters.postgres.database import Database
from paygate.adapters.postgres.statements import Statement
from paygate.domain.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.local.stack import Stack


def said(text: str, *names: str) -> Statement:
    return Statement("test", text, lambda values: tuple(values[name] for name in names))


NOTE = said("INSERT INTO seen_signatures (signature) VALUES ($1)", "signature")
NOTED = said("SELECT count(*) FROM seen_signatures WHERE signature = $1", "signature")
BROKEN = said("SELECT 1 / $1::int", "by")


@pytest.fixture
def database(stack: Stack) -> Iterator[Database]:
    opened = Database(stack.env["DATABASE_URL"])
    yield opened
    opened.close()


def test_an_error_undoes_the_transaction_and_leaves_the_connection_in_step(database: Database) -> None:
    name = b"undone"
    with pytest.raises(Exception, match="division by zero"), database.transaction() as run:
        run(NOTE, signature=name)
        run(BROKEN, by=0)
    assert database.once(NOTED, signature=name) == [[0]]
    with pytest.raises(Exception, match="division by zero"):
        database.once(BROKEN, by=0)
    assert database.once(BROKEN, by=1) == [[1]]


def test_an_exception_of_the_caller_rolls_back(database: Database) -> None:
    with pytest.raises(KeyError), database.transaction() as run:
        run(NOTE, signature=b"caller")
        raise KeyError
    assert database.once(NOTED, signature=b"caller") == [[0]]


def test_what_was_committed_stays(database: Database) -> None:
    with database.transaction() as run:
        run(NOTE, signature=b"kept")
    assert database.once(NOTED, signature=b"kept") == [[1]]


def test_a_kept_connection_that_died_is_replaced_unseen(stack: Stack, database: Database) -> None:
    backend = said("SELECT pg_backend_pid()")
    [[pid]] = database.once(backend)
    with stack.postgres.admin() as admin:
        admin.run("SELECT pg_terminate_backend(:pid)", pid=pid)
    time.sleep(0.2)
    with database.transaction() as run:
        run(NOTE, signature=b"after death")
    assert database.once(NOTED, signature=b"after death") == [[1]]


def test_one_that_dies_in_the_middle_is_unavailable_and_undone(stack: Stack, database: Database) -> None:
    with pytest.raises(Unavailable), database.transaction() as run:
        run(NOTE, signature=b"midway")
        [[pid]] = run(said("SELECT pg_backend_pid()"))
        with stack.postgres.admin() as admin:
            admin.run("SELECT pg_terminate_backend(:pid)", pid=pid)
        time.sleep(0.2)
        run(NOTED, signature=b"midway")
    assert database.once(NOTED, signature=b"midway") == [[0]]


def test_threads_never_see_each_others_answers(database: Database) -> None:
    echo = said("SELECT $1::int", "number")
    wrong: list[object] = []

    def ask(number: int) -> None:
        for _ in range(50):
            with database.transaction() as run:
                first = run(echo, number=number)
                second = run(echo, number=-number)
            if (first, second, database.once(echo, number=number)) != ([[number]], [[-number]], [[number]]):
                wrong.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 33)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable), Database("postgresql://u:p@127.0.0.1:1/d").transaction() as run:
        run(said("SELECT 1"))
