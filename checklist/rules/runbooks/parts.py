"""The six parts of a runbook and the words by which headings name them, in English, German and French."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Key and name of each part. Source: the article's section on runbooks.
PARTS: Final[dict[str, str]] = {
    "alert": "The alert it answers",
    "symptoms": "Symptoms to confirm",
    "mitigation": "Immediate mitigation",
    "diagnosis": "Diagnostic queries",
    "rollback": "Rollback procedure",
    "escalation": "Escalation contacts",
}
# Parts in which every list item is a step that somebody carries out.
STEPS: Final = ("mitigation", "diagnosis", "rollback")
INTRO: Final = "intro"

# Words as `plain` leaves them: without accents, in lower case.
ALIASES: Final[dict[str, tuple[str, ...]]] = {
    "alert": (
        *(
            "alert",
            "alerts",
            "alert name",
            "alert details",
            "the alert",
            "trigger",
            "triggers",
            "triggered by",
        ),
        *("when does this fire", "why did i get paged", "what paged you", "page", "fires when", "meaning"),
        *("alarm", "alarme", "alarmierung", "ausloser", "ausgelost durch", "meldung", "warum klingelt es"),
        *("alerte", "alertes", "declencheur", "declenchement", "declenchee par"),
    ),
    "symptoms": (
        *(
            "symptom",
            "symptoms",
            "impact",
            "user impact",
            "customer impact",
            "what users see",
            "what you will see",
        ),
        *("how to confirm", "confirm", "confirm the problem", "confirm it is real", "verify the alert"),
        *(
            "verification of the alert",
            "is it real",
            "signs",
            "detection",
            "what is happening",
            "what is broken",
        ),
        *(
            "symptome",
            "auswirkung",
            "auswirkungen",
            "anzeichen",
            "bestatigen",
            "fehlerbild",
            "woran erkennt man es",
        ),
        *("symptomes", "impacts", "manifestations", "signes", "confirmer", "effets constates"),
    ),
    "mitigation": (
        *("mitigation", "mitigations", "mitigate", "mitigating", "immediate action", "immediate actions"),
        *(
            "immediate steps",
            "first response",
            "first steps",
            "quick fix",
            "stop the bleeding",
            "remediation",
        ),
        *(
            "resolution",
            "resolve",
            "fix",
            "how to fix",
            "how to fix it",
            "fixing it",
            "actions",
            "action",
            "workaround",
        ),
        *(
            "what to do",
            "what to do now",
            "what to do first",
            "restore service",
            "recovery",
            "recover",
            "steps to resolve",
        ),
        *("containment", "emergency actions", "response"),
        *("sofortmassnahme", "sofortmassnahmen", "massnahmen", "erste hilfe", "erste schritte", "abhilfe"),
        *("behebung", "losung", "schadensbegrenzung", "entstorung", "was ist zu tun"),
        *(
            "attenuation",
            "mesures immediates",
            "actions immediates",
            "premiers gestes",
            "remede",
            "correctif",
        ),
        *("resolution immediate", "que faire", "contournement"),
    ),
    "diagnosis": (
        *(
            "diagnosis",
            "diagnose",
            "diagnosing",
            "diagnostic",
            "diagnostics",
            "diagnostic queries",
            "debug",
            "debugging",
        ),
        *("investigation", "investigate", "investigating", "root cause", "root causes", "finding the cause"),
        *(
            "find the cause",
            "troubleshooting",
            "troubleshoot",
            "triage",
            "queries",
            "useful queries",
            "analysis",
        ),
        *("what to check", "where to look", "causes", "possible causes"),
        *(
            "diagnose abfragen",
            "ursache",
            "ursachen",
            "ursachenanalyse",
            "analyse",
            "fehlersuche",
            "fehleranalyse",
        ),
        *("abfragen", "eingrenzung"),
        *(
            "requetes",
            "requetes de diagnostic",
            "recherche de la cause",
            "cause racine",
            "depannage",
            "enquete",
        ),
    ),
    "rollback": (
        *(
            "rollback",
            "roll back",
            "rolling back",
            "rollback procedure",
            "rollback plan",
            "revert",
            "reverting",
        ),
        *("back out", "backout", "backout plan", "undo the deploy", "undo the release", "previous version"),
        *("roll it back", "roll back the release"),
        *(
            "ruckfall",
            "zuruckrollen",
            "rucksetzen",
            "ruckbau",
            "zurucksetzen",
            "ruckgangig machen",
            "ruckabwicklung",
        ),
        *("retour arriere", "retour en arriere", "restauration de la version", "annulation du deploiement"),
        *("revenir en arriere", "revenir a la version precedente"),
    ),
    "escalation": (
        *(
            "escalation",
            "escalations",
            "escalate",
            "escalation contacts",
            "escalation path",
            "contacts",
            "contact",
        ),
        *(
            "who to call",
            "whom to call",
            "who to page",
            "who to contact",
            "getting help",
            "get help",
            "need help",
        ),
        *("call for help", "on call contacts", "owners", "support", "people"),
        *(
            "eskalation",
            "eskalationskontakte",
            "eskalationsweg",
            "ansprechpartner",
            "ansprechpartnerin",
            "kontakte",
        ),
        *("kontakt", "wen rufen", "hilfe holen", "wer hilft"),
        *("escalade", "qui appeler", "qui contacter", "interlocuteurs", "astreinte", "personnes a contacter"),
    ),
    INTRO: (
        *(
            "overview",
            "introduction",
            "intro",
            "about",
            "description",
            "background",
            "summary",
            "what it does",
        ),
        *("what is this", "service", "context", "purpose", "about the service", "system"),
        *("uberblick", "ubersicht", "einleitung", "beschreibung", "hintergrund", "zweck", "kontext"),
        *("apercu", "presentation", "contexte", "vue d ensemble", "objet"),
    ),
}

_NUMBERING: Final = re.compile(
    r"^(?:(?:step|phase|part|section|schritt|teil|etape|partie)\s+)?(?:\d+(?:\.\d+)*|[ivx]+|[a-h])"
    "(?:[.):]|\\s*[-\N{EN DASH}\N{EM DASH}])?\\s+(?=\\S)"
)
_TAG: Final = re.compile(r"<[^<>]{0,200}>")


def plain(text: str) -> str:
    """A heading for comparison: no tags, accents, signs, case or numbering."""
    text = _TAG.sub(" ", text).replace("ß", "ss")
    folded = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(c for c in folded if not unicodedata.combining(c))
    letters = re.sub(r"^[^\w]+", "", letters)
    letters = _NUMBERING.sub("", letters)
    return " ".join(re.sub(r"[^\w]+", " ", letters).replace("_", " ").split())


def part_of(heading: str, *, whole: bool = False) -> str:
    """Return the part that a heading names, `intro` for an introduction, or "".

    With `whole` the heading must be no more than an alias. An alias that is the whole heading beats one
    at its beginning, which beats one inside; of two alike the longer wins.
    """
    text = plain(heading)
    if not text or len(text) > _LONGEST:
        return ""
    best = (0, 0, "")
    padded = f" {text} "
    for alias, part in _BY_ALIAS.items():
        if f" {alias} " not in padded:
            continue
        if whole and alias != text:
            continue
        rank = 3 if alias == text else 2 if padded.startswith(f" {alias} ") else 1
        best = max(best, (rank, len(alias), part))
    return best[2] if best[2] != INTRO or best[0] > 1 else ""


_LONGEST: Final = 90
_BY_ALIAS: Final = {alias: part for part, names in ALIASES.items() for alias in names}
