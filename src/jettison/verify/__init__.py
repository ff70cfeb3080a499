"""Replay: the same workload on the original and on the candidate, and what differs."""
