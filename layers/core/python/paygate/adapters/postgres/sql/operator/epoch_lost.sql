SELECT account, from_index, to_index FROM lost_addresses WHERE epoch = :epoch ORDER BY account
