"""The pages under Settings → Privacy: search, what is held of somebody, export, erasure, certificates."""
