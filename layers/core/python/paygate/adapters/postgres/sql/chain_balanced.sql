-- Addresses whose balance was credited: what a claim points at may be in that already.
SELECT DISTINCT d.key FROM addresses d JOIN transfers t ON t.payment_id = d.payment_id
WHERE d.family = :family AND d.key = ANY (string_to_array(:keys, ',')) AND t.detail ->> 'index' = 'balance'
    AND t.status <> 'DROPPED'
