"""Export and erasure of people and customers: where personal data lies, the certificate, erasure after a restore."""
