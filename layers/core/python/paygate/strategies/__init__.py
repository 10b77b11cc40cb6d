"""Strategies: how each payment method uses a rail."""
