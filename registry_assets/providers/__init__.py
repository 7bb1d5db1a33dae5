"""What the user asks for: providers.yaml read, checked, expanded, and asked which repositories and tags it selects."""
