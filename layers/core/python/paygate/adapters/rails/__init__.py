"""Rails: outside payment systems, one folder each, and the HTTP that they share."""
