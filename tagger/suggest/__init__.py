"""The inference child process and the client that starts it."""
