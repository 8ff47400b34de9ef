"""Revenue arithmetic, pure and exact: lines become stretches of constant MRR, stretches become movements, movements
become the rows that are printed. No database, no clock, and no rounding but in `waterfall`."""
