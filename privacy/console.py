"""Privacy's section of the organization console."""

from clockwise.organizations.console import section

section(60, "Privacy", "shield-check", "organization-privacy")
