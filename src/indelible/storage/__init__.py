"""Storage: the protocols a log needs, and the back ends that keep them."""
