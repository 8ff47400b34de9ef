"""Values: text cells become typed values under a format that was decided and shown, or a fault with its reason."""
