"""The words that the example leads are made of: people, companies, titles, places, problems.

In: nothing. Out: tuples of text, some with weights. Names are common ones; every domain is reserved for examples.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


FIRST_EN = _words(
    "James Mary Robert Linda Michael Elena David Susan Thomas Karen Daniel Nancy Paul Lisa Mark Grace Kevin Amy Brian "
    "Laura Peter Anna Oliver Sophie Lukas Emma Noah Mia Arjun Priya Wei Mei Minh Linh Ahmed Fatima Lucas Camila"
)
LAST_EN = _words(
    "Smith Johnson Brown Garcia Miller Davis Wilson Moore Taylor Thomas Martin Lee White Harris Clark Lewis Young King "
    "Wright Scott Green Baker Adams Nelson Carter Mueller Schmidt Weber Dubois Rossi Tan Lim Nguyen Patel Sharma Kim"
)
LAST_JA = (
    ("佐藤", "sato"), ("鈴木", "suzuki"), ("高橋", "takahashi"), ("田中", "tanaka"), ("伊藤", "ito"), ("渡辺", "watanabe"),
    ("山本", "yamamoto"), ("中村", "nakamura"), ("小林", "kobayashi"), ("加藤", "kato"), ("吉田", "yoshida"),
    ("山田", "yamada"), ("佐々木", "sasaki"), ("松本", "matsumoto"), ("井上", "inoue"), ("木村", "kimura"),
    ("林", "hayashi"), ("清水", "shimizu"), ("髙木", "takagi"), ("石川", "ishikawa"), ("森", "mori"), ("阿部", "abe"),
)  # fmt: skip
FIRST_JA = (
    ("健", "ken"), ("大輔", "daisuke"), ("翔太", "shota"), ("美咲", "misaki"), ("陽子", "yoko"), ("直樹", "naoki"),
    ("恵", "megumi"), ("誠", "makoto"), ("愛", "ai"), ("拓也", "takuya"), ("由美", "yumi"), ("悠斗", "yuto"),
    ("真由美", "mayumi"), ("隆", "takashi"), ("さくら", "sakura"), ("亮", "ryo"),
)  # fmt: skip

COMPANY_EN = _words(
    "Northwind Blueline Harbor Summit Redwood Lumen Cobalt Granite Vertex Meridian Orchid Falcon Pioneer Atlas Juniper "
    "Cascade Sterling Beacon Quarry Solstice Tidewater Ironbridge Maple Zephyr"
)
COMPANY_TAIL_EN = (("Software", "Software"), ("Retail Group", "Retail"), ("Logistics", "Logistics"), ("Foods", "Food"),
                   ("Capital", "Finance"), ("Pay", "Fintech"), ("Health", "Healthcare"), ("Motors", "Manufacturing"),
                   ("Electronics", "Manufacturing"), ("Media", "Media"), ("University", "Education"))  # fmt: skip
COMPANY_JA = (
    ("青葉", "aoba"), ("富士見", "fujimi"), ("若葉", "wakaba"), ("東光", "toko"), ("日の出", "hinode"), ("白山", "hakusan"),
    ("みらい", "mirai"), ("大和", "yamato"), ("北斗", "hokuto"), ("三星", "mitsuboshi"), ("あかつき", "akatsuki"),
    ("丸友", "maruyu"), ("川西", "kawanishi"), ("さざなみ", "sazanami"), ("城北", "johoku"), ("光陽", "koyo"),
)  # fmt: skip
COMPANY_TAIL_JA = (("製作所", "製造業"), ("ソフトウェア", "ソフトウェア"), ("商事", "卸売"), ("物流", "物流"), ("銀行", "金融"),
                   ("電機", "製造業"), ("食品", "食品"), ("システムズ", "IT"), ("不動産", "不動産"), ("百貨店", "小売"))  # fmt: skip

TITLES_EN = (
    ("Marketing Manager", 10), ("Sales Manager", 9), ("Marketing Specialist", 9), ("Operations Manager", 7),
    ("Software Engineer", 6), ("Director of Marketing", 5), ("IT Director", 4), ("Head of Revenue Operations", 4),
    ("VP Sales", 4), ("Vice President, Operations", 3), ("CEO", 4), ("Founder & CEO", 3), ("CTO", 2), ("CFO", 2),
    ("Student", 2), ("Consultant", 3), ("Analyst", 5), ("Intern", 1), ("MVP Program Coordinator", 1), ("", 10),
)  # fmt: skip
TITLES_JA = (
    ("マーケティング部長", 5), ("営業部長", 6), ("情報システム部 課長", 7), ("営業企画課長", 5), ("主任", 7), ("担当", 9),
    ("代表取締役社長", 5), ("取締役", 3), ("執行役員 営業本部長", 3), ("経営企画室長", 3), ("ＣＥＯ", 1), ("CTO", 1),
    ("係長", 4), ("マネージャー", 5), ("会長", 1), ("学生", 1), ("", 12),
)  # fmt: skip
DEPARTMENTS_EN = (("Marketing", 5), ("Sales", 5), ("IT", 4), ("Operations", 3), ("Executive", 2), ("", 6))
DEPARTMENTS_JA = (
    ("マーケティング部", 5),
    ("営業部", 6),
    ("情報システム部", 4),
    ("経営企画室", 2),
    ("総務部", 2),
    ("", 5),
)

COUNTRIES_EN = (("US", 9), ("United States", 5), ("GB", 4), ("DE", 4), ("Singapore", 5), ("SG", 2), ("Australia", 3),
                ("FR", 2), ("IN", 3), ("Canada", 2), ("BR", 1), ("", 3))  # fmt: skip
COUNTRIES_JA = (("JP", 6), ("Japan", 2), ("日本", 5), ("", 1))
PREFECTURES = (("東京都", 30), ("大阪府", 12), ("神奈川県", 10), ("愛知県", 8), ("福岡県", 5), ("兵庫県", 4), ("京都府", 4),
               ("埼玉県", 4), ("北海道", 4), ("千葉県", 3), ("広島県", 2), ("", 14))  # fmt: skip
STATES = (("CA", 5), ("NY", 4), ("TX", 3), ("WA", 2), ("", 12))

CHALLENGES_EN = (
    "We need more leads in the pipeline", "Too much manual work", "Reduce cost of our tools", "GDPR compliance",
    "Nobody has time to follow up", "Grow in Europe", "Security review takes months", "No budget, looking around",
)  # fmt: skip
CHALLENGES_JA = (
    "新規顧客を増やしたい", "手作業が多く工数がかかる", "コストを削減したい", "個人情報の管理が心配", "営業の効率化",
    "売上を拡大したい", "監査への対応", "情報収集",
)  # fmt: skip

FREE_MAIL = (
    ("gmail.com", 8),
    ("yahoo.co.jp", 4),
    ("outlook.com", 2),
    ("icloud.com", 1),
    ("hotmail.com", 1),
    ("163.com", 1),
)
