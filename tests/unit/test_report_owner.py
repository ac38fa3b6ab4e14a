"""Whose a report says that leads are."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from tests.laws.product import Product
from tests.laws.small_company import company, lead

from leadrules.measure.material import OWNER
from leadrules.review.report.report import _leads


def test_the_owner_is_the_decided_one_though_no_rule_looks_at_owners(tmp_path: Path) -> None:
    product = Product(company(tmp_path, 'route sales {\n any: rep "bob" otherwise }\n'))
    product.commit(product.decided(datetime(2026, 3, 2, tzinfo=UTC), [lead("a")], []))
    again = product.decided(datetime(2026, 3, 3, tzinfo=UTC), [lead("a")], [])
    assert _leads(again)[OWNER].to_list() == ["bob"]
