"""P2: planted secrets never show in what is written, whatever way they come."""

import contextlib
import io
import json
import logging
from typing import Any
from uuid import uuid4

import pytest

from paygate.observability import EmfMeter, make_logger, redact
from paygate.redaction import MASK, Redactor

BARE_KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ" * 3
PEM = f"-----BEGIN PRIVATE KEY-----\n{BARE_KEY[:64]}\n{BARE_KEY[64:]}\n-----END PRIVATE KEY-----"
HEX_SIGNATURE = "5f" * 32

PLANTED = [
    ("Authorization: Bearer pk_1a2b.Zm9vYmFyLXNlY3JldA", "Zm9vYmFyLXNlY3JldA"),
    ("key pk_1a2b.Zm9vYmFyLXNlY3JldA was used", "Zm9vYmFyLXNlY3JldA"),
    (f"Authorization: Paygate-HMAC-SHA256 keyId=pk_1,t=1,signature={HEX_SIGNATURE}", HEX_SIGNATURE),
    ("postgresql://paygate:hunter2-in-url@db.internal:5432/paygate", "hunter2-in-url"),
    ("rediss://:p@ss/word@cache:6379", "p@ss/word"),
    (f"could not load {PEM}", BARE_KEY[64:]),
    (f"could not load {BARE_KEY}", BARE_KEY),
    ("app_id=1&sign=q3Tz%2Bab%3D&method=x", "q3Tz%2Bab%3D"),
    ('{"client_secret": "pi_3_secret_abc"}', "pi_3_secret_abc"),
    ("{'password': 'correct horse'}", "correct"),
    ("API_KEY_PEPPER=grains-of-pepper", "grains-of-pepper"),
    ("card 4242424242424242 declined", "4242424242424242"),
    ("card 5555 5555 5555 4444 declined", "5555 5555 5555 4444"),
    ("card 3782-822463-10005 declined", "3782-822463-10005"),
]


def written(write: Any) -> str:
    stream = io.StringIO()
    logger = make_logger(stream, service=f"test-{uuid4()}")
    write(logger)
    return stream.getvalue()


@pytest.mark.parametrize(("text", "secret"), PLANTED)
def test_a_planted_secret_never_shows(text: str, secret: str) -> None:
    def fail() -> None:
        raise RuntimeError(text)

    def in_traceback(logger: Any) -> None:
        try:
            fail()
        except RuntimeError:
            logger.exception("failed")

    ways = [
        lambda logger: logger.info(text),
        lambda logger: logger.info("one", extra={"detail": text}),
        lambda logger: logger.info({"nested": {"detail": [text]}}),
        lambda logger: logger.warning("%s", text),
        in_traceback,
    ]
    for way in ways:
        output = written(way)
        assert secret not in output
        assert json.dumps(secret)[1:-1] not in output
        assert MASK in output


def test_values_that_settings_call_secret_never_show() -> None:
    redactor = Redactor()
    redactor.conceal(['odd "value" \\ of 订单', "short", "line number one\nline number two"])
    assert "订单" not in redactor('odd "value" \\ of 订单')
    assert "value" not in redactor(json.dumps({"a": 'odd "value" \\ of 订单'}))
    assert redactor("a line number two b") == f"a {MASK} b"
    assert redactor("too short to hide everywhere") == "too short to hide everywhere"


def test_a_key_file_that_is_known_hides_other_key_files_too() -> None:
    redactor = Redactor()
    redactor.conceal([PEM.replace("M", "N")])
    assert BARE_KEY[64:] not in redactor(f"could not load {PEM}")


@pytest.mark.parametrize(
    "line",
    [
        "payment PAY_01K6FZ1E8M9N0P1Q2R3S4T5V6W settled",
        "reference 01K6FZ1E8M9N0P1Q2R3S4T5V6W01",
        "trade 2025100122001400001400000001",
        "at 1759307220123 took 12.5 ms",
        '{"request_id":"5b0f2f9e-0c0f-4c1b-9a3e-2f4242424242"}',
        "signed in 3 ms by the design team",
        "http://127.0.0.1:3001/alipay/gateway.do",
    ],
)
def test_what_is_no_secret_stays_readable(line: str) -> None:
    assert redact(line) == line


def test_log_lines_are_json_in_utc_with_their_ids() -> None:
    def write(logger: Any) -> None:
        logger.thread_safe_append_keys(request_id="request-1", payment_id="PAY_1")
        logger.info("answered", status=201)
        logger.thread_safe_clear_keys()

    line = json.loads(written(write))
    assert (line["message"], line["status"]) == ("answered", 201)
    assert (line["request_id"], line["payment_id"]) == ("request-1", "PAY_1")
    assert line["timestamp"].endswith("+00:00")


def test_the_standard_library_s_loggers_write_through_ours() -> None:
    stream = io.StringIO()
    make_logger(stream, service="paygate-tree")
    logging.getLogger("paygate-tree.services.x").warning("refused: sign=abcdef123456")
    line = json.loads(stream.getvalue())
    assert line["message"] == f"refused: sign={MASK}"


def test_metrics_are_emf_lines_without_ids(capsys: pytest.CaptureFixture[str]) -> None:
    meter = EmfMeter({"ALIPAY": "instant"})
    meter.count("PaymentsCreated", method="ALIPAY")
    meter.measure("RailLatency", 12, rail="alipay")
    meter.gauge("PollerLagMinutes", 0.5, network="tron")
    meter.alarm("RailFactDidNotFit", rail="alipay")
    created, latency, lag, alarm = map(json.loads, capsys.readouterr().out.splitlines())
    directive = created["_aws"]["CloudWatchMetrics"][0]
    assert (directive["Namespace"], created["PaymentsCreated"]) == ("paygate", [1.0])
    assert directive["Dimensions"] == [["service", "method"], ["service", "pace"]]
    assert (created["method"], created["pace"]) == ("ALIPAY", "instant")
    assert (latency["RailLatency"], latency["rail"]) == ([12.0], "alipay")
    assert latency["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Unit"] == "Milliseconds"
    directive = lag["_aws"]["CloudWatchMetrics"][0]
    assert directive["Metrics"] == [{"Name": "PollerLagMinutes", "Unit": "None"}]
    assert (lag["PollerLagMinutes"], directive["Dimensions"]) == ([0.5], [["service"], ["service", "network"]])
    assert (alarm["RailFactDidNotFit"], alarm["rail"]) == ([1.0], "alipay")
    assert alarm["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service"]]  # one alarm for all rails


def test_a_metric_leaves_with_its_line_end() -> None:
    """Else a thread that logs at that moment writes between the two, and the metric is lost."""
    pieces: list[str] = []

    class Pieces(io.StringIO):
        def write(self, text: str) -> int:
            pieces.append(text)
            return len(text)

    with contextlib.redirect_stdout(Pieces()):
        EmfMeter().count("RailErrors", rail="alipay")
    [line] = pieces
    assert json.loads(line)["RailErrors"] == [1]
    assert line.endswith("}\n")
