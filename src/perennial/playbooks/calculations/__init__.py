"""How pressing a reason is and in which order customers are to be contacted: pure arithmetic."""
