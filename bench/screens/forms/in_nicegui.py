"""The form with NiceGUI: ``PYTHON in_nicegui.py PORT``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from form import AGAIN, GO_ON, LONG, PAGES, facts
from nicegui import ui


@ui.page("/")
def form() -> None:
    content = ui.column()

    def button(words: str, number: int) -> None:
        ui.button(words, on_click=lambda: show(number)).props("no-caps")

    def show(number: int) -> None:
        page = PAGES[number]
        after = (number + 1) % len(PAGES)
        content.clear()
        with content:
            ui.html(f"<h1>{page.heading}</h1>", sanitize=False)
            match page.kind:
                case "text" | "number":
                    ui.input(page.label)
                case "date":
                    ui.date_input(page.label)
                case "yes_no":
                    ui.radio(list(page.choices))
                case "choice":
                    for choice in page.choices:
                        button(choice, after)
                    return
                case "check":
                    for label, value in facts():
                        with ui.row():
                            ui.label(label)
                            ui.label(value)
                case _:
                    ui.label(LONG)
            button(AGAIN if page.kind == "done" else GO_ON, after)

    show(0)


if __name__ in ("__main__", "__mp_main__"):
    ui.run(host="127.0.0.1", port=int(sys.argv[1]), show=False, reload=False, show_welcome_message=False)
