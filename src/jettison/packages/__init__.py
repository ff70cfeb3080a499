"""Which packages an image holds, which files they own, and an honest account of what remains."""
