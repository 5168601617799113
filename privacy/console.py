"""Privacy's sections of the organization console."""

from clockwise.organizations.console import section

section(60, "Privacy", "shield-check", "organization-privacy")
section(75, "Staff access", "eye", "organization-staff-access")
