-- Compare-and-set: of two who read the same blocks, one moves the cursor. What was final stays it.
UPDATE chain_cursors
SET height = :height, block_hash = :hash, block_time = :time, moved_at = now(), disputed_since = NULL,
    final_height = least(greatest(final_height, :final_height), :height)
WHERE network = :network AND height = :before_height AND block_hash = :before_hash
RETURNING network
