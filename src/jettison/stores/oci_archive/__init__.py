"""OCI image layouts in a tar."""
