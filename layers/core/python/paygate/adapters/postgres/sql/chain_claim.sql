WITH kept AS (
    INSERT INTO claims (payment_id, tx_id, key_id)
    SELECT :payment_id, :tx_id, :key_id
    WHERE (SELECT count(*) FROM claims WHERE payment_id = :payment_id) < CAST(:most AS int)
        AND (SELECT count(*) FROM claims
             WHERE key_id = :key_id AND claimed_at > now() - interval '1 hour') < CAST(:most_of_key AS int)
    ON CONFLICT DO NOTHING
    RETURNING tx_id
)
SELECT EXISTS (SELECT FROM kept)
    OR EXISTS (SELECT FROM claims WHERE payment_id = :payment_id AND tx_id = :tx_id)
