"""Pages: translate a request, make one query or one action call, translate back."""
