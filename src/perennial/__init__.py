"""Perennial (常青): customer success on numbers that open to their inputs. One Django app; every folder is a room."""
