from __future__ import annotations

from django.conf import settings

from checklist.probes import docs, registry


def test_the_pages_are_up_to_date() -> None:
    folder = settings.BASE_DIR / "docs" / "probes"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert written == docs.pages(registry.build().specs()), "run: python manage.py probe_docs"


def test_a_page_holds_what_a_reader_needs() -> None:
    spec = registry.build().specs()[1]
    page = docs.pages((spec,))["tls.md"]
    assert all(text in page for text in (spec.motivation, spec.remediation, spec.permissions, *spec.reads))
    assert all(rule.when in page for rule in spec.rules)
    assert "Every 1 day; a result is stale after 3 days." in page
