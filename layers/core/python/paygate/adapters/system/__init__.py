"""The process's own means: clock, randomness, encryption."""
