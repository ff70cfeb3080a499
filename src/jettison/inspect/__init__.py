"""The X-ray of an image: what each layer holds, what is wasted and why, what leaks, and what changed between
two."""
