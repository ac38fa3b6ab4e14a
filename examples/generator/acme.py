"""Acme: a workflow SaaS that sells in Japan and abroad. About 5,000 leads and 45,000 events of seven months.

In: a seed. Out: leads.csv, one events file a month (gzip'd), deals.csv, sales.csv (acme_sales.py), campaigns.csv and traffic.csv,
with what real exports have: webinar days, campaign mornings, machine-made opens, two spellings of everything, blanks, near-duplicates, cells that are wrong,
overlapping months, leads that have left the CRM, and last month's temperature and lifecycle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from . import words
from .acme_sales import HEADER as SALES_HEADER
from .acme_sales import Told, sales_rows
from .tools import chance, csv_bytes, moment, office_time, pick, record_id, write

LEADS = 5_000
FIRST_DAY = date(2025, 11, 1)
EVENTS_FROM = moment(date(2026, 4, 1))  # what the marketing tool keeps
EVENTS_UNTIL = moment(date(2026, 10, 30), 18)
LAST_RUN = moment(date(2026, 10, 1))

WEBINARS = (
    (date(2026, 5, 20), "Workflow basics"),
    (date(2026, 7, 8), "Automating approvals"),
    (date(2026, 10, 14), "AI in operations"),
)
CAMPAIGNS = tuple(
    date(2026, month, day) for month, day in ((4, 14), (5, 12), (6, 9), (7, 14), (8, 18), (9, 8), (10, 6), (10, 20))
)
ANNOUNCED = (("Spring news", "newsletter", 800), ("Seminar: workflow basics", "seminar", 14_000), ("Summer news", "newsletter", 800),
             ("Seminar: approvals", "seminar", 15_500), ("Trial offer", "offer", 2_400), ("Autumn news", "newsletter", 900),
             ("Seminar: AI in operations", "seminar", 18_000), ("Offer of the year end", "offer", 2_600))  # fmt: skip
SOURCES = (("Web", 34), ("Organic Search", 18), ("Webinar", 14), ("Paid Ads", 12), ("Trade Show", 8), ("Referral", 5),
           ("Partner", 4), ("List Purchase", 3), ("", 2))  # fmt: skip
OWNERS = ("sato@acme.example", "tanaka@acme.example", "suzuki@acme.example", "lee@acme.example", "weber@acme.example",
          "left@acme.example")  # fmt: skip
PAGES = ("/", "/blog/approval-flows", "/blog/excel-to-workflow", "/products/flow", "/products/insights",
         "/products/connect", "/customers", "/about", "/careers", "/docs/start")  # fmt: skip
MAGNETS_EN = (("checklist", 8), ("ebook", 9), ("template", 7), ("worksheet", 2), ("Cheat Sheet", 3), ("white paper", 6),
              ("case study", 5), ("video training", 2), ("email course", 1), ("comparison", 4), ("discount", 1), ("podcast", 1))  # fmt: skip
MAGNETS_JA = (("チェックリスト", 8), ("テンプレート", 8), ("電子書籍", 5), ("早見表", 2), ("ホワイトペーパー", 9), ("導入事例", 7),
              ("動画講座", 2), ("比較表", 4), ("無料相談", 1))  # fmt: skip
PRODUCTS = (("Flow", 6), ("Insights", 3), ("Connect", 2))

HEADER = ("Lead ID", "Created Date", "Lead Owner", "Lead Status", "Last Name", "First Name", "Email", "Phone", "Company",
          "Title", "Department", "Industry", "No. of Employees", "Annual Revenue", "Country", "State/Province",
          "Lead Source", "Main Challenge", "Product Interest", "Email Opt Out", "Temperature", "Lifecycle",
          "Description")  # fmt: skip
EVENT_HEADER = (
    "Activity ID",
    "Lead ID",
    "Activity",
    "Occurred At",
    "Campaign",
    "Path",
    "Form",
    "Magnet",
    "Product",
    "Topic",
    "Minutes",
)
COLUMN = {name.lower(): i for i, name in enumerate(EVENT_HEADER)}


@dataclass(slots=True)
class Event:
    """One thing that happened, with its own fields by column."""

    lead: str
    type: str
    at: datetime
    fields: dict[str, str]


@dataclass(slots=True)
class Lead:
    """One lead while it is made. `drive`, 0 to 1, is how much they want to buy; no export shows it."""

    key: str
    created: datetime
    japanese: bool
    drive: float
    cells: dict[str, str] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    def did(self, type_: str, at: datetime, **fields: str) -> None:
        """The event, where it lies in what the tool keeps."""
        if max(EVENTS_FROM, self.created) <= at <= EVENTS_UNTIL:
            self.events.append(Event(self.key, type_, at, fields))

    def has(self, type_: str, before: datetime, **fields: str) -> bool:
        """Whether such an event lies before a time."""
        return any(
            e.type == type_ and e.at < before and all(e.fields.get(k) == v for k, v in fields.items())
            for e in self.events
        )


def write_files(folder: Path, seed: int = 20261030) -> None:
    """All data files of the company."""
    rng = Random(seed)
    leads = [make_lead(rng, number) for number in range(LEADS)]
    for lead in leads:
        live(rng, lead)
    remember_last_run(leads)
    deals = list(close_deals(rng, leads))
    write(folder / "leads.csv", csv_bytes(HEADER, lead_rows(rng, leads)))
    write(folder / "deals.csv", csv_bytes(("Deal ID", "Lead ID", "Closed", "Amount"), deals))
    write(folder / "sales.csv", csv_bytes(SALES_HEADER, sales_rows(Random(seed + 2), told(leads, deals))))
    write(folder / "campaigns.csv", csv_bytes(("campaign", "name", "type", "date", "cost"), campaign_rows()))
    write(folder / "traffic.csv", csv_bytes(("period", "source", "visitors"), traffic_rows(Random(seed + 1), leads)))
    for month, rows in event_files(rng, leads).items():
        write(folder / "events" / f"{month}.csv.gz", csv_bytes(EVENT_HEADER, rows))


def told(leads: list[Lead], deals: list[tuple[str, str, str, str]]) -> list[Told]:
    """What sales may know of each lead."""
    won = {key: moment(date.fromisoformat(closed)) for _, key, closed, _ in reversed(deals)}
    return [
        Told(lead.key, lead.drive, [(e.type, e.at, e.fields.get("form", "")) for e in lead.events], won.get(lead.key))
        for lead in leads
    ]


def campaign_rows() -> Iterator[tuple[str, str, str, str, str]]:
    """What each campaign mail announced and cost, and a fair that has not been yet."""
    for number, (day, (name, kind, cost)) in enumerate(zip(CAMPAIGNS, ANNOUNCED, strict=True), 1):
        yield f"2026-{number:02}", name, kind, f"{day}", f"{cost:,}"
    yield "2026-09", "Workflow fair", "fair", "2026-11-20", "32,000"


def traffic_rows(rng: Random, leads: list[Lead]) -> Iterator[tuple[str, str, str]]:
    """Visitors a month by source: so many that one in ten to one in forty left an address. The draw is its own."""
    months = sorted({f"{lead.created:%Y-%m}" for lead in leads})
    for month in months:
        for source in ("Web", "Organic Search", "Paid Ads"):
            came = sum(lead.cells["Lead Source"] == source and f"{lead.created:%Y-%m}" == month for lead in leads)
            yield month, source, str((came + 1) * rng.randrange(10, 40))


def make_lead(rng: Random, number: int) -> Lead:
    """A person of a company, with the cells of the export."""
    source = pick(rng, SOURCES)
    lead = Lead(
        record_id("00Q5g00000", 40_000_000 + number * 977),
        created_at(rng, source),
        chance(rng, 0.58),
        rng.betavariate(1.3, 3.1),
    )
    company(rng, lead)
    person(rng, lead)
    en = not lead.japanese
    lead.cells |= {
        "Lead ID": lead.key,
        "Created Date": f"{lead.created:%Y-%m-%dT%H:%M:%S}.000+0900",
        "Lead Owner": rng.choice(OWNERS) if chance(rng, 0.55) else "",
        "Lead Status": "Working" if chance(rng, lead.drive) else "New" if chance(rng, 0.8) else "Nurturing",
        "Country": pick(rng, words.COUNTRIES_EN if en else words.COUNTRIES_JA),
        "State/Province": pick(rng, words.STATES if en else words.PREFECTURES),
        "Lead Source": source,
        "Main Challenge": rng.choice(words.CHALLENGES_EN if en else words.CHALLENGES_JA) if chance(rng, 0.35) else "",
        "Product Interest": ";".join(sorted({pick(rng, PRODUCTS) for _ in range(rng.randrange(1, 3))}))
        if chance(rng, 0.3)
        else "",
        "Email Opt Out": "1" if chance(rng, 0.015) else "0",
        "Description": rng.choice(('Met at the booth.\nSaid: "call in May"', "展示会で名刺交換", ""))
        if source == "Trade Show"
        else "",
    }
    return lead


def created_at(rng: Random, source: str) -> datetime:
    """When the lead came in: more every month, and webinar leads on the days round a webinar."""
    if source == "Webinar" and chance(rng, 0.8):
        day, _ = rng.choice(WEBINARS)
        return office_time(rng, day - timedelta(days=rng.choices(range(7), [30, 14, 8, 5, 4, 3, 2])[0]))
    days = (EVENTS_UNTIL.date() - FIRST_DAY).days
    at = office_time(rng, FIRST_DAY + timedelta(days=int(days * rng.random() ** 0.7)))
    return min(at, EVENTS_UNTIL - timedelta(hours=2))


def company(rng: Random, lead: Lead) -> None:
    """Name, industry, size and domain; small companies are many, large ones few."""
    employees = min(int(11 * 2.5 ** rng.expovariate(0.42)), 60_000)
    revenue = int(employees * rng.uniform(7, 40)) * 10_000
    if lead.japanese:
        (name, latin), (tail, industry) = rng.choice(words.COMPANY_JA), rng.choice(words.COMPANY_TAIL_JA)
        lead.cells["Company"] = f"株式会社{name}{tail}" if chance(rng, 0.7) else f"{name}{tail}（株）"
        lead.cells["domain"] = f"{latin}{len(tail)}.co.example"
    else:
        name, (tail, industry) = rng.choice(words.COMPANY_EN), rng.choice(words.COMPANY_TAIL_EN)
        lead.cells["Company"] = f"{name} {tail}"
        lead.cells["domain"] = f"{name.lower()}-{tail.split()[0].lower()}.example"
    if chance(rng, 0.012):
        lead.cells["domain"] = rng.choice(("rival.example", "rival.co.example", "flowmaster.example"))
    lead.cells["Industry"] = industry if chance(rng, 0.88) else rng.choice(("", "不明", industry.upper()))
    lead.cells["No. of Employees"] = rng.choice((str(employees), f"{employees:,}")) if chance(rng, 0.82) else ""
    lead.cells["Annual Revenue"] = (
        rng.choice((str(revenue), f"${revenue:,}", f"{revenue}.00"))
        if chance(rng, 0.6)
        else rng.choice(("", "", "#N/A"))
    )


def person(rng: Random, lead: Lead) -> None:
    """Name, title, address and telephone."""
    if lead.japanese:
        (last, last_latin), (first, first_latin) = rng.choice(words.LAST_JA), rng.choice(words.FIRST_JA)
        lead.cells |= {"Title": pick(rng, words.TITLES_JA), "Department": pick(rng, words.DEPARTMENTS_JA)}
        phone = f"03-{rng.randrange(3000, 6999)}-{rng.randrange(10_000):04}"
    else:
        last, first = rng.choice(words.LAST_EN), rng.choice(words.FIRST_EN)
        last_latin, first_latin = last.lower(), first.lower()
        lead.cells |= {"Title": pick(rng, words.TITLES_EN), "Department": pick(rng, words.DEPARTMENTS_EN)}
        phone = f"+{rng.choice((1, 44, 49, 65))} {rng.randrange(200, 999)} {rng.randrange(1_000_000):06}"
    domain = pick(rng, words.FREE_MAIL) if chance(rng, 0.17) else lead.cells.pop("domain")
    if chance(rng, 0.003):
        domain = "acme.example"
    email = f"{first_latin}.{last_latin}{rng.randrange(2, 90) if chance(rng, 0.6) else ''}@{domain}"
    lead.cells |= {"Last Name": last, "First Name": first, "Phone": phone if chance(rng, 0.5) else ""}
    lead.cells["Email"] = (email.upper() if chance(rng, 0.02) else email) if chance(rng, 0.95) else ""
    lead.cells.pop("domain", None)


def live(rng: Random, lead: Lead) -> None:
    """What the lead did, and what we did to it."""
    if chance(rng, 0.25 + lead.drive / 2):
        lead.did("newsletter_subscribed", lead.created + timedelta(minutes=rng.randrange(3)))
    first_form(rng, lead)
    webinars(rng, lead)
    mail(rng, lead)
    visits(rng, lead)
    buying(rng, lead)


def first_form(rng: Random, lead: Lead) -> None:
    """Most web leads came in through a form, for something in return."""
    if lead.cells["Lead Source"] not in ("Web", "Organic Search", "Paid Ads") or chance(rng, 0.2):
        return
    magnet = pick(rng, MAGNETS_JA if lead.japanese else MAGNETS_EN)
    lead.did(
        "form_submitted",
        lead.created,
        form="download",
        magnet=magnet,
        product=pick(rng, PRODUCTS) if chance(rng, 0.3) else "",
    )
    if chance(rng, 0.12):  # a double click on the button
        lead.did("form_submitted", lead.created + timedelta(seconds=2), form="download", magnet=magnet, product="")


def webinars(rng: Random, lead: Lead) -> None:
    """Those who came for a webinar, and some of the others, sit in it, some not for long."""
    for day, topic in WEBINARS:
        share = (
            0.7
            if lead.cells["Lead Source"] == "Webinar" and abs((lead.created.date() - day).days) < 8
            else 0.15 * lead.drive
        )
        if chance(rng, share):
            start = moment(day, 14, rng.randrange(8))
            lead.did(
                "form_submitted",
                start - timedelta(days=2),
                form="webinar",
                magnet="ウェビナー" if lead.japanese else "webinar",
            )
            lead.did("webinar_attended", start, topic=topic, minutes=str(rng.randrange(3, 61)))


def mail(rng: Random, lead: Lead) -> None:
    """Campaign mornings: sent at nine, opened by few, often by a machine, clicked by fewer, and answered by hardly any."""
    interest = 0.08 + 0.62 * lead.drive
    for number, day in enumerate(CAMPAIGNS, 1):
        sent = moment(day, 9, rng.randrange(12), rng.randrange(60))
        if lead.cells["Email"] == "" or sent < lead.created or chance(rng, 0.3):
            continue
        campaign = f"2026-{number:02}"
        lead.did("email_sent", sent, campaign=campaign)
        if chance(rng, 0.015):
            lead.did("email_bounced", sent + timedelta(seconds=40), campaign=campaign)
            continue
        if chance(rng, 0.006):
            lead.did("unsubscribed", sent + timedelta(hours=3))
        if chance(rng, interest):
            opened = sent + timedelta(minutes=int(rng.expovariate(1 / 300)))
            for repeat in range(rng.choices((1, 2, 5), (70, 24, 6))[0]):
                lead.did("email_opened", opened + timedelta(seconds=9 * repeat), campaign=campaign)
            if chance(rng, 0.08 + 0.4 * lead.drive):
                lead.did(
                    "email_clicked",
                    opened + timedelta(minutes=1),
                    campaign=campaign,
                    path="/pricing" if chance(rng, 0.2) else "/blog/approval-flows",
                )
            if chance(rng, 0.12 * lead.drive):
                lead.did("email_replied", opened + timedelta(hours=1), campaign=campaign)


def visits(rng: Random, lead: Lead) -> None:
    """Visits to the site, in sessions of a few pages, thinning out after the lead came in."""
    for _ in range(int(rng.expovariate(1 / (0.4 + 5 * lead.drive)))):
        at = lead.created + timedelta(days=int(rng.expovariate(1 / 35)), minutes=rng.randrange(500))
        for page in range(rng.randrange(1, 4)):
            path = "/pricing" if chance(rng, 0.04 + 0.22 * lead.drive) else rng.choice(PAGES)
            lead.did("page_viewed", at + timedelta(minutes=2 * page), path=path)


def buying(rng: Random, lead: Lead) -> None:
    """The few who mean it: a form about the solution, a talk, a booking (some cancelled), a trial."""
    at = lead.created + timedelta(days=int(rng.expovariate(1 / 20)), hours=rng.randrange(8))
    if chance(rng, lead.drive * 0.5):
        lead.did("form_submitted", at, form="製品資料" if lead.japanese else "solution", product=pick(rng, PRODUCTS))
    if chance(rng, (lead.drive**1.6) * 0.55):
        lead.did(
            "form_submitted",
            at + timedelta(days=3),
            form="お問い合わせ" if lead.japanese else rng.choice(("contact", "demo")),
        )
        if chance(rng, 0.5):
            lead.did("booking_made", at + timedelta(days=4))
            if chance(rng, 0.22):
                lead.did("booking_cancelled", at + timedelta(days=6))
    if chance(rng, (lead.drive**2) * 0.7):
        lead.did("trial_started", at + timedelta(days=9), product=pick(rng, PRODUCTS))


def close_deals(rng: Random, leads: list[Lead]) -> Iterator[tuple[str, str, str, str]]:
    """Half of the trials of summer were won; sales has ticked most of them as customers, and recycled a few others."""
    number = 0
    for lead in leads:
        if lead.has("trial_started", moment(date(2026, 9, 15))) and chance(rng, 0.5):
            number += 1
            closed = max(e.at for e in lead.events if e.type == "trial_started") + timedelta(days=rng.randrange(14, 46))
            lead.cells["Lead Status"] = "Customer" if chance(rng, 0.8) else "Working"
            if closed < EVENTS_UNTIL:
                yield f"D-{number:04}", lead.key, f"{closed:%Y-%m-%d}", f"{rng.randrange(2, 90) * 1_200}.00"
        elif lead.has("booking_cancelled", LAST_RUN) and chance(rng, 0.5):
            lead.cells["Lead Status"] = "Recycled"


def remember_last_run(leads: list[Lead]) -> None:
    """Temperature and lifecycle as the CRM got them a month ago: blank for newer leads."""
    for lead in leads:
        known = lead.created < LAST_RUN
        lead.cells["Lifecycle"] = stage_then(lead) if known else ""
        warmth = sum(
            {"email_clicked": 12, "email_replied": 15, "booking_made": 30, "trial_started": 30}.get(e.type, 1)
            for e in lead.events
            if e.at < LAST_RUN
        )
        lead.cells["Temperature"] = ("hot" if warmth >= 75 else "warm" if warmth >= 38 else "cold") if known else ""


def stage_then(lead: Lead) -> str:
    """The lifecycle at the last run, by what was known then."""
    if lead.has("trial_started", LAST_RUN):
        return "trial"
    if lead.has("booking_made", LAST_RUN) or any(
        lead.has("form_submitted", LAST_RUN, form=f) for f in ("contact", "demo", "お問い合わせ")
    ):
        return "sql"
    asked = any(lead.has("form_submitted", LAST_RUN, form=f) for f in ("solution", "製品資料"))
    return "mql" if asked and lead.has("page_viewed", LAST_RUN, path="/pricing") else "lead"


def lead_rows(rng: Random, leads: list[Lead]) -> Iterator[list[str]]:
    """The export in order of creation, with its near-duplicates, a row exported twice, and cells that are wrong."""
    for lead in sorted(leads, key=lambda each: (each.created, each.key)):
        row = [lead.cells.get(name, "") for name in HEADER]
        if chance(rng, 0.009):
            row = spoil(rng, row)
        yield row
        if chance(rng, 0.0008):
            yield row
        if lead.cells["Email"] and chance(rng, 0.02):
            yield near_duplicate(rng, lead)


def spoil(rng: Random, row: list[str]) -> list[str]:
    """A cell as somebody typed it."""
    column, value = rng.choice((
        ("No. of Employees", "about 50"), ("No. of Employees", "50-100"), ("No. of Employees", "10.5"), ("Annual Revenue", "1,5"),
        ("Annual Revenue", "10億"), ("Created Date", "2026-02-30T10:00:00.000+0900"), ("Email", "ask at reception"),
        ("Lead Status", "Wroking"), ("Email Opt Out", "maybe"), ("Lead ID", ""),
    ))  # fmt: skip
    return [value if name == column else cell for name, cell in zip(HEADER, row, strict=True)]


def near_duplicate(rng: Random, lead: Lead) -> list[str]:
    """The same person once more, under another id, typed by hand at a trade show."""
    cells = lead.cells | {"Lead ID": record_id("00Q5g00000", 90_000_000 + rng.randrange(10_000_000))}
    cells |= {"Email": cells["Email"].title(), "Lead Source": "Trade Show", "Lead Owner": "", "Lead Status": "New"}
    cells |= {
        "Temperature": "",
        "Lifecycle": "",
        "Created Date": f"{EVENTS_UNTIL - timedelta(days=rng.randrange(1, 30)):%Y-%m-%dT%H:%M:%S}.000+0900",
    }
    return [cells.get(name, "") for name in HEADER]


def event_files(rng: Random, leads: list[Lead]) -> dict[str, list[list[str]]]:
    """The events by month. Each month's export holds the first hours of the next; April's writes ids with 15 characters."""
    files: dict[str, list[list[str]]] = defaultdict(list)
    events = sorted((e for lead in leads for e in lead.events), key=lambda e: (e.at, e.lead, e.type))
    gone = [record_id("00Q5g00000", 70_000_000 + i) for i in range(40)]
    for number, event in enumerate(events, 1):
        row = event_row(number, event)
        if chance(rng, 0.006):
            row[1] = rng.choice(gone)
        if chance(rng, 0.0006):
            row[rng.choice((1, 2, 3))] = rng.choice(("", "sms_delivered", "yesterday"))
        month = f"{event.at:%Y-%m}"
        files[month].append([row[0], row[1][:15], *row[2:]] if month == "2026-04" else row)
        if event.at.day == 1 and event.at.month > EVENTS_FROM.month:
            files[f"{event.at - timedelta(days=1):%Y-%m}"].append(row)
    return files


def event_row(number: int, event: Event) -> list[str]:
    """One line of an events file."""
    row = [
        f"a-{number:06}",
        event.lead,
        event.type,
        f"{event.at:%Y-%m-%dT%H:%M:%S}+09:00",
        *[""] * (len(EVENT_HEADER) - 4),
    ]
    for name, value in event.fields.items():
        row[COLUMN[name]] = value
    return row
