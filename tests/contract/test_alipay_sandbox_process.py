"""The sandbox as a program: it shares nothing with the gateway, and a SIGKILL loses nothing."""

import ast
import subprocess
import sys
import time
from pathlib import Path

import requests

from tests.contract.sandbox_client import ROOT, Merchant, Sandbox, inbox


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path, number: str) -> None:
    sandbox = Sandbox(tmp_path, time_scale=0.005)
    merchant = Merchant(sandbox.settings(), sandbox.url)
    order = {"out_trade_no": number, "total_amount": "5.00", "subject": "x"}
    refund = {"out_trade_no": number, "refund_amount": "2", "out_request_no": "r1"}
    with inbox(b"fail", b"fail", b"success") as shop:
        merchant.call("alipay.trade.precreate", order, notify_url=shop.url)
        sandbox.do("pay", out_trade_no=number)
        assert merchant.call("alipay.trade.refund", refund)["fund_change"] == "Y"
        shop.wait(2)
        sandbox.kill()
        sandbox.start()
        try:
            assert merchant.call("alipay.trade.refund", refund)["fund_change"] == "N"
            assert sandbox.see("ledger")["refunded"] == 200
            shop.wait(4)  # both notifications were still owed
        finally:
            sandbox.kill()
    assert sorted(set(shop.bodies[:2])) == sorted(set(shop.bodies[2:4]))


def test_after_eight_sends_it_gives_up(tmp_path: Path, number: str) -> None:
    sandbox = Sandbox(tmp_path, time_scale=0.00001)
    merchant = Merchant(sandbox.settings(), sandbox.url)
    order = {"out_trade_no": number, "total_amount": "5.00", "subject": "x"}
    try:
        with inbox(b"fail") as shop:
            merchant.call("alipay.trade.precreate", order, notify_url=shop.url)
            sandbox.do("pay", out_trade_no=number)
            shop.wait(8)
            time.sleep(0.3)
        (callback,) = sandbox.see("callbacks", out_trade_no=number)["callbacks"]
    finally:
        sandbox.kill()
    assert (len(shop.bodies), len(callback["sends"]), callback["state"]) == (8, 8, "given_up")


def test_a_taken_port_is_a_clear_error(sandbox: Sandbox, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "infra.sandbox", "--port", str(sandbox.port), "--state", str(tmp_path)]
    failed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert failed.returncode == 1
    assert f"cannot listen on 127.0.0.1:{sandbox.port}" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_it_says_when_it_is_ready_and_which_rails_it_has(sandbox: Sandbox) -> None:
    answer = requests.get(f"{sandbox.url}/healthz", timeout=10).json()
    assert answer["status"] == "ok"
    assert "alipay" in answer["rails"]


def test_an_answer_takes_milliseconds(sandbox: Sandbox, merchant: Merchant, number: str) -> None:
    seconds = []
    for _ in range(20):
        started = time.perf_counter()
        merchant.call("alipay.trade.query", {"out_trade_no": number})
        seconds.append(time.perf_counter() - started)
    assert sorted(seconds)[10] < 0.1


def test_it_imports_nothing_of_the_gateway() -> None:
    files = [*(ROOT / "infra" / "sandbox").rglob("*.py"), Path(__file__).with_name("sandbox_client.py")]
    imported = {name for path in files for node in ast.walk(ast.parse(path.read_text())) for name in _modules(node)}
    assert len(files) > 10
    assert not {name for name in imported if name.split(".")[0] in {"paygate", "functions", "layers"}}


def _modules(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
