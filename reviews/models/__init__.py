"""What a team answered and who stands behind it."""

from __future__ import annotations

from reviews.models.answer import Answer, AnswerRevision
from reviews.models.approval import Approval, ChangeRequest, SectionContent
from reviews.models.capacity import CapacityReview
from reviews.models.deferral import Deferral
from reviews.models.deployment import Deployment
from reviews.models.drill import Drill, DrillEntry
from reviews.models.event import Event, EventStream
from reviews.models.evidence import Evidence, StoredFile
from reviews.models.finding import Finding
from reviews.models.fit_check import FitCheck
from reviews.models.on_call import PageCount, Roster, Turn
from reviews.models.probe_run import ProbeRun, Ruling
from reviews.models.review import Review, ReviewSection
from reviews.models.runbook import RunbookText
from reviews.models.service import Service
from reviews.models.sign_off import Packet, SignOff, Snapshot
from reviews.models.token import ServiceToken
from reviews.models.waiver import Waiver

__all__ = [
    "Answer",
    "AnswerRevision",
    "Approval",
    "CapacityReview",
    "ChangeRequest",
    "Deferral",
    "Deployment",
    "Drill",
    "DrillEntry",
    "Event",
    "EventStream",
    "Evidence",
    "Finding",
    "FitCheck",
    "Packet",
    "PageCount",
    "ProbeRun",
    "Review",
    "ReviewSection",
    "Roster",
    "Ruling",
    "RunbookText",
    "SectionContent",
    "Service",
    "ServiceToken",
    "SignOff",
    "Snapshot",
    "StoredFile",
    "Turn",
    "Waiver",
]
