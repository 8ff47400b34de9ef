"""The intake in the browser: write keys, what comes in, what was rejected, whose nobody knows, and how to send."""
