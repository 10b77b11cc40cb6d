UPDATE api_keys SET secret_sealed = :sealed WHERE id = :id AND secret_sealed = :before
