-- The next index of an account, committed before anybody sees its address: one that was taken is never given again.
INSERT INTO address_counters (account, next_index) VALUES (:account, 1)
ON CONFLICT (account) DO UPDATE SET next_index = address_counters.next_index + 1
RETURNING next_index - 1
