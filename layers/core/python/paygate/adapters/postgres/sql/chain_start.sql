INSERT INTO chain_cursors (network, height, block_hash, block_time, final_height)
VALUES (:network, :height, :hash, :time, :final_height)
ON CONFLICT DO NOTHING
