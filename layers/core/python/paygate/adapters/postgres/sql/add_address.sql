-- Of add_payment: the address that the payment has for good.
, addressed AS (
    INSERT INTO addresses (family, key, payment_id, network, address, account, path, index, confirmations,
        waits_for_finality, created_at)
    SELECT :family, :key_of_address, resource_id, :rail, :address, :account, :path, CAST(:index AS bigint),
        CAST(:confirmations AS int), CAST(:waits_for_finality AS boolean), CAST(:created_at AS timestamptz)
    FROM claimed
)
