"""The made-up company of the demo: its teams and services."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

# name, description, first name of the lead, of further members
TEAMS: Final[tuple[tuple[str, str, str, tuple[str, ...]], ...]] = (
    ("Payments", "Takes money, gives it back, and keeps the books.", "priya", ("max",)),
    ("Platform", "What every other team stands on.", "max", ()),
    ("Discovery", "Helps customers find what they look for.", "lin", ()),
    ("Growth", "Brings people in and keeps in touch.", "lin", ("priya",)),
)

FACTS: Final[dict[str, Any]] = {
    "handles_payments": "no",
    "handles_health_data": "no",
    "regulated": "no",
    "customer_facing": "yes",
    "self_managed_database": "no",
    "uses_object_storage": "no",
    "multi_service": "yes",
    "runs_containers": "yes",
    "team_size": "18",
    "service_count": "9",
    "cloud": "aws",
    "stage": "series_a",
}


@dataclass(frozen=True)
class DemoService:
    """One service; `facts` are those that differ from the company's."""

    name: str
    team: str
    tier: int
    description: str
    facts: dict[str, Any] = field(default_factory=dict)
    is_this_application: bool = False

    @property
    def slug(self) -> str:
        """The name in addresses: the names here are made so that they are their own slugs."""
        return self.name.lower()


SERVICES: Final = (
    DemoService("checkout", "payments", 1, "Takes the order and the payment.", {"handles_payments": "yes"}),
    DemoService("invoicing", "payments", 2, "Writes invoices and credit notes, and mails them."),
    DemoService("refunds", "payments", 2, "Gives money back.", {"handles_payments": "yes"}),
    DemoService(
        "readiness",
        "platform",
        2,
        "This application itself: its addresses lead to this server, so probes see something.",
        {"multi_service": "no", "uses_object_storage": "no"},
        is_this_application=True,
    ),
    DemoService("identity", "platform", 1, "Signs people in, and knows what they may do."),
    DemoService("gateway", "platform", 1, "The way in: routing, rate limits, request IDs."),
    DemoService("search", "discovery", 2, "Finds products by words and filters."),
    DemoService("catalog", "discovery", 2, "Products, prices and stock.", {"uses_object_storage": "yes"}),
    DemoService("recommendations", "discovery", 3, "What goes well with what is in the basket."),
    DemoService("signup", "growth", 2, "From the first click to the first order."),
    DemoService("mailer", "growth", 3, "Sends mail, once and only once."),
    DemoService("experiments", "growth", 4, "Decides who sees which variant.", {"customer_facing": "no"}),
)
