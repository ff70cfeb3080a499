"""The layers of an image: archives of changes, the file system they make, and both written anew."""
