"""Schedules and queues of the template call the real handlers with the services' own events."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.scheduler import failed_ids, interval_seconds
from infra.local.servers.aws import Aws
from infra.local.servers.programs import Scheduler

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Rate: { Type: String, Default: rate(1 minute) }
Globals:
  Function:
    CodeUri: functions/
    Environment: { Variables: { WORK_QUEUE_URL: !Ref WorkQueue } }
Resources:
  WorkQueue: { Type: AWS::SQS::Queue }
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Handler: work.app.lambda_handler
      Events:
        EveryMinute: { Type: ScheduleV2, Properties: { ScheduleExpression: !Ref Rate } }
        Rule: { Type: Schedule, Properties: { Schedule: rate(1 hour), Input: '{"own": true}' } }
        Queue:
          Type: SQS
          Properties:
            Queue: !GetAtt WorkQueue.Arn
            BatchSize: 1000
            FunctionResponseTypes: [ReportBatchItemFailures]
"""

WORK = """
import json, os

seen = set()

def lambda_handler(event, context):
    with open(os.environ["EVENTS"], "a") as events:
        events.write(json.dumps({"event": event, "left": context.get_remaining_time_in_millis()}) + "\\n")
    failed = []
    for record in event.get("Records", []):
        if record["body"] == "once more" and record["body"] not in seen:
            seen.add(record["body"])
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}
"""


class World:
    def __init__(self, project: Path, aws: Aws) -> None:
        self._events = project / "events"
        self.sqs = aws.client("sqs")
        self.queue_url = self.sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
        (project / "template.yaml").write_text(TEMPLATE)
        (project / "functions" / "work").mkdir(parents=True)
        (project / "functions" / "work" / "app.py").write_text(WORK)
        self.settings = {
            **aws.env,
            "TEMPLATE": str(project / "template.yaml"),
            "EVENTS": str(self._events),
            "WORK_QUEUE_URL": self.queue_url,
            "LOCAL_SCHEDULE_SCALE": "0.005",
            "LOCAL_SCHEDULE_MIN_SECONDS": "0.2",
        }

    def events(self) -> list[dict[str, Any]]:
        lines = self._events.read_text().splitlines() if self._events.exists() else []
        return [json.loads(line)["event"] for line in lines]

    def wait_for(self, count: int, source: str) -> list[dict[str, Any]]:
        give_up_at = time.monotonic() + 60
        while True:
            found = [event for event in self.events() if source in json.dumps(event)]
            if len(found) >= count:
                return found
            assert time.monotonic() < give_up_at, self.events()
            time.sleep(0.05)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    project = tmp_path_factory.mktemp("project")
    with Aws(project / "aws") as aws:
        world = World(project, aws)
        with Scheduler(project / "scheduler", settings=world.settings):
            yield world


def test_a_schedule_runs_again_and_again_with_the_schedulers_event(world: World) -> None:
    event = world.wait_for(2, "aws.scheduler")[0]
    assert event["detail-type"] == "Scheduled Event"
    assert event["detail"] == "{}"
    assert event["resources"] == ["arn:aws:scheduler:us-east-1:123456789012:schedule/default/EveryMinute"]
    assert sorted(event) == [
        "account",
        "detail",
        "detail-type",
        "id",
        "region",
        "resources",
        "source",
        "time",
        "version",
    ]


def test_messages_arrive_as_sqs_records_and_only_failed_ones_come_again(world: World) -> None:
    sent = world.sqs.send_message(QueueUrl=world.queue_url, MessageBody="fine")
    world.sqs.send_message(QueueUrl=world.queue_url, MessageBody="once more")
    world.wait_for(2, "once more")
    records = [record for event in world.wait_for(1, "aws:sqs") for record in event["Records"]]
    assert sorted(record["body"] for record in records) == ["fine", "once more", "once more"]
    fine = next(record for record in records if record["body"] == "fine")
    assert fine["messageId"] == sent["MessageId"]
    assert fine["eventSourceARN"] == "arn:aws:sqs:us-east-1:123456789012:work"
    assert fine["attributes"]["ApproximateReceiveCount"] == "1"
    assert fine["messageAttributes"] == {}
    counts = [record["attributes"]["ApproximateReceiveCount"] for record in records if record["body"] != "fine"]
    assert counts == ["1", "2"]


@pytest.mark.parametrize(
    ("expression", "scale", "minimum", "seconds"),
    [
        ("rate(1 minute)", 0.08, 1, 4.8),
        ("rate(5 minutes)", 1, 1, 300),
        ("rate(1 hour)", 0.0001, 1, 1),
        ("cron(0 3 * * ? *)", 1, 1, 86400),
    ],
)
def test_local_time_runs_faster_but_not_below_the_minimum(
    expression: str, scale: float, minimum: float, seconds: float
) -> None:
    assert interval_seconds(expression, scale, minimum) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ({}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "a"}]}, {"a"}),
        ({"batchItemFailures": [{"itemIdentifier": ""}]}, None),
        ({"batchItemFailures": [{}]}, None),
    ],
)
def test_a_partial_batch_response_is_read_as_sqs_reads_it(answer: Any, failed: set[str] | None) -> None:
    assert failed_ids(answer) == failed
