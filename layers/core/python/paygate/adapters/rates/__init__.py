"""Where rates come from: each source speaks its own wire behind `ports.RateSource`."""
