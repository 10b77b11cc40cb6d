UPDATE attempts SET next_query_at = now() WHERE next_query_at IS NOT NULL
