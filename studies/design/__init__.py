"""The builder of studies: the spec's schema as fields, forms as specs, what a design comes to."""
