"""Bank statement files: camt.053, camt.054 and CSV in, frozen values out, a few at a time."""
