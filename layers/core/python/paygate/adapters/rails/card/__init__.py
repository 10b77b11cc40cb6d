"""Cards, through a processor that speaks Stripe's PaymentIntents API: client secrets go to hosted fields in the
payer's browser, and no card number ever comes here.
"""

from paygate.adapters.rails.card.rail import CardRail
from paygate.adapters.rails.card.settings import CardSettings

__all__ = ["CardRail", "CardSettings"]
