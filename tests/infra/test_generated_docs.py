"""What is generated from the code and kept in the repository is what the code would generate now."""

from infra.docs import rails, states
from infra.docs.cost import page
from paygate.adapters.kms.settings import NAMES as SIGNING
from paygate.adapters.rails.card.callbacks import EVENTS
from paygate.domain.events import TOPICS, EventKind
from paygate.strategies import registry

# Where the rails are, which only sandboxes change.
ADDRESSES = {"ALIPAY_GATEWAY_URL", "WECHAT_PAY_BASE_URL", "UNIONPAY_GATEWAY_URL", "CARD_API_VERSION"}


def test_states_md_is_the_state_tables() -> None:
    assert states.TARGET.read_text(encoding="utf-8") == states.render(), "run `make docs`"


def test_rails_md_is_what_the_adapters_declare() -> None:
    assert rails.TARGET.read_text(encoding="utf-8") == rails.render(), "run `make docs`"


def test_cost_md_is_what_was_measured_at_these_prices() -> None:
    assert page.TARGET.read_text(encoding="utf-8") == page.render(), "run `make docs`"


def test_the_page_on_connecting_names_every_setting_and_event() -> None:
    page = (states.ROOT / "docs" / "connecting-rails.md").read_text(encoding="utf-8")
    settings = {name for method in registry.METHODS for name in registry.load(settings_names(method))}
    named_by_ending = {name for name in settings if name.endswith("_KEY_VALIDATED")}
    for name in (settings - named_by_ending - ADDRESSES) | set(EVENTS) | set(SIGNING):
        assert f"`{name}" in page, name


def settings_names(method: registry.Method) -> str:
    return method.settings.partition(":")[0] + ":NAMES"


def test_the_events_page_names_the_topics() -> None:
    page = (states.ROOT / "docs" / "events" / "README.md").read_text(encoding="utf-8")
    for kind in EventKind:
        topics = ", ".join(f"`{topic}`" for topic in TOPICS[kind])
        assert f"| `{kind}` | {topics} |" in page
