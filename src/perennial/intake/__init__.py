"""Events from outside: the Segment protocol over HTTP, a verdict for every message, rejected ones kept to be mended."""
