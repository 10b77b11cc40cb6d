"""The HTTP edge: events in, commands to the services, answers and problem documents out."""
