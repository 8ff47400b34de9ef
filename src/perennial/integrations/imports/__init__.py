"""Imports: files become records: read in a limited child, mapped, staged in chunks, published in one step."""
