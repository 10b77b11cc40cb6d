UPDATE chain_cursors SET watcher = :watcher, watched_until = now() + make_interval(secs => :seconds)
WHERE network = :network AND (watched_until IS NULL OR watched_until < now())
RETURNING network
