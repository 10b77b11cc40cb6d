import pytest

from paygate.adapters.rails.unionpay.settings import GATEWAY_URL, NAMES, read
from paygate.faults import SettingsFaults
from tests.unit.unionpay_side import certificate, environment, pem, private_pem, settings


def faults_of(**changes: str) -> str:
    with pytest.raises(SettingsFaults) as caught:
        read(environment(**changes))
    return "; ".join(caught.value.faults)


def test_nothing_set_is_off() -> None:
    assert read({}) is None
    assert read(dict.fromkeys(NAMES, " ")) is None


def test_all_of_it() -> None:
    found = settings()
    assert found.cert_id == str(certificate("041@1@商户@1", "merchant", "middle").serial_number)
    assert "BEGIN" not in repr(found)
    assert "key" not in repr(found)


def test_the_gateway_is_unionpays_unless_it_is_named() -> None:
    assert settings(UNIONPAY_GATEWAY_URL="").gateway_url == GATEWAY_URL
    assert settings(UNIONPAY_GATEWAY_URL="https://g.example/a/").gateway_url == "https://g.example/a"
    assert "https URL" in faults_of(UNIONPAY_GATEWAY_URL="http://g.example", APP_ENV="production")


def test_everything_that_lacks_is_named_at_once() -> None:
    with pytest.raises(SettingsFaults) as caught:
        read({"UNIONPAY_MER_ID": "1 2"})
    text = "; ".join(caught.value.faults)
    for name in ("PRIVATE_KEY", "CERT", "MIDDLE_CERT", "ROOT_CERT"):
        assert f"UNIONPAY_{name} is missing" in text
    assert "UNIONPAY_MER_ID must be letters and digits only" in text


def test_our_certificate_is_found_among_others() -> None:
    own = certificate("041@1@商户@1", "merchant", "middle")
    both = pem(certificate("middle", "middle", "root")) + pem(own)
    assert settings(UNIONPAY_CERT=both).cert_id == str(own.serial_number)


def test_a_certificate_of_another_key() -> None:
    assert "does not belong" in faults_of(UNIONPAY_PRIVATE_KEY=private_pem("stranger"))


def test_a_middle_that_the_root_did_not_sign() -> None:
    other = pem(certificate("root", "stranger", "stranger", issuer_name="root"))
    assert "not issued under" in faults_of(UNIONPAY_ROOT_CERT=other)


def test_what_is_no_certificate_is_not_shown() -> None:
    assert "hunter2" not in faults_of(UNIONPAY_CERT="hunter2", UNIONPAY_PRIVATE_KEY="hunter2")
