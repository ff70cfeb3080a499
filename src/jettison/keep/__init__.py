"""What stays in the image, and why: rules that turn evidence into a plan."""
