UPDATE refunds SET next_query_at = :next_query_at WHERE id = :id AND next_query_at IS NOT NULL
