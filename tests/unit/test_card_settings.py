import pytest

from paygate.adapters.rails.card.settings import API_URL, API_VERSION, NAMES, read
from paygate.faults import SettingsFaults
from tests.unit.card_side import API, SECRETS, environment


def test_off_unless_something_of_it_is_set() -> None:
    assert read({}) is None
    assert read({"CARD_API_URL": API, "CARD_API_VERSION": API_VERSION, "CARD_CAPTURE_METHOD": "manual"}) is None
    assert set(environment()) < set(NAMES)


def test_what_is_read() -> None:
    settings = read(environment(CARD_API_URL=""))
    assert settings is not None
    assert (settings.api_url, settings.api_version, settings.capture_method) == (API_URL, API_VERSION, "automatic")
    assert (settings.webhook_secrets, settings.is_live) == (SECRETS, False)
    for secret in (settings.secret_key, *SECRETS):
        assert secret not in repr(settings)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"CARD_SECRET_KEY": ""}, "CARD_SECRET_KEY is missing"),
        ({"CARD_SECRET_KEY": "pk_test_51ofthetests"}, "CARD_SECRET_KEY"),
        ({"CARD_PUBLISHABLE_KEY": "sk_test_51ofthetests"}, "CARD_PUBLISHABLE_KEY"),
        ({"CARD_PUBLISHABLE_KEY": "pk_live_51ofthetests"}, "modes"),
        ({"CARD_WEBHOOK_SECRETS": ""}, "CARD_WEBHOOK_SECRETS is missing"),
        ({"CARD_WEBHOOK_SECRETS": " , "}, "CARD_WEBHOOK_SECRETS"),
        ({"CARD_WEBHOOK_SECRETS": "whsec_one_secret,other"}, "CARD_WEBHOOK_SECRETS"),
        ({"CARD_API_VERSION": "latest"}, "CARD_API_VERSION"),
        ({"CARD_CAPTURE_METHOD": "later"}, "CARD_CAPTURE_METHOD"),
        ({"CARD_API_URL": "ftp://x"}, "CARD_API_URL"),
        ({"CARD_API_URL": "http://x", "APP_ENV": "production"}, "CARD_API_URL"),
    ],
)
def test_a_fault_names_the_setting_and_shows_no_value(change: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsFaults) as raised:
        read(environment(**change))
    [fault] = raised.value.faults
    assert named in fault
    assert "ofthetests" not in fault


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(SettingsFaults) as raised:
        read({"CARD_SECRET_KEY": "x", "CARD_CAPTURE_METHOD": "x"})
    assert len(raised.value.faults) == 4
