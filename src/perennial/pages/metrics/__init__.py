"""Settings → Metrics: every metric with its definition; own ones written by a form and tried before they are saved."""
