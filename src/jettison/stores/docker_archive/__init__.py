"""Archives that `docker save` writes: the old form with a folder a layer, and the one that is an OCI
layout too."""
