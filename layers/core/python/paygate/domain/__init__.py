"""Money, payments, refunds, events, errors and ids: standard library only."""
