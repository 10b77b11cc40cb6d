UPDATE chain_cursors SET watched_until = NULL WHERE network = :network AND watcher = :watcher
