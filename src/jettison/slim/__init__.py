"""The loop that ties everything together: observe, decide, write, verify, heal, publish."""
