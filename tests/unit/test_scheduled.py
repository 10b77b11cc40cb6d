from dataclasses import dataclass

import pytest

from paygate import budget
from paygate.scheduled import RunFailed, scheduled
from tests.unit.http_support import Context


@dataclass
class Report:
    sent: int
    is_complete: bool = True


def test_a_run_gets_the_time_that_is_left_less_a_margin() -> None:
    def sweep(seconds: float) -> Report:
        assert 11 < seconds < 13
        assert budget.remaining(100) < 13
        return Report(3)

    assert scheduled(lambda _event: sweep)({"source": "aws.scheduler"}, Context())["sent"] == 3  # type: ignore[arg-type]


@pytest.mark.parametrize(("is_complete", "failed"), [(True, []), (False, [{"itemIdentifier": "m-1"}])])
def test_a_queue_learns_what_failed(failed: list[dict[str, str]], *, is_complete: bool) -> None:
    handler = scheduled(lambda _event: lambda _: Report(0, is_complete))
    answer = handler({"Records": [{"messageId": "m-1"}]}, Context())  # type: ignore[arg-type]
    assert answer["batchItemFailures"] == failed


def test_a_failure_fails_the_run_and_says_nothing_secret(capsys: pytest.CaptureFixture[str]) -> None:
    def sweep(_: float) -> Report:
        raise ConnectionError("postgresql://paygate:hunter2-in-url@db/paygate")

    with pytest.raises(RunFailed) as failure:
        scheduled(lambda _event: sweep)({}, Context())  # type: ignore[arg-type]
    assert str(failure.value) == "ConnectionError"
    assert failure.value.__cause__ is None
    assert "hunter2" not in "".join(capsys.readouterr())


def test_what_cannot_be_built_fails_the_same_way() -> None:
    def build(_event: object) -> object:
        raise ValueError("DATABASE_URL=postgresql://u:hunter2-in-url@db/p")

    with pytest.raises(RunFailed, match=r"^ValueError$"):
        scheduled(build)({}, Context())  # type: ignore[arg-type]
