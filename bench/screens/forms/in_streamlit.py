"""The form with Streamlit: ``PYTHON -m streamlit run in_streamlit.py --server.port PORT``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import streamlit as st
from form import AGAIN, GO_ON, LONG, PAGES, facts


def go_on() -> None:
    st.session_state.number = (st.session_state.number + 1) % len(PAGES)


number = st.session_state.setdefault("number", 0)
page = PAGES[number]
st.title(page.heading, anchor=False)
match page.kind:
    case "text" | "number" | "date" | "yes_no":
        with st.form(f"form-{number}"):
            if page.kind == "yes_no":
                st.radio(page.label, page.choices, index=None)
            else:
                st.text_input(page.label)
            st.form_submit_button(GO_ON, on_click=go_on)
    case "choice":
        for choice in page.choices:
            st.button(choice, on_click=go_on)
    case "check":
        for label, value in facts():
            st.text(f"{label}: {value}")
        st.button(GO_ON, on_click=go_on)
    case "tell":
        st.text(LONG)
        st.button(GO_ON, on_click=go_on)
    case "done":
        st.text(LONG)
        st.button(AGAIN, on_click=go_on)
