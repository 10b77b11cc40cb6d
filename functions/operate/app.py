"""What an operator does by hand, where nobody has a shell beside the database: `{"task": …}` (docs/operations.md).

Only who may invoke this function may do it. What it answers goes to the caller alone; its log tells which task was
done, never what it answered: a new key is shown once.
"""

from __future__ import annotations

import os
import re
from dataclasses import asdict, is_dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from paygate import bootstrap, budget
from paygate.config import read_settings
from paygate.domain.errors import InvalidField, PaygateError
from paygate.observability import logger, traced
from paygate.services.api_keys import BEARER, SCOPES, ApiKeys
from paygate.services.replay_outbox import ReplayOutbox

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aws_lambda_powertools.utilities.typing import LambdaContext

    from paygate.bootstrap import Operations

    Event = Mapping[str, Any]
    Task = Callable[[Operations, Event, float], Any]

MARGIN_SECONDS = 10.0
MOST_PAYMENTS = 100
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", re.ASCII)
EVERY_SCOPE = [scope for scope in SCOPES if scope != "admin"]


class TaskRefused(Exception):
    """The task was not done, and why, in words that show nothing secret."""


class TaskFailed(Exception):
    """The log says why. The runtime prints this, so it carries the error's name only."""


def issue_key(operations: Operations, event: Event, _seconds: float) -> dict[str, str]:
    """`name`, `kind` (`BEARER` or `SIGNING`), `scopes`. The answer is all that anybody ever sees of the secret."""
    app = operations.app
    keys = ApiKeys(app.keys, app.settings.api_key_pepper)
    kind = str(event.get("kind", BEARER)).upper()
    issued = keys.issue(_text(event, "name"), kind, _texts(event, "scopes", EVERY_SCOPE))
    told = {"token": issued.token} if kind == BEARER else {"secret": issued.secret}
    return {"keyId": issued.id, **told}


def revoke_key(operations: Operations, event: Event, _seconds: float) -> dict[str, str]:
    key_id = _text(event, "keyId")
    ApiKeys(operations.app.keys, operations.app.settings.api_key_pepper).revoke(key_id)
    return {"revoked": key_id}


def replay(operations: Operations, event: Event, _seconds: float) -> dict[str, int]:
    """Of one `payment`, or what was written `from` … `to`. The relay's schedule finds it within the minute."""
    resend = ReplayOutbox(operations.app.outbox, lambda: None)
    if "payment" in event:
        return {"queued": resend.payment(_text(event, "payment"))}
    return {"queued": resend.range(_moment(event, "from"), _moment(event, "to", datetime.now(UTC)))}


def close(operations: Operations, _event: Event, _seconds: float) -> dict[str, bool]:
    operations.restore.close()
    return {"closed": True}


def reopen(operations: Operations, _event: Event, _seconds: float) -> dict[str, bool]:
    operations.restore.reopen()
    return {"closed": False}


def raise_epoch(operations: Operations, event: Event, seconds: float) -> Any:
    """`restoredTo`, and `addresses`: more than can have been given out since."""
    more = {"addresses": _number(event, "addresses")} if "addresses" in event else {}
    return operations.restore.raise_epoch(_moment(event, "restoredTo"), seconds, **more)


def reconcile(operations: Operations, event: Event, seconds: float) -> Any:
    """Payments created `since`; `after` from the answer before goes on there."""
    after = _text(event, "after") if "after" in event else None
    return operations.restore.reconcile(_moment(event, "since"), after, seconds)


def recover_refund(operations: Operations, event: Event, _seconds: float) -> dict[str, str]:
    """The `payment`, `refund` and `amount` of a `payment.refunded` event from the time that is lost."""
    refund = operations.restore.recover_refund(
        _text(event, "payment"), _text(event, "refund"), _text(event, "amount")
    )
    return {"refund": refund.id, "state": refund.state.value}


def release_refund(operations: Operations, event: Event, _seconds: float) -> dict[str, str]:
    refund_id = _text(event, "refund")
    operations.restore.release(refund_id)
    return {"released": refund_id}


def adopt_refund(operations: Operations, event: Event, _seconds: float) -> dict[str, str]:
    """`transaction` paid the `refund` in the time that is lost."""
    refund_id = _text(event, "refund")
    booked = operations.app.pay_out.adopt(refund_id, _text(event, "transaction"))
    operations.restore.release(refund_id)
    return {"refund": refund_id, "state": booked.state.value}


def erase(operations: Operations, event: Event, _seconds: float) -> Any:
    payments = _texts(event, "payments", [])
    if not 0 < len(payments) <= MOST_PAYMENTS:
        raise InvalidField("payments", f"are 1 to {MOST_PAYMENTS} ids")
    return operations.erase.payments(payments)


def forget(operations: Operations, event: Event, seconds: float) -> Any:
    return operations.erase.before(_moment(event, "before"), seconds)


def reseal(operations: Operations, _event: Event, seconds: float) -> dict[str, int]:
    return {"resealed": operations.reseal.reseal(seconds)}


TASKS: dict[str, Task] = {
    "issue-key": issue_key,
    "revoke-key": revoke_key,
    "replay": replay,
    "close": close,
    "reopen": reopen,
    "raise-epoch": raise_epoch,
    "recover-refund": recover_refund,
    "reconcile": reconcile,
    "release-refund": release_refund,
    "adopt-refund": adopt_refund,
    "erase": erase,
    "forget": forget,
    "reseal": reseal,
}


def handle(event: Event, context: LambdaContext) -> dict[str, Any]:
    """Raises TaskRefused and TaskFailed, which the caller sees as a failed invocation."""
    name = event.get("task")
    log = logger()
    log.thread_safe_append_keys(request_id=context.aws_request_id)
    seconds = context.get_remaining_time_in_millis() / 1000 - MARGIN_SECONDS
    try:
        task = _task(name)
        with budget.limit(seconds):
            answer = _run(task, event, seconds)
        log.info("done", task=name)
    except PaygateError as refused:
        log.warning("refused", task=str(name), code=refused.code)
        raise TaskRefused(f"{refused.code}: {refused}") from None
    except Exception as error:
        log.exception("failed")
        raise TaskFailed(type(error).__name__) from None
    finally:
        log.thread_safe_clear_keys()
    return answer


def _task(name: object) -> Task:
    if not isinstance(name, str) or name not in TASKS:
        raise InvalidField("task", f"is one of {', '.join(TASKS)}")
    return TASKS[name]


def _run(task: Task, event: Event, seconds: float) -> dict[str, Any]:
    """Settings are read anew each time: what is done here is often done because they changed."""
    settings = read_settings(os.environ)
    if "host" in event and settings.migrate_database_url is not None:
        url = another_host(settings.migrate_database_url, _text(event, "host"))
        settings = replace(settings, migrate_database_url=url)
    operations = bootstrap.operations(settings)
    try:
        answer = task(operations, event, seconds)
    finally:
        operations.app.database.close()
    return asdict(answer) if is_dataclass(answer) and not isinstance(answer, type) else answer


def another_host(url: str, host: str) -> str:
    """The database's URL at another host of the same domain: a copy that was restored beside the one in use.

    Raises InvalidField for any other host, which would be told the owner's password.
    """
    parts = urlsplit(url)
    own = parts.hostname or ""
    name, _, domain = host.partition(".")
    if not _LABEL.fullmatch(name) or not domain or domain != own.partition(".")[2]:
        raise InvalidField("host", f"is another name under {own.partition('.')[2] or own}")
    before, at, _ = parts.netloc.rpartition("@")
    port = f":{parts.port}" if parts.port else ""
    return parts._replace(netloc=f"{before}{at}{host}{port}").geturl()


def _text(event: Event, name: str) -> str:
    given = event.get(name)
    if not isinstance(given, str) or not 0 < len(given) <= 200:  # noqa: PLR2004
        raise InvalidField(name, "is a text of 1 to 200 characters")
    return given


def _texts(event: Event, name: str, default: list[str]) -> list[str]:
    given = event.get(name, default)
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise InvalidField(name, "is a list of texts")
    return given


def _number(event: Event, name: str) -> int:
    given = event.get(name)
    if not isinstance(given, int) or isinstance(given, bool):
        raise InvalidField(name, "is a whole number")
    return given


def _moment(event: Event, name: str, default: datetime | None = None) -> datetime:
    if default is not None and name not in event:
        return default
    try:
        moment = datetime.fromisoformat(_text(event, name))
    except ValueError:
        raise InvalidField(name, "is a time as in 2030-01-31T12:00:00Z") from None
    if moment.tzinfo is None:
        raise InvalidField(name, "names its zone: 2030-01-31T12:00:00Z")
    return moment


lambda_handler = traced(handle)
