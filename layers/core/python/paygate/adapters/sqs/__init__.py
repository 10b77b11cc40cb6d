"""The queue that wakes the relay."""
