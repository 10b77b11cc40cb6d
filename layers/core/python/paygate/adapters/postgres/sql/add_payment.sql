-- A payment with its idempotency key, attempt and first timeline entries: all of it or, when the key is taken,
-- nothing. One statement, because this is the one that every create waits for.
WITH claimed AS (
    INSERT INTO idempotency_keys (key, request_hash, resource_id, leased_until, answer_status, answer_sealed)
    VALUES (:key, :request_hash, :id, now() + make_interval(secs => :lease_seconds), :answer_status, :answer_sealed)
    ON CONFLICT DO NOTHING
    RETURNING resource_id
), paid AS (
    INSERT INTO payments (id, order_id, user_id, method, channel, state, price, currency, decimals, due, due_asset,
        due_decimals, due_network, description, return_url, metadata, request_id, created_at, updated_at,
        expires_at, version, tolerance, quote)
    SELECT resource_id, :order_id, CAST(:user_id AS bigint), :method, :channel, :state, CAST(:price AS numeric),
        :currency, CAST(:decimals AS smallint), CAST(:due AS numeric), :due_asset, CAST(:due_decimals AS smallint),
        :due_network, :description, :return_url, CAST(:metadata AS json), :request_id,
        CAST(:created_at AS timestamptz), CAST(:created_at AS timestamptz), CAST(:expires_at AS timestamptz),
        CAST(:version AS int), CAST(:tolerance AS numeric), CAST(:quote AS json)
    FROM claimed
), attempted AS (
    INSERT INTO attempts (payment_id, number, rail, reference, status, rail_expires_at, created_at, next_query_at,
        action_sealed)
    SELECT resource_id, CAST(:number AS int), :rail, :reference, :attempt_status,
        CAST(:rail_expires_at AS timestamptz), CAST(:created_at AS timestamptz),
        CAST(:next_query_at AS timestamptz), CAST(:action_sealed AS bytea)
    FROM claimed
), noted AS (
    INSERT INTO timeline (payment_id, version, from_state, to_state, reason, at)
    SELECT resource_id, 1, NULL, 'CREATED', 'created', CAST(:created_at AS timestamptz) FROM claimed
    UNION ALL
    SELECT resource_id, 2, 'CREATED', 'PENDING', 'accepted', CAST(:created_at AS timestamptz)
    FROM claimed WHERE CAST(:version AS int) = 2
)
/*address*/
SELECT resource_id FROM claimed
