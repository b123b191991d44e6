"""The union's own work: what it holds and publishes, who holds its posts, what it reports. One noun a file."""
