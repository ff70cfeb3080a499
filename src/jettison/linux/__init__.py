"""Faces of Linux system calls that Python does not have, by ctypes; one module a concept."""
