SELECT height, hash FROM chain_blocks WHERE network = :network ORDER BY height
