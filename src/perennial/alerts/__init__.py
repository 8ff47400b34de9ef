"""Usage alerts and drift: whose weekly use fell beyond chance, judged by the fleet's own past; watch list, act list,
what is muted and why. Facts come from usage, customers and engagement; what was done of them from playbooks."""
