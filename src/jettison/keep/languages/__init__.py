"""Readers of source code: what a file of a language loads, as far as its text says. Nothing is run."""
