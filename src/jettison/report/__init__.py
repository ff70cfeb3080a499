"""What people and machines read: terminal, JSON and HTML."""
