"""The arithmetic of the score for a whole fleet at once: whole numbers after the curve, so that parts add up."""
