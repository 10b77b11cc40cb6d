SELECT next_nonce FROM treasury_nonces WHERE network = :network AND treasury = :treasury
