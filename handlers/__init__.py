"""One conversation per file: a turn in, a reply out. And the list of who answers what."""

from bot.actions import (
    Agree,
    AskLanguage,
    AskLeave,
    AskUse,
    ClaimFor,
    Decline,
    Explain,
    ExplainMonths,
    Help,
    Leave,
    LeaveNow,
    MyInfo,
    Offers,
    SetLanguage,
    ShowAccounts,
    ShowClaim,
    ShowClaims,
    ShowPrivilege,
    ShowPrivileges,
    ShowTerms,
    StartClaim,
    Use,
    UseLater,
)
from bot.routing import Route, Routes
from handlers import accounts, claiming, helping, info, joining, leaving, privileges, using

ROUTES = Routes(
    [
        Route(
            ShowPrivileges,
            privileges.show_all,
            (
                "สิทธิพิเศษของฉัน",
                "สิทธิพิเศษ",
                "รับสิทธิ์",
                "คลับนี้มีอะไรบ้าง",
                "my privileges",
                "privileges",
                "claim",
                "what the club offers",
                "สิทธิพิเศษอื่น {n}",
                "more privileges {n}",
            ),
            before_consent=True,
            only_looks=True,
        ),
        Route(
            ShowPrivilege, privileges.show_one, ("สิทธิพิเศษ {n}", "privilege {n}"), before_consent=True, only_looks=True
        ),
        Route(StartClaim, claiming.start, ("รับสิทธิ์ {n}", "claim {n}"), only_looks=True),
        Route(ClaimFor, claiming.claim_for, ("รับสิทธิ์ {n} บัญชี {n}", "claim {n} for {n}")),
        Route(UseLater, claiming.later, ("ใช้สิทธิ์ภายหลัง {n}", "use later {n}")),
        Route(AskUse, using.ask, ("ใช้สิทธิ์ {n}", "ใช้สิทธิ์ทันที {n}", "use {n}", "use now {n}")),
        Route(Use, using.use, ("ยืนยันใช้สิทธิ์ {n}", "confirm use {n}")),
        Route(ShowClaim, using.show, ("ดูสิทธิ์ {n}", "show claim {n}")),
        Route(MyInfo, info.show, ("ข้อมูลของฉัน", "my info"), only_looks=True),
        Route(
            ShowClaims,
            info.show_claims,
            ("รับและใช้สิทธิ์", "ใช้สิทธิ์", "claim and use", "my claims", "use"),
            {
                "สิทธิ์ที่ใช้แล้ว": ShowClaims("used"),
                "used privileges": ShowClaims("used"),
                "used": ShowClaims("used"),
                "สิทธิ์ที่หมดอายุ": ShowClaims("expired"),
                "expired": ShowClaims("expired"),
                "สิทธิ์ที่กำลังใช้": ShowClaims("in_use"),
                "in use": ShowClaims("in_use"),
            },
        ),
        Route(
            ShowAccounts,
            accounts.show,
            (
                "บัญชีทางการ",
                "official accounts",
                "accounts",
                "ดาว",
                "ที่มาของดาว",
                "stars",
                "why these stars",
                "why this number",
            ),
        ),
        Route(Explain, accounts.explain, ("ที่มาของดาว {n}", "why {n}")),
        Route(ExplainMonths, accounts.explain_months, ("ที่มาของดาวรายเดือน {n}", "months {n}")),
        Route(
            ShowTerms,
            joining.show_terms,
            (
                "สมัคร",
                "สมัครสมาชิก",
                "เข้าร่วม",
                "เข้าร่วมคลับ",
                "ข้อกำหนด",
                "ข้อกำหนดคลับ",
                "join",
                "join the club",
                "terms",
                "club terms",
                # A bare yes agrees to nothing: it shows what there is to agree to.
                "ตกลง",
                "agree",
            ),
            before_consent=True,
        ),
        Route(Agree, joining.agree, ("ตกลง {n}", "agree {n}"), before_consent=True),
        Route(Decline, joining.decline, ("ยังไม่เข้าร่วม", "not now"), before_consent=True),
        Route(
            Help,
            helping.show_help,
            ("ช่วยเหลือ", "วิธีใช้", "เมนู", "สวัสดี", "สวัสดีค่ะ", "สวัสดีครับ", "help", "?", "menu", "hello", "hi"),
            before_consent=True,
        ),
        Route(AskLanguage, helping.ask_language, ("ภาษา", "เปลี่ยนภาษา", "language"), before_consent=True),
        Route(
            SetLanguage,
            helping.set_language,
            meaning={
                **dict.fromkeys(("ภาษาไทย", "ไทย", "thai"), SetLanguage("th")),
                **dict.fromkeys(("ภาษาอังกฤษ", "อังกฤษ", "english"), SetLanguage("en")),
            },
            before_consent=True,
        ),
        Route(Leave, leaving.choose, ("ออกจากคลับ", "leave", "leave the club")),
        Route(AskLeave, leaving.ask, ("ออกจากคลับ {n}", "leave {n}")),
        Route(LeaveNow, leaving.leave, ("ยืนยันออกจากคลับ {n}", "confirm leave {n}")),
        Route(
            Offers,
            helping.offers,
            meaning={
                **dict.fromkeys(("รับข่าวสาร", "offers on"), Offers("on")),
                **dict.fromkeys(("ไม่รับข่าวสาร", "offers off", "unsubscribe"), Offers("off")),
            },
            before_consent=True,
        ),
    ]
)
"""Read it from top to bottom: what a button says, who answers, and what to type instead."""
