"""Long proofs: kills, power cuts, clusters. Run by hand with `./run proof`; the tests run their short forms."""
