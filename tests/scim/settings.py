"""The product's settings with the synthetic resource type (`TEST_RESOURCE=0` leaves it out)."""

import os

from clockwise.settings import *  # noqa: F403

if os.environ.get("TEST_RESOURCE", "1") != "0":
    SCIM_EXTRA_RESOURCE_TYPES = ["tests.scim.synthetic.TYPE"]
