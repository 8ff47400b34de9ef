"""The pages of retention: how much stays, told three ways and by what; the renewal rate by due day; cohorts."""
