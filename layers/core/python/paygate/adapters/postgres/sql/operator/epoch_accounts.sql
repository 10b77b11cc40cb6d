-- An account that took its first address after the moment that was restored has no row, and has given addresses.
INSERT INTO address_counters (account, next_index) SELECT unnest(string_to_array(:accounts, ',')), 0
ON CONFLICT (account) DO NOTHING
