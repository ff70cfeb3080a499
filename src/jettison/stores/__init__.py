"""The places an image lives: each store reads (`read`) and writes (`write`); `open_image` and `publish`
choose."""
