"""The sandbox's page on the resident's phone: enter the code, choose an account, approve or refuse."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Literal

from aiohttp import web

from tramkit import web_headers

Language = Literal["vi", "en"]

HEADERS = web_headers({"style-src": "'unsafe-inline'", "form-action": "'self'"})

WORDS: dict[str, tuple[str, str]] = {
    "title": ("VNeID (thử nghiệm)", "VNeID (sandbox)"),
    "other": ("English", "Tiếng Việt"),
    "enter": ("Nhập mã trên màn hình của trạm", "Enter the code on the station's screen"),
    "go_on": ("Tiếp tục", "Continue"),
    "unknown": ("Không có mã này. Mời ông/bà xem lại.", "There is no such code. Please look again."),
    "question": ("Đăng nhập tại trạm này?", "Sign in at this station?"),
    "compare": (
        "Chỉ đồng ý khi đang đứng trước trạm và mã dưới đây giống mã trên màn hình.",
        "Approve only if you stand before the station and its screen shows this code.",
    ),
    "asks": ("Bên yêu cầu", "Who asks"),
    "gets": (
        "Trạm sẽ nhận: họ tên, số định danh, ngày sinh, giới tính, nơi ở.",
        "The station gets: name, identity number, date of birth, sex, address.",
    ),
    "account": ("Tài khoản", "Account"),
    "level": ("mức", "level"),
    "approve": ("Đồng ý", "Approve"),
    "refuse": ("Từ chối", "Refuse"),
    "approved": ("Đã đồng ý. Mời ông/bà nhìn lên màn hình của trạm.", "Approved. Please look at the station's screen."),
    "used": ("Đã đồng ý. Mời ông/bà nhìn lên màn hình của trạm.", "Approved. Please look at the station's screen."),
    "refused": ("Đã từ chối. Trạm không nhận được gì.", "Refused. The station got nothing."),
    "expired": (
        "Mã đã hết hạn. Mời ông/bà lấy mã mới tại trạm.",
        "The code has expired. Take a new one at the station.",
    ),
}
STYLE = """
*{box-sizing:border-box}body{font:18px/1.5 sans-serif;margin:0;color:#1b1b1b;background:#f4f1ec}
header{background:#8f1414;color:#fff;padding:.8rem 1rem;display:flex;justify-content:space-between;align-items:center}
header a{color:#fff;padding:.6rem}main{padding:1rem;max-width:30rem;margin:auto}h1{font-size:1.4rem;margin:.4rem 0}
strong.code{display:block;font:700 2rem/1.4 monospace;letter-spacing:.1em;text-align:center;background:#fff;
border-radius:.6rem;padding:.5rem;margin:.8rem 0}
label.who{display:flex;gap:.8rem;align-items:center;background:#fff;border-radius:.6rem;padding:.7rem;margin:.4rem 0}
label.who input{width:1.4rem;height:1.4rem;flex:none}small{color:#555}fieldset{border:0;padding:0;margin:0}
input[name=user_code]{width:100%;font:700 1.6rem monospace;text-align:center;padding:.7rem;margin:.6rem 0;
text-transform:uppercase;border:2px solid #767676;border-radius:.6rem}
button{width:100%;font:600 1.1rem sans-serif;min-height:3.4rem;border-radius:.6rem;border:2px solid #8f1414;
background:#8f1414;color:#fff;margin:.4rem 0}button.no{background:#fff;color:#8f1414}
p.wrong{color:#8f1414;font-weight:600}
"""


def language(asked: str) -> Language:
    """Return the language that is asked for, else Vietnamese."""
    return "en" if asked == "en" else "vi"


def enter(language: Language, wrong: str = "") -> str:
    """Return the form for a code.

    :param wrong: the key of what to say of the one before.
    """
    said = f'<p class="wrong" role="alert">{_word(language, wrong)}</p>' if wrong else ""
    return (
        f'<h1><label for="code">{_word(language, "enter")}</label></h1>{said}<form action="/device">'
        f'<input type="hidden" name="lang" value="{language}"><input id="code" name="user_code" required '
        f'maxlength="12" autocomplete="off" autocapitalize="characters">'
        f"<button>{_word(language, 'go_on')}</button></form>"
    )


def choose(language: Language, code: str, client: str, people: Sequence[tuple[str, str, int]]) -> str:
    """Return the question.

    :param people: number, name and level of each account.
    """
    accounts = "".join(
        f'<label class="who"><input type="radio" name="number" value="{number}"{" checked" if not place else ""}>'
        f"<span>{html.escape(name)}<br><small>{number}, {_word(language, 'level')} {level}</small></span></label>"
        for place, (number, name, level) in enumerate(people)
    )
    return (
        f"<h1>{_word(language, 'question')}</h1><p>{_word(language, 'compare')}</p>"
        f'<strong class="code">{code}</strong><p>{_word(language, "asks")}: {html.escape(client)}<br>'
        f'{_word(language, "gets")}</p><form method="post" action="/device">'
        f'<input type="hidden" name="lang" value="{language}"><input type="hidden" name="user_code" value="{code}">'
        f"<fieldset><legend>{_word(language, 'account')}</legend>{accounts}</fieldset>"
        f'<button name="decision" value="approve">{_word(language, "approve")}</button>'
        f'<button class="no" name="decision" value="refuse">{_word(language, "refuse")}</button></form>'
    )


def told(language: Language, state: str) -> str:
    """Return what became of it."""
    return f'<h1 role="status">{_word(language, state)}</h1>'


def page(body: str, language: Language, code: str = "", status: int = 200) -> web.Response:
    """Return a page for a phone; nothing on it runs, nothing is loaded.

    :param code: what it is about, so that it stays so in the other language.
    """
    other = "en" if language == "vi" else "vi"
    text = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{_word(language, "title")}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head><body>'
        f"<header><b>{_word(language, 'title')}</b>"
        f'<a href="?lang={other}&amp;user_code={code}">{_word(language, "other")}</a></header>'
        f"<main>{body}</main></body></html>"
    )
    return web.Response(text=text, content_type="text/html", status=status, headers=HEADERS)


def _word(language: Language, key: str) -> str:
    return WORDS[key][0 if language == "vi" else 1]
