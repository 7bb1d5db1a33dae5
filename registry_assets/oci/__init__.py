"""Documents of container registries: bytes in, values out. No input or output happens here."""
