SELECT request_hash, fence, leased_until > now(), resource_id, answer_status, answer_sealed
FROM idempotency_keys WHERE key = :key
