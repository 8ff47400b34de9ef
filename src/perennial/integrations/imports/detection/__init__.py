"""Detection: what each column of a source holds how it is written, with examples; what fits two readings is asked."""
