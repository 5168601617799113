from datetime import timedelta

import pytest

from tests.company import MONDAY, Company, meeting


@pytest.fixture
def planned(company: Company) -> str:
    google_id = company.insert("ada", meeting("Plan", MONDAY + timedelta(days=2), 10, 60, "ada", "ben"))
    company.sync()
    return google_id
