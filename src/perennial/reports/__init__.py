"""Reports: reads that join several rooms into the rows that pages and API show."""
