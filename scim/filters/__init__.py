"""Filters (RFC 7644, section 3.4.2.2): parsed, then answered by indexes and, where those end, by one evaluator."""
