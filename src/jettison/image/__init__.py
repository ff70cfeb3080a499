"""What an image is: references, digests, manifests, configs, platforms. Pure: nothing here reads or
writes."""
