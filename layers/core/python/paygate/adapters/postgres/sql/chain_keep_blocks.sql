WITH forgotten AS (
    DELETE FROM chain_blocks WHERE network = :network AND height < :forget_below
)
INSERT INTO chain_blocks (network, height, hash)
SELECT :network, height, hash FROM json_to_recordset(CAST(:blocks AS json)) AS b(height bigint, hash text)
WHERE height >= :forget_below
ON CONFLICT (network, height) DO NOTHING
