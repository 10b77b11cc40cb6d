import pytest

from operate.app import another_host
from paygate.domain.errors import InvalidField

URL = "postgresql://paygate_owner:p%40ss@paygate-prod.abc.eu-central-1.rds.amazonaws.com:5432/paygate?sslmode=verify-full"


def test_a_copy_beside_the_database_is_reached_with_the_same_login() -> None:
    found = another_host(URL, "paygate-copy.abc.eu-central-1.rds.amazonaws.com")
    assert found == URL.replace("paygate-prod", "paygate-copy")


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "abc.eu-central-1.rds.amazonaws.com",
        "x.evil.example#.abc.eu-central-1.rds.amazonaws.com",
        "evil.example/.abc.eu-central-1.rds.amazonaws.com",
        "u@evil.abc.eu-central-1.rds.amazonaws.com",
        "paygate-copy",
        "-.abc.eu-central-1.rds.amazonaws.com",
    ],
)
def test_no_other_host_is_told_the_owners_password(host: str) -> None:
    with pytest.raises(InvalidField, match=r"host: is another name under abc\.eu-central-1"):
        another_host(URL, host)


def test_a_host_without_a_domain_has_no_neighbours() -> None:
    for host in ("localhost", "db", "evil.example"):
        with pytest.raises(InvalidField):
            another_host("postgresql://owner:secret@localhost/paygate", host)
