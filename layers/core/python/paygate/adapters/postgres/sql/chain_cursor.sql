SELECT height, block_hash, block_time, final_height, moved_at, disputed_since FROM chain_cursors WHERE network = :network
