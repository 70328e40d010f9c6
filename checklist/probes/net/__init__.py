"""The guarded network client: the only place of this product that opens connections to what users type."""
