"""さくら精機: a machine-tool maker's CRM, exported by Excel in cp932. 900 leads and some 4,000 activities.

In: a seed. Out: leads.csv and events.csv in cp932 with Japanese headers, dates as 2026/10/03, ticks as ○ and ×,
full-width digits, 不明 for blanks, and the mistakes that people make in such files.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

from . import words
from .tools import chance, csv_bytes, moment, office_time, pick, write

LEADS = 900
FIRST_DAY = date(2026, 1, 13)
LAST_MOMENT = moment(date(2026, 10, 30), 17, 30)
FAIRS = ((date(2026, 4, 15), "春の機械展"), (date(2026, 10, 21), "国際工作機械展"))
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")

HEADER = ("顧客番号", "登録日", "担当者", "氏名", "会社名", "役職", "部署", "業種", "従業員数", "設備予算（円）", "都道府県",
          "電話番号", "メールアドレス", "メール配信停止", "流入元", "状況", "希望機種", "備考")  # fmt: skip
EVENT_HEADER = ("活動番号", "顧客番号", "活動", "日時", "内容")

TITLES = (("代表取締役社長", 8), ("工場長", 8), ("製造部長", 9), ("生産技術課長", 12), ("購買課長", 7), ("購買係長", 5), ("主任", 12),
          ("担当", 16), ("取締役", 3), ("営業本部長", 2), ("会長", 1), ("", 14), ("不明", 3))  # fmt: skip
INDUSTRIES = (("自動車部品", 24), ("金属加工", 22), ("電機", 12), ("精密機器", 8), ("航空宇宙", 3), ("食品", 6), ("建設", 6),
              ("商社", 8), ("ＩＴ", 2), ("不明", 6), ("", 4))  # fmt: skip
SOURCES = (("展示会", 40), ("Web", 28), ("紹介", 12), ("雑誌広告", 12), ("飛び込み", 3), ("ＷＥＢ", 3), ("", 2))
PREFECTURES = (("愛知県", 22), ("静岡県", 10), ("東京都", 14), ("神奈川県", 9), ("大阪府", 12), ("岐阜県", 5), ("群馬県", 5),
               ("長野県", 4), ("広島県", 5), ("福岡県", 4), ("新潟県", 4), ("―", 4))  # fmt: skip
MACHINES = (("旋盤", 6), ("五軸マシニングセンタ", 5), ("研削盤", 3), ("複合加工機", 3))
DOCUMENTS = (("加工事例集", 8), ("選び方ガイド", 6), ("価格表", 6), ("製品カタログ", 9), ("用語集", 2))
MAILS = (date(2026, 5, 13), date(2026, 7, 15), date(2026, 9, 16), date(2026, 10, 14))
MISTAKES = (
    ("従業員数", "約５０名"),
    ("登録日", "令和8年3月"),
    ("メール配信停止", "？"),
    ("状況", "保留"),
    ("設備予算（円）", "1,5"),
    ("従業員数", "-"),
    ("顧客番号", "S-12"),
    ("メールアドレス", "電話にて"),
)

Activity = tuple[datetime, str, str, str]  # when, who, what, about what


def write_files(folder: Path, seed: int = 20261030) -> None:
    """All data files of the company."""
    rng = Random(seed)
    rows: list[list[str]] = []
    activities: list[Activity] = []
    for number in range(1, LEADS + 1):
        key, created, drive = f"S-{number:05}", first_seen(rng), rng.betavariate(1.4, 3.2)
        rows.append(lead_row(rng, key, created, drive))
        activities += (a for a in live(rng, key, created, drive) if a[0] <= LAST_MOMENT)
    write(folder / "leads.csv", csv_bytes(HEADER, with_mistakes(rows), "cp932"))
    write(folder / "events.csv", csv_bytes(EVENT_HEADER, activity_rows(rng, sorted(activities)), "cp932"))


def first_seen(rng: Random) -> datetime:
    """Four in ten were met at a fair, the others come evenly."""
    if chance(rng, 0.4):
        return office_time(rng, rng.choice(FAIRS)[0] + timedelta(days=rng.randrange(3)))
    return min(office_time(rng, FIRST_DAY + timedelta(days=rng.randrange(290))), LAST_MOMENT - timedelta(days=1))


def lead_row(rng: Random, key: str, created: datetime, drive: float) -> list[str]:
    """One line of the export."""
    (last, last_latin), (first, first_latin) = rng.choice(words.LAST_JA), rng.choice(words.FIRST_JA)
    (name, latin), kind = rng.choice(words.COMPANY_JA), rng.choice(("工業", "精工", "製作所", "金属", "部品"))
    domain = (
        rng.choice(("rival-kikai.example", "tokai-koki.example"))
        if chance(rng, 0.015)
        else f"{latin}-{len(kind)}.co.example"
    )
    budget = rng.choice((3, 5, 8, 10, 12, 20, 30, 50, 80, 150)) * 1_000_000
    return [
        key,
        f"{created:%Y/%m/%d}",
        rng.choice(("阿部", "石川", "")),
        f"{last}　{first}",
        rng.choice((f"㈱{name}{kind}", f"株式会社{name}{kind}", f"有限会社{name}{kind}")),
        pick(rng, TITLES),
        rng.choice(("製造部", "生産技術部", "購買部", "")),
        pick(rng, INDUSTRIES),
        headcount(rng),
        rng.choice((str(budget), f"{budget:,}", f"￥{budget:,}")) if chance(rng, 0.1 + drive) else "",
        pick(rng, PREFECTURES),
        f"052-{rng.randrange(200, 999)}-{rng.randrange(10_000):04}",
        f"{first_latin}.{last_latin}@{domain}" if chance(rng, 0.85) else "",
        "○" if chance(rng, 0.03) else "×",
        pick(rng, SOURCES),
        "受注" if chance(rng, drive**3) else "見送り" if chance(rng, 0.08) else rng.choice(("新規", "対応中")),
        "、".join(sorted({pick(rng, MACHINES), pick(rng, MACHINES)})) if chance(rng, 0.35) else "",
        rng.choice(("①名刺交換\n②カタログ送付", "～来期に検討", "", "", "")),
    ]


def headcount(rng: Random) -> str:
    """Company size in the ways people write it."""
    number = int(6 * 2.3 ** rng.expovariate(0.45)) + 1
    return rng.choice(
        (str(number), f"{number:,}", str(number).translate(FULL_WIDTH), "" if chance(rng, 0.5) else "不明")
    )


def live(rng: Random, key: str, created: datetime, drive: float) -> Iterator[Activity]:
    """What a lead did, the keener the more."""
    for day, fair in FAIRS:
        if abs((created.date() - day).days) <= 3 or chance(rng, 0.06):
            yield office_time(rng, day + timedelta(days=1)), key, "展示会来場", fair
    for day in MAILS:
        sent = moment(day, 10, rng.randrange(20))
        if sent > created and chance(rng, 0.85):
            yield sent, key, "メール送信", f"{day.month}月号"
            if chance(rng, 0.15 + 0.6 * drive):
                yield sent + timedelta(minutes=int(rng.expovariate(1 / 400))), key, "メール開封", f"{day.month}月号"
    at = created
    for kind, share, about in (("資料請求", 0.75, DOCUMENTS), ("資料請求", 0.4, DOCUMENTS), ("料金表閲覧", 0.7, None), ("問い合わせ", 0.3, None),
                               ("工場見学予約", 0.35, None), ("見積依頼", 0.4, MACHINES)):  # fmt: skip
        if chance(rng, share * (0.1 + drive)):
            at += timedelta(days=int(rng.expovariate(1 / 9)), minutes=rng.randrange(300))
            yield at, key, kind, pick(rng, about) if about else ""
            if kind == "工場見学予約" and chance(rng, 0.2):
                yield at + timedelta(days=2), key, "工場見学取消", ""


def with_mistakes(rows: list[list[str]]) -> Iterator[list[str]]:
    """The rows, some with a cell that nobody can read, one exported twice."""
    for number, row in enumerate(rows):
        if number % 97 == 41:
            column, value = MISTAKES[number // 97 % len(MISTAKES)]
            row[HEADER.index(column)] = value
        yield row
        if number == 500:
            yield row


def activity_rows(rng: Random, activities: list[Activity]) -> Iterator[list[str]]:
    """The activity file: every hundredth line is there twice, and a few belong to customers who are gone."""
    for number, (at, key, kind, about) in enumerate(activities, 1):
        row = [f"{number:06}", f"S-9{key[3:]}" if chance(rng, 0.008) else key, kind, f"{at:%Y/%m/%d %H:%M}", about]
        yield row
        if number % 100 == 0:
            yield row
