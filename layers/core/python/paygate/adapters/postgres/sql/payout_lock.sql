-- One at a time prepares for a treasury: the row is its lock, and its counter where transactions are numbered.
INSERT INTO treasury_nonces AS t (network, treasury, next_nonce) VALUES (:network, :treasury, 0)
ON CONFLICT (network, treasury) DO UPDATE SET next_nonce = t.next_nonce
RETURNING next_nonce
