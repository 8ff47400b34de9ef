"""Journal: what happened, in order: the timeline, the audit log and the feed that reactions follow."""
