"""EventBridge Scheduler's and SQS's part: calls functions on their schedules and for queued messages.

Local time may run faster: intervals are multiplied by LOCAL_SCHEDULE_SCALE, but none falls below
LOCAL_SCHEDULE_MIN_SECONDS.
"""

import json
import os
import re
import signal
import sys
import threading
import time
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from infra.local.environments import Environments, FunctionFailed, Throttled
from infra.local.lambda_endpoint import ENDPOINT, LambdaEndpoint
from infra.local.template import Function, Queue, Schedule, read_template

REGION, ACCOUNT = "us-east-1", "123456789012"
UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
POLL_SECONDS = 10
CONCURRENCY = 8  # the chains' pollers stay for a while, and nothing else must wait for them


def interval_seconds(expression: str, scale: float, minimum: float) -> float:
    """`rate(5 minutes)` in local seconds; a cron expression counts as once a day."""
    rate = re.fullmatch(r"rate\((\d+) (second|minute|hour|day)s?\)", expression.strip())
    seconds = int(rate[1]) * UNITS[rate[2]] if rate else UNITS["day"]
    return max(minimum, seconds * scale)


def schedule_event(schedule: Schedule, now: datetime) -> Any:
    """What the service sends when the schedule names no input of its own."""
    if schedule.input is not None:
        return json.loads(schedule.input)
    is_scheduler = schedule.source == "aws.scheduler"
    kind = "scheduler" if is_scheduler else "events"
    resource = f"schedule/default/{schedule.name}" if is_scheduler else f"rule/{schedule.name}"
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": schedule.source,
        "account": ACCOUNT,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [f"arn:aws:{kind}:{REGION}:{ACCOUNT}:{resource}"],
        "detail": "{}" if is_scheduler else {},
    }


def queue_event(messages: list[dict[str, Any]], queue_url: str) -> dict[str, Any]:
    name = queue_url.rpartition("/")[2]
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message.get("Attributes", {}),
                "messageAttributes": message.get("MessageAttributes", {}),
                "md5OfBody": message["MD5OfBody"],
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
                "awsRegion": REGION,
            }
            for message in messages
        ]
    }


def failed_ids(answer: Any) -> set[str] | None:
    """The messages that a partial batch response gives back; None where it spoils the whole batch."""
    failures = (answer or {}).get("batchItemFailures") or []
    identifiers = {failure.get("itemIdentifier") for failure in failures}
    return None if None in identifiers or "" in identifiers else identifiers


class Scheduler:
    def __init__(self, environments: Environments | LambdaEndpoint, *, scale: float, minimum: float) -> None:
        self._environments = environments
        self._scale = scale
        self._minimum = minimum
        self._stopped = threading.Event()
        self._turns: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def stop(self) -> None:
        self._stopped.set()

    def run_schedule(self, function: Function, schedule: Schedule) -> None:
        """Until stopped, as often as the interval says. A run that takes longer delays the next one."""
        interval = interval_seconds(schedule.expression, self._scale, self._minimum)
        due = time.monotonic() + interval
        while not self._stopped.wait(max(0.0, due - time.monotonic())):
            due = max(due, time.monotonic()) + interval
            # What a schedule has an input for is its own work: each chain's poller goes its own way.
            turn = schedule.name if schedule.input else ""
            self._invoke(function, schedule_event(schedule, datetime.now(UTC)), turn)

    def run_queue(self, function: Function, queue: Queue, sqs: Any, queue_url: str) -> None:
        while not self._stopped.is_set():
            try:
                self.poll_queue(function, queue, sqs, queue_url)
            except Exception as error:  # noqa: BLE001 (the queue is away; it will be back)
                print(f"{queue.variable}: {error!r}", file=sys.stderr)
                self._stopped.wait(1)

    def poll_queue(self, function: Function, queue: Queue, sqs: Any, queue_url: str) -> int:
        """One batch; what succeeded is deleted and the rest comes again. Returns how many succeeded."""
        received = sqs.receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=min(queue.batch_size, 10),
            WaitTimeSeconds=POLL_SECONDS,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages = received.get("Messages", [])
        if not messages:
            return 0
        is_done, answer = self._invoke(function, queue_event(messages, queue_url))
        if not is_done:
            return 0
        failed = failed_ids(answer) if queue.reports_failures else set()
        if failed is None:
            return 0
        done = [message for message in messages if message["MessageId"] not in failed]
        for message in done:
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
        return len(done)

    def _invoke(self, function: Function, event: Any, turn: str = "") -> tuple[bool, Any]:
        """One run of a function at a time, or of each of its turns: the embedded broker may lose what two producers
        send it at once.
        """
        try:
            with self._turns[function.name + turn]:
                return True, self._environments.invoke(function, event)
        except (FunctionFailed, Throttled) as failure:
            print(f"{function.name}: {failure!r}", file=sys.stderr)
            return False, None


def main() -> None:
    template = read_template(Path(os.environ.get("TEMPLATE", "template.yaml")))
    for name, value in template.variables.items():
        os.environ.setdefault(name, value)
    scheduler = Scheduler(
        LambdaEndpoint() if ENDPOINT in os.environ else Environments(CONCURRENCY),
        scale=float(os.environ.get("LOCAL_SCHEDULE_SCALE", "0.08")),
        minimum=float(os.environ.get("LOCAL_SCHEDULE_MIN_SECONDS", "1")),
    )
    jobs: list[tuple[Any, tuple[Any, ...]]] = []
    for function in template.functions:
        jobs += [(scheduler.run_schedule, (function, schedule)) for schedule in function.schedules]
        jobs += [
            (scheduler.run_queue, (function, queue, boto3.client("sqs"), os.environ[queue.variable]))
            for queue in function.queues
        ]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for work, arguments in jobs:
        threading.Thread(target=work, args=arguments, daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
