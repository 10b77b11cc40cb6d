"""S3: where files too large for a request are put."""
