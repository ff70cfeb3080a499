"""OCI image layouts in a folder (image-spec, image-layout.md)."""
