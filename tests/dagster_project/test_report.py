"""The close report: what it says is what the published file says, and it opens anywhere."""

import re
import shutil
from decimal import Decimal

import duckdb
import pytest

from dagster_project.publish import standing_report
from dagster_project.report import build_close_report
from dagster_project.report.page import money


@pytest.fixture(scope="module")
def page(sample_run, tmp_path_factory) -> str:
    published = sample_run.home / "published" / "tieout.duckdb"
    return build_close_report(published, tmp_path_factory.mktemp("report") / "close.html").read_text()


def test_money_is_exact_and_keeps_a_third_decimal_only_where_there_is_one():
    assert money(Decimal("1234.5")) == "1,234.50"
    assert money(Decimal("1112.6340")) == "1,112.634"
    assert money(Decimal("-0.0001")) == "-0.0001"
    assert money(None) == ""


def test_page_needs_no_network_and_no_script(page):
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=[\"']https?:", page)
    assert not re.search(r"@import|url\(\s*[\"']?https?:", page)


def test_page_tells_of_every_entity_whether_it_can_close(page, sample_run):
    with duckdb.connect(str(sample_run.home / "published" / "tieout.duckdb"), read_only=True) as connection:
        entities = connection.execute(
            "select entity_id, entity_name from canonical.legal_entities"
        ).fetchall()
        worst = connection.execute(
            "select explanation from reconciliation.exceptions where status <> 'explained' "
            "order by blocks_close desc, coalesce(base_amount, 0) desc, exception_id limit 10"
        ).fetchall()
    for entity_id, name in entities:
        assert f"{entity_id} &middot; {name.replace('&', '&amp;')}" in page
    for (explanation,) in worst:
        assert explanation.split(":")[0].replace("&", "&amp;").replace("'", "&#39;") in page


def test_words_from_the_bank_cannot_run_in_the_page(sample_run, tmp_path):
    published = tmp_path / "tieout.duckdb"
    shutil.copyfile(sample_run.home / "published" / "tieout.duckdb", published)
    with duckdb.connect(str(published)) as connection:
        connection.execute("update reconciliation.exceptions set explanation = '<script>alert(1)</script>'")
    page = build_close_report(published, tmp_path / "close.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_no_text_of_any_table_can_run_in_the_page(sample_run, tmp_path):
    hostile = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>$\\frac{1}{"
    published = tmp_path / "tieout.duckdb"
    shutil.copyfile(sample_run.home / "published" / "tieout.duckdb", published)
    with duckdb.connect(str(published)) as connection:
        for table, columns in {
            "reconciliation.exceptions": ("exception_type", "owner", "suggested_action", "document_number"),
            "reconciliation.summary": ("reconciliation",),
            "reconciliation.control_totals": ("source_name",),
            "canonical.legal_entities": ("entity_name",),
        }.items():
            for column in columns:
                connection.execute(f"update {table} set {column} = $hostile", {"hostile": hostile})
    page = build_close_report(published, tmp_path / "close.html").read_text()
    assert "&lt;script&gt;alert(" in page
    assert "<script" not in page and "<img" not in page


def test_a_page_stands_until_the_file_or_the_page_is_another(tmp_path):
    published, page = tmp_path / "tieout.duckdb", tmp_path / "close.html"
    with duckdb.connect(str(published)) as connection:
        connection.execute(
            "create schema checks; create table checks.expectation_results as select 'one' as run_id"
        )
    page.write_text("made")
    assert not standing_report.stands(published, page)
    standing_report.note(published, page)
    assert standing_report.stands(published, page)
    page.write_text("changed by hand")
    assert not standing_report.stands(published, page)
    standing_report.note(published, page)
    with duckdb.connect(str(published)) as connection:
        connection.execute("update checks.expectation_results set run_id = 'another'")
    assert not standing_report.stands(published, page)
    standing_report.note(published, page)
    page.with_suffix(".made_of.json").write_text("{half a no")
    assert not standing_report.stands(published, page)
