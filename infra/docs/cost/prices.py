"""The sections about prices, quotas and other partitions."""

from collections.abc import Iterator

from infra.docs.cost.inputs import Price, prices, quotas
from infra.docs.cost.partitions import PARTITIONS
from infra.docs.cost.text import prose, table


def section() -> Iterator[str]:
    yield from ("## Prices and quotas", "")
    yield from prose(
        "Each with the page of whoever charges it. *Seen* is a public page that was read for this and says the",
        "same; where there is none, **check before relying on it**.",
    )
    rows = [_price(each) for each in (*prices().values(), *quotas().values())]
    yield from table(("for one", "dollars, or how many:", "page", "seen"), rows)
    yield from ("## Other partitions", "")
    yield from prose(
        "ARNs in the templates carry `${AWS::Partition}` and addresses `${AWS::URLSuffix}`, so that the stack",
        "can go to China (`aws-cn`) and GovCloud (`aws-us-gov`) as well; it has been to neither, and prices",
        "there are others. What AWS's own pages say is missing or different:",
    )
    yield from table(("where", "what", "for paygate"), PARTITIONS)


def _price(each: Price) -> list[str]:
    seen = f"[seen]({each.seen})" if each.seen else "check"
    return [each.unit, f"{each.value:,f}", f"[page]({each.page})", seen]
