"""Lake: usage events as Parquet files behind one manifest; facts, the metric algebra and the engine that runs it."""
