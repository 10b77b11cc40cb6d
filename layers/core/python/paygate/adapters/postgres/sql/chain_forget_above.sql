DELETE FROM chain_blocks WHERE network = :network AND height > :height
