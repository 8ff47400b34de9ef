"""Evidence against data whose truth is known or published (analytics 9, rows 1 to 7), and real use of sixteen years.

Rows 1 and 2 take Telco, row 4 RavenStack, nova the OpenStack change stream: folders of PERENNIAL_SAMPLE_DATA. Row 3
needs MLC churn (modeldata's `mlc_churn` as CSV: mlc/mlc_churn.csv there or PERENNIAL_MLC_CHURN) and is said not to
have run without. Fixed seeds.
"""

from __future__ import annotations
