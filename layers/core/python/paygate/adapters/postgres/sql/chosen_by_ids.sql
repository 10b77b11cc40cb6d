    SELECT DISTINCT unnest(string_to_array(:ids, ',')) AS id
