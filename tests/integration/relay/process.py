"""One relay run as a process: `python -m tests.integration.relay.process <seconds>`.

It says when it is ready and waits for a line on standard input.
"""

import os
import sys

from paygate.adapters.kafka.settings import KafkaSettings
from paygate.adapters.kafka.stream import KafkaStream
from paygate.adapters.postgres.database import Database
from paygate.adapters.postgres.outbox import PostgresOutbox
from paygate.services.relay_events import RelayEvents
from tests.integration.relay.world import MemoryMeter


def main() -> None:
    stream = KafkaStream(KafkaSettings(os.environ["KAFKA_BOOTSTRAP_SERVERS"]))
    outbox = PostgresOutbox(Database(os.environ["DATABASE_URL"]))
    stream.start([]).finish(1)  # everything is loaded and connected
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    report = RelayEvents(outbox, stream, MemoryMeter(), retention_days=30)(float(sys.argv[1]))
    stream.close()
    sys.stdout.write(f"{report}\n")


if __name__ == "__main__":
    main()
