"""AWS KMS: a key that signs refunds and never leaves it."""
