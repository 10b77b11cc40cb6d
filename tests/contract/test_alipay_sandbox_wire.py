"""The gateway's bytes: what is accepted, what is refused and how, what an answer looks like."""

import base64
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import alipay
import pytest
import requests

from tests.contract.sandbox_client import SHANGHAI, Merchant, Sandbox

ORDER = {"total_amount": "0.01", "subject": "测试 100% + 商品"}
PRECREATE = "alipay.trade.precreate"


def test_every_mix_of_query_and_body_is_one_request(merchant: Merchant, number: str) -> None:
    params = merchant.signed(merchant.params(PRECREATE, ORDER | {"out_trade_no": number}))
    everything = urlencode(params)
    asked = [
        requests.get(f"{merchant.gateway}?{everything}", timeout=10),
        requests.post(merchant.gateway, data=params, timeout=10),
        requests.post(f"{merchant.gateway}?{everything}", timeout=10),
    ]
    codes = {merchant.read(answer.content)["qr_code"] for answer in asked}
    assert codes == {merchant.post(params)["qr_code"]}


def test_slashes_are_escaped_as_the_original_does(merchant: Merchant, number: str) -> None:
    params = merchant.signed(merchant.params(PRECREATE, ORDER | {"out_trade_no": number}))
    raw = requests.post(merchant.gateway, data=params, timeout=10).content
    assert b'"qr_code":"http:\\/\\/127.0.0.1' in raw


def test_gbk_both_ways(merchant: Merchant, sandbox: Sandbox, number: str) -> None:
    params = merchant.params(PRECREATE, ORDER | {"out_trade_no": number}, charset="GBK")
    assert merchant.post(merchant.signed(params))["code"] == "10000"
    assert sandbox.see(f"orders/{number}")["subject"] == ORDER["subject"]
    params = merchant.params("alipay.trade.query", {"out_trade_no": number}, charset="GBK")
    assert merchant.post(merchant.signed(params))["sub_msg"] == "交易不存在"


def test_a_changed_parameter_breaks_the_signature(merchant: Merchant, number: str) -> None:
    params = merchant.signed(merchant.params(PRECREATE, ORDER | {"out_trade_no": number}))
    for changed in (
        {"notify_url": "http://127.0.0.1/x"},
        {"timestamp": "2020-01-01 00:00:00"},
        {"format": ""},
    ):
        answer = merchant.post(params | changed)
        assert (answer["code"], answer["sub_code"]) == ("40002", "isv.invalid-signature")
        assert answer["_name"] == "alipay_trade_precreate_response"


def test_sign_type_is_part_of_what_a_request_signs(merchant: Merchant, number: str) -> None:
    params = merchant.params(PRECREATE, ORDER | {"out_trade_no": number})
    without = merchant.signed({name: value for name, value in params.items() if name != "sign_type"})
    assert merchant.post(without | {"sign_type": "RSA2"})["sub_code"] == "isv.invalid-signature"


@pytest.mark.parametrize("junk", ["", "!!!", base64.b64encode(b"x" * 256).decode(), "ÿ"])
def test_a_signature_of_no_sense(merchant: Merchant, number: str, junk: str) -> None:
    params = merchant.params(PRECREATE, ORDER | {"out_trade_no": number}) | {"sign": junk}
    expected = "isv.invalid-signature" if junk else "isv.missing-signature"
    assert merchant.post(params)["sub_code"] == expected


@pytest.mark.parametrize(
    ("changed", "code", "sub_code"),
    [
        ({"method": ""}, "40001", "isv.missing-method"),
        ({"method": "alipay.trade.unheard"}, "40002", "isv.invalid-method"),
        ({"version": ""}, "40001", "isv.missing-version"),
        ({"version": "2.0"}, "40002", "isv.invalid-parameter"),
        ({"sign_type": ""}, "40001", "isv.missing-signature-type"),
        ({"sign_type": "RSA"}, "40002", "isv.invalid-signature-type"),
        ({"timestamp": ""}, "40001", "isv.missing-timestamp"),
        ({"timestamp": "2026-11-22T10:00:00Z"}, "40002", "isv.invalid-timestamp"),
        ({"timestamp": "2026-13-40 10:00:00"}, "40002", "isv.invalid-timestamp"),
        ({"timestamp": "2020-01-01 10:00:00"}, "40002", "isv.invalid-timestamp"),
        ({"charset": "utf-16"}, "40002", "isv.invalid-charset"),
        ({"format": "XML"}, "40002", "isv.invalid-format"),
        ({"biz_content": ""}, "40001", "isv.missing-parameter"),
        ({"biz_content": "{"}, "40002", "isv.illegal-json"),
        ({"biz_content": "[]"}, "40002", "isv.illegal-json"),
        ({"biz_content": '{"total_amount": NaN}'}, "40002", "isv.illegal-json"),
        ({"notify_url": "ftp://example.com"}, "40002", "isv.invalid-parameter"),
    ],
)
def test_common_parameters(
    merchant: Merchant, number: str, changed: dict[str, str], code: str, sub_code: str
) -> None:
    params = merchant.signed(merchant.params(PRECREATE, ORDER | {"out_trade_no": number}) | changed)
    raw = requests.post(merchant.gateway, data=params, timeout=10)
    answer = merchant.read(raw.content)
    assert raw.status_code == 200
    assert (answer["code"], answer["sub_code"]) == (code, sub_code)


@pytest.mark.parametrize(
    ("app_id", "sub_code"), [("", "isv.missing-app-id"), ("2021000000000000", "isv.invalid-app-id")]
)
def test_an_unknown_app_is_answered_unsigned(merchant: Merchant, app_id: str, sub_code: str) -> None:
    """Also without any signature: the app is looked at first."""
    params = merchant.params("alipay.trade.query", {"out_trade_no": "x"}) | {"app_id": app_id}
    answer = requests.post(merchant.gateway, data=params, timeout=10).json()
    assert list(answer) == ["alipay_trade_query_response"]
    assert answer["alipay_trade_query_response"]["sub_code"] == sub_code


def test_an_unknown_method_is_answered_as_error_response(merchant: Merchant) -> None:
    assert merchant.call("alipay.nothing", {})["_name"] == "error_response"


def test_the_clock_is_shanghais_and_its_skew_is_listed(merchant: Merchant, sandbox: Sandbox, number: str) -> None:
    for clock in (SHANGHAI, UTC):
        timestamp = (datetime.now(clock) - timedelta(seconds=1)).strftime("%Y-%m-%d %H:%M:%S")
        merchant.call("alipay.trade.query", {"out_trade_no": number}, timestamp=timestamp)
    skews = [call["clock_skew_seconds"] for call in sandbox.see("calls", out_trade_no=number)["calls"]]
    assert [round(skew / 3600) for skew in skews] == [0, -8]


@pytest.mark.filterwarnings("ignore:X509:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning:alipay")
def test_certificate_mode(merchant: Merchant, sandbox: Sandbox, number: str) -> None:
    settings = sandbox.settings()
    texts = {name: Path(path).read_text() for name, path in settings.items() if name.endswith("_FILE")}
    serials = {
        "app_cert_sn": alipay.DCAliPay.get_cert_sn(texts["ALIPAY_APP_CERT_FILE"]),
        "alipay_root_cert_sn": alipay.DCAliPay.get_root_cert_sn(texts["ALIPAY_ROOT_CERT_FILE"]),
    }
    assert len(serials["alipay_root_cert_sn"].split("_")) == 2  # two RSA roots; the third is not RSA-signed
    order = ORDER | {"out_trade_no": number}
    answer = merchant.call(PRECREATE, order, **serials)
    assert answer["code"] == "10000"
    assert answer["_cert_sn"] == alipay.DCAliPay.get_cert_sn(texts["ALIPAY_CERT_FILE"])

    wrong = {
        "isv.missing-app-cert-sn": serials | {"app_cert_sn": ""},
        "isv.missing-alipay-root-cert-sn": serials | {"alipay_root_cert_sn": ""},
        "isv.app-cert-not-exist": serials | {"app_cert_sn": "0" * 32},
        "isv.invalid-alipay-root-cert-sn": serials | {"alipay_root_cert_sn": "0" * 32},
    }
    assert {code: merchant.call(PRECREATE, order, **sent)["sub_code"] for code, sent in wrong.items()} == {
        code: code for code in wrong
    }


def test_provisioning_makes_the_merchant_once(sandbox: Sandbox) -> None:
    settings = sandbox.settings()
    assert settings == sandbox.settings()
    assert settings["ALIPAY_APP_ID"].startswith("2021")
    assert settings["ALIPAY_SELLER_ID"].startswith("2088")
    assert {len(settings["ALIPAY_APP_ID"]), len(settings["ALIPAY_SELLER_ID"])} == {16}
    private = Path(settings["ALIPAY_APP_PRIVATE_KEY_FILE"])
    assert stat.S_IMODE(private.stat().st_mode) == 0o600


def test_numbers_in_biz_content_are_read_exactly(merchant: Merchant, sandbox: Sandbox, number: str) -> None:
    biz = json.dumps({"out_trade_no": number, "subject": "x"})[:-1] + ', "total_amount": 0.29}'
    params = merchant.params(PRECREATE, {}) | {"biz_content": biz}
    assert merchant.post(merchant.signed(params))["code"] == "10000"
    assert sandbox.see(f"orders/{number}")["total"] == 29
