"""Acme's rules once more, as plain Python loops over the files: the independent truth for the example.

In: the example's folder. Out: for every lead that can be decided, its scores and labels; and the lines that cannot.
It shares no code with the program.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

JST = timezone(timedelta(hours=9))
STATUSES = {"new", "working", "nurturing", "qualified", "recycled", "disqualified", "customer"}
STAGES = ("customer", "trial", "sql", "mql", "iql", "lead")
HEAT = ("hot", "warm", "cold")
PRIORITY = {
    "A": ("p1", "p1", "p2"),
    "B": ("p1", "p2", "p3"),
    "C": ("p2", "p3", "p4"),
    "D": ("p4", "p4", "p4"),
}
WHOLE = re.compile(r"\d+|\d{1,3}(,\d{3})+")
AMOUNT = re.compile(r"\$?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")


@dataclass
class Event:
    type: str
    at: datetime
    cells: dict[str, str]


def fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()


def blank(cell: str) -> bool:
    return fold(cell) in ("", "null", "#n/a", "不明")


def number(cell: str) -> float | None:
    return None if blank(cell) else float(cell.replace(",", "").replace("$", ""))


def column(path: Path, name: str) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {fold(row[name]): row for row in csv.DictReader(file)}


class Oracle:
    """All that Acme's rules say about its export."""

    def __init__(self, folder: Path) -> None:
        lists = folder / "rules" / "lists"
        self.free = column(lists / "free_mail.csv", "domain")
        self.rivals = column(lists / "competitors.csv", "domain")
        self.magnets = column(lists / "magnets.csv", "magnet")
        self.accounts = column(lists / "named_accounts.csv", "domain")
        self.leads, self.rejected = self.read_leads(folder / "leads.csv")
        self.events, self.counts = self.read_events(folder)
        newest = [e.at for events in self.events.values() for e in events]
        self.as_of = max([*newest, *(datetime.fromisoformat(row["Created Date"]) for row in self.leads.values())])

    def read_leads(self, path: Path) -> tuple[dict[str, dict[str, str]], int]:
        """The rows that can be decided, by key, and how many cannot."""
        kept: dict[str, dict[str, str]] = {}
        seen: set[str] = set()
        rejected = 0
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                key = row["Lead ID"]
                if key in seen or not readable(row):
                    rejected += 1
                else:
                    kept[key] = row
                seen.add(key)
        return kept, rejected

    def read_events(self, folder: Path) -> tuple[dict[str, list[Event]], dict[str, int]]:
        """The events of each lead, oldest first, each once, and how many rows went where."""
        by_short = {key[:15]: key for key in self.leads}
        events: dict[str, list[Event]] = defaultdict(list)
        counts: dict[str, int] = defaultdict(int)
        seen: set[str] = set()
        for row in event_rows(folder):
            counts["in"] += 1
            at = row["Occurred At"]
            if row["Activity"] in UNREAD:
                counts["unread"] += 1
            elif row["Activity"] not in KNOWN or not row["Lead ID"] or not re.match(r"\d{4}-\d\d-\d\d", at):
                counts["rejected"] += 1
            elif row["Lead ID"][:15] not in by_short or len(row["Lead ID"]) < 15:
                counts["orphaned"] += 1
            elif row["Activity ID"] in seen:
                counts["repeated"] += 1
            else:
                seen.add(row["Activity ID"])
                when = datetime.fromisoformat(at) if "+" in at else datetime.fromisoformat(at).replace(tzinfo=JST)
                events[by_short[row["Lead ID"][:15]]].append(Event(row["Activity"], when, row))
        for mine in events.values():
            mine.sort(key=lambda e: e.at)
        return events, counts

    def decide(self, key: str) -> dict[str, str | float]:
        """One lead's scores and labels."""
        lead, mine = self.leads[key], self.events.get(key, [])
        tier = self.tier(lead)
        disqualification = self.disqualification(lead, tier)
        fit, engagement = self.fit(lead, tier, disqualification), self.engagement(mine)
        intent = self.intent(mine)
        grade = "A" if fit >= 28 else "B" if fit >= 15 else "C" if fit >= 0 else "D"
        temperature = self.temperature(fit + engagement + intent, lead["Temperature"])
        return {
            "fit": fit,
            "engagement": engagement,
            "intent": intent,
            "fit_grade": grade,
            "temperature": temperature,
            "priority": PRIORITY[grade][HEAT.index(temperature)],
            "lifecycle": self.lifecycle(lead, mine),
            "disqualification": disqualification,
        }

    def domain(self, lead: dict[str, str]) -> str:
        return fold(lead["Email"].rpartition("@")[2])

    def tier(self, lead: dict[str, str]) -> str | None:
        account = self.accounts.get(self.domain(lead))
        return account["tier"] if account else None

    def disqualification(self, lead: dict[str, str], tier: str | None) -> str:
        title, revenue = fold(lead["Title"]), number(lead["Annual Revenue"])
        if self.domain(lead) == "acme.example":
            return "employee"
        if self.domain(lead) in self.rivals:
            return "competitor"
        if lead["Email Opt Out"] == "1":
            return "opted_out"
        if re.search(r"\b(student|intern)\b", title) or "学生" in title:
            return "student"
        return "too_small" if revenue is not None and revenue < 1_000_000 and tier is None else "none"

    def fit(self, lead: dict[str, str], tier: str | None, disqualification: str) -> float:
        title, employees = fold(lead["Title"]), number(lead["No. of Employees"])
        industries = [
            "manufacturing",
            "製造業",
            "software",
            "ソフトウェア",
            "it",
            "fintech",
            "finance",
            "金融",
            "logistics",
            "物流",
        ]
        points = 10.0 if fold(lead["Industry"]) in industries else 0.0
        points += seniority(title)
        points += min(employees / 50, 10) if employees is not None else 0
        points += {None: 0, "1": 15}.get(tier, 8)
        points -= 5 if self.domain(lead) in self.free else 0
        points -= 200 if disqualification != "none" else 0
        return min(points, 40)

    def engagement(self, mine: list[Event]) -> float:
        quarter, month = self.as_of - timedelta(days=90), self.as_of - timedelta(days=30)

        def did(type_: str, since: datetime | None = None) -> bool:
            return any(e.type == type_ and (since is None or e.at > since) for e in mine)

        def days(type_: str) -> int:
            return len({e.at.astimezone(JST).date() for e in mine if e.type == type_ and e.at > quarter})

        points = (
            5 * did("newsletter_subscribed")
            + 25 * did("booking_made")
            + 25 * did("trial_started")
            - 25 * did("unsubscribed")
        )
        points -= 5 * min(sum(e.type == "booking_cancelled" for e in mine), 3)
        points += min(5 * min(days("email_opened"), 4) + 10 * min(days("email_clicked"), 3), 30)
        points += 10 * any(
            e.type == "page_viewed" and e.cells["Path"].startswith("/pricing") and e.at > quarter for e in mine
        )
        points += 15 * did("email_replied", quarter)
        points -= 10 * (did("email_sent", month) and not did("email_opened", month))
        return min(points, 80)

    def intent(self, mine: list[Event]) -> float:
        two_months, three_months = datetime(2026, 8, 30, tzinfo=JST), datetime(2026, 7, 30, tzinfo=JST)
        clock = self.as_of.astimezone(JST) - datetime(2026, 10, 30, tzinfo=JST)

        def line(e: Event, start: datetime) -> float:
            return max((e.at - start - clock) / (self.as_of - start - clock), 0)

        views: float = sum(
            2 * 0.5 ** ((self.as_of - e.at) / timedelta(days=14)) for e in mine if e.type == "page_viewed"
        )
        latest = {fold(e.cells["Magnet"]): e for e in mine if e.type == "form_submitted"}
        forms = sum(8 * line(e, two_months) for e in latest.values())
        seen = [e for e in mine if e.type == "webinar_attended"]
        webinars = sum(6 * line(e, three_months) for e in seen if float(e.cells["Minutes"]) >= 20)
        campaign = 5 * any(e.cells["Topic"] == "AI in operations" for e in seen)
        return min(min(views, 15) + min(forms, 16) + webinars + campaign, 30)

    def temperature(self, total: float, before: str) -> str:
        total = round(total, 4)
        if total >= 70 or (before == "hot" and total >= 60):
            return "hot"
        return "warm" if total >= 40 or (before in ("hot", "warm") and total >= 35) else "cold"

    def lifecycle(self, lead: dict[str, str], mine: list[Event]) -> str:
        forms = [e.cells for e in mine if e.type == "form_submitted"]
        types = {e.type for e in mine}
        priced = any(e.type == "page_viewed" and e.cells["Path"].startswith("/pricing") for e in mine)
        asked = any(f["Form"] in ("solution", "製品資料") for f in forms)
        top = any(self.magnets.get(fold(f["Magnet"]), {}).get("funnel") == "top" for f in forms)
        talk = any(f["Form"] in ("contact", "demo", "お問い合わせ") for f in forms)
        holds = (
            lead["Lead Status"] == "Customer" or "deal_won" in types,
            "trial_started" in types,
            "booking_made" in types or talk,
            asked and priced,
            top,
            True,
        )
        now = holds.index(True)
        before = STAGES.index(lead["Lifecycle"]) if lead["Lifecycle"] in STAGES else len(STAGES)
        return STAGES[now if lead["Lead Status"] == "Recycled" else min(now, before)]


KNOWN = {
    "newsletter_subscribed", "unsubscribed", "email_sent", "email_opened", "email_clicked", "email_replied", "page_viewed",
    "email_bounced", "form_submitted", "webinar_attended", "booking_made", "booking_cancelled", "trial_started", "deal_won",
    "call_made",
}  # fmt: skip
# What the event schema names and no rule reads: only the reports do.
UNREAD = {"call_connected", "linkedin_sent", "linkedin_replied", "out_of_office", "opportunity_created", "deal_lost"}


def seniority(title: str) -> int:
    if re.search(r"\b(vice president|vp)\b", title) or "本部長" in title or "執行役員" in title:
        return 12
    if re.search(r"\b(ceo|cto|cfo|founder)\b", title) or any(w in title for w in ("社長", "取締役", "会長")):
        return 15
    if re.search(r"\b(director|head)\b", title) or "部長" in title or "室長" in title:
        return 10
    return 5 if any(w in title for w in ("manager", "課長", "マネージャー", "係長")) else 0


def readable(row: dict[str, str]) -> bool:
    """Whether every cell that a rule reads can be read."""
    try:
        datetime.fromisoformat(row["Created Date"])
    except ValueError:
        return False
    return (
        row["Lead ID"] != ""
        and (blank(row["No. of Employees"]) or WHOLE.fullmatch(row["No. of Employees"]) is not None)
        and (blank(row["Annual Revenue"]) or AMOUNT.fullmatch(row["Annual Revenue"]) is not None)
        and (blank(row["Email"]) or "@" in row["Email"])
        and row["Lead Status"].lower() in STATUSES
        and row["Email Opt Out"] in ("0", "1")
    )


def event_rows(folder: Path) -> list[dict[str, str]]:
    """All event rows of all files, sales and the deals among them."""
    found: list[dict[str, str]] = []
    for path in sorted((folder / "events").glob("*.csv.gz")):
        found += csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode("utf-8")))
    with (folder / "sales.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            names = {"Activity ID": "Task ID", "Lead ID": "Lead ID", "Activity": "Task"}
            found.append({new: row[old] for new, old in names.items()} | {"Occurred At": f"{row['Done At']}+09:00"})
    with (folder / "deals.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            names = {"Activity ID": "Deal ID", "Lead ID": "Lead ID", "Occurred At": "Closed"}
            found.append({new: row[old] for new, old in names.items()} | {"Activity": "deal_won"})
    return found
