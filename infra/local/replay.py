"""`make replay`: send stored events to Kafka again, a payment's or those of a time range."""

import argparse
import os
from datetime import UTC, datetime

from infra.local.joined import application
from paygate.services.replay_outbox import ReplayOutbox


def main() -> None:
    asked = arguments()
    with application() as app:
        replay = ReplayOutbox(app.outbox, nudge)
        queued = replay.payment(asked.payment) if asked.payment else replay.range(asked.since, asked.until)
    print(f"{queued} events will be sent again.")


def nudge() -> None:
    """Wake the relay, where a queue does that; its schedule would, too."""
    import boto3

    if url := os.environ.get("RELAY_QUEUE_URL"):
        boto3.client("sqs").send_message(QueueUrl=url, MessageBody="replay")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make replay", description="Send stored events to Kafka again; consumers know repeats by event-id."
    )
    parser.add_argument("--payment", help="all events of one payment")
    parser.add_argument("--from", dest="since", type=moment, help="ISO 8601; from this moment")
    parser.add_argument("--to", dest="until", type=moment, default=datetime.now(UTC), help="before this; now")
    asked = parser.parse_args()
    if bool(asked.payment) == bool(asked.since):
        parser.error("either --payment or --from is needed")
    return asked


def moment(text: str) -> datetime:
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
