UPDATE treasury_nonces SET next_nonce = CAST(:nonce AS bigint) + 1
WHERE network = :network AND treasury = :treasury AND next_nonce <= CAST(:nonce AS bigint)
RETURNING next_nonce
