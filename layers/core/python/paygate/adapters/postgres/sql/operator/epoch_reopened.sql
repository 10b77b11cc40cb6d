UPDATE epochs SET reopened_at = now() WHERE reopened_at IS NULL
