"""From one observation to a deployment that is proven to run: profiles, limits, storage, manifests."""
