-- In order, so that the index is read and no further than the limit: a family's few may lie behind another's millions.
SELECT key FROM addresses WHERE family = :family ORDER BY key LIMIT :limit
