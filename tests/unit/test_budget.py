import time

from paygate import budget


def test_without_a_budget_a_call_takes_what_it_likes() -> None:
    assert budget.remaining(7.0) == 7.0
    assert not budget.is_spent()


def test_a_budget_shortens_what_is_asked() -> None:
    with budget.limit(1.0):
        assert budget.remaining(0.5) == 0.5
        assert 0.9 < budget.remaining(7.0) <= 1.0
    assert budget.remaining(7.0) == 7.0


def test_an_inner_limit_never_outlasts_the_outer_one() -> None:
    with budget.limit(1.0), budget.limit(60.0):
        assert budget.remaining(60.0) <= 1.0


def test_a_spent_budget_says_so() -> None:
    with budget.limit(0.01):
        time.sleep(0.02)
        assert budget.is_spent()
        assert budget.remaining(7.0) < 0.1
    assert not budget.is_spent()
