"""The form with PyWebIO: ``PYTHON in_pywebio.py PORT``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from form import AGAIN, GO_ON, LONG, PAGES, facts
from pywebio import start_server
from pywebio.input import DATE, TEXT, actions, input, input_group, radio
from pywebio.output import clear, put_html, put_table, put_text
from pywebio.session import set_env


def main() -> None:
    set_env(title="Form", output_animation=False, auto_scroll_bottom=False)
    while True:
        for page in PAGES:
            clear()
            put_html(f"<h1>{page.heading}</h1>")
            match page.kind:
                case "text" | "number" | "date":
                    field = input(page.label, name="value", type=DATE if page.kind == "date" else TEXT)
                    input_group("", [field, actions(name="go", buttons=[GO_ON])])
                case "yes_no":
                    field = radio(page.label, options=list(page.choices), name="value")
                    input_group("", [field, actions(name="go", buttons=[GO_ON])])
                case "choice":
                    actions(buttons=list(page.choices))
                case "check":
                    put_table(facts())
                    actions(buttons=[GO_ON])
                case "tell":
                    put_text(LONG)
                    actions(buttons=[GO_ON])
                case "done":
                    put_text(LONG)
                    actions(buttons=[AGAIN])


if __name__ == "__main__":
    start_server(main, port=int(sys.argv[1]), host="127.0.0.1", cdn=False)
