-- Once an epoch: past all that may have been given out since, and what is passed over is remembered.
WITH lost AS (
    INSERT INTO lost_addresses (epoch, account, from_index, to_index)
    SELECT CAST(:epoch AS int), account, next_index,
        greatest(next_index + CAST(:addresses AS bigint), CAST(:epoch AS bigint))
    FROM address_counters
    ON CONFLICT (epoch, account) DO NOTHING
    RETURNING account, to_index
)
UPDATE address_counters c SET next_index = lost.to_index FROM lost WHERE c.account = lost.account
