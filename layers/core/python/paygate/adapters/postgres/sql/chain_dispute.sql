UPDATE chain_cursors SET disputed_since = coalesce(disputed_since, :at)
WHERE network = :network AND height = :before_height AND block_hash = :before_hash
