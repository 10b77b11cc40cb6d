"""What is generated from the code and kept in the repository is what the code would generate now."""

from infra.docs import rails, states
from paygate.domain.events import TOPICS, EventKind


def test_states_md_is_the_state_tables() -> None:
    assert states.TARGET.read_text(encoding="utf-8") == states.render(), "run `make docs`"


def test_rails_md_is_what_the_adapters_declare() -> None:
    assert rails.TARGET.read_text(encoding="utf-8") == rails.render(), "run `make docs`"


def test_the_events_page_names_the_topics() -> None:
    page = (states.ROOT / "docs" / "events" / "README.md").read_text(encoding="utf-8")
    for kind in EventKind:
        topics = ", ".join(f"`{topic}`" for topic in TOPICS[kind])
        assert f"| `{kind}` | {topics} |" in page
