"""A race is lost by reloading and deciding again, but not for ever."""

TRIES = 30
"""Twenty callbacks at once each lose a few races, never thirty."""
