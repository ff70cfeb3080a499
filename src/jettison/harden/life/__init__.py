"""How an application starts, ends, and comes back."""
