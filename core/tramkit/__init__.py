"""Tramkit: the open framework for digital citizen stations. These names are all that a plugin needs."""

from tramkit import bounded_json as bounded_json
from tramkit import forms as forms
from tramkit.data_file import DataFile, Words
from tramkit.facts import Dated, DatedFile, newest
from tramkit.forms import Form
from tramkit.host.attachment import Attachment
from tramkit.host.days import age, age_at_most, assumed, day_of
from tramkit.host.egress import HttpAnswer
from tramkit.host.ending import VisitEnding
from tramkit.host.gateway_error import GatewayError
from tramkit.host.order import Order, Outcome, Record
from tramkit.host.payment import Invitation, Payment, PaymentMethod, Properties
from tramkit.host.person import KnownPerson, Level, NotIdentifiedError, Person, masked
from tramkit.host.results import CameraTest, HandedOver
from tramkit.host.service_state import ServiceState
from tramkit.host.sign_in import IdentityMethod, NotSignedInError, SignIn
from tramkit.host.terminals import TerminalInfo, Terminals
from tramkit.host.vitals import reading_text, vital_name
from tramkit.log import configure as configure_log
from tramkit.orders.memo import find_memo
from tramkit.phones import PhoneError, read_mobile
from tramkit.plugins.hardening import harden_process
from tramkit.plugins.hookspecs import PluginContext, hookimpl
from tramkit.problems import FileError, read_settings
from tramkit.sandbox.command import sandbox_command
from tramkit.secret_file import make_secret_file
from tramkit.settings import PluginSettings, Url
from tramkit.visit.devices import CameraHandle, MicrophoneHandle, SpeakerHandle, SpeechRecogniserHandle
from tramkit.visit.egress import ask_http
from tramkit.visit.gateway import Gateway
from tramkit.visit.gateway_service import GatewayService, OrderTaker
from tramkit.visit.live import Live
from tramkit.visit.service import RequestVersionError, Service
from tramkit.visit.staff import StaffCall
from tramkit.visit.visit import Visit
from tramkit.working_days import working_days
from tramkit_hal import TramkitError
from tramkit_hal import partial_date as partial_date
from tramkit_hal.contracts.vital import Reading, Vital
from tramkit_hal.data import BinaryData, Data, ReceivedData
from tramkit_hal.device.clock import Clock, SystemClock
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.device.roles import Role
from tramkit_hal.document.document import Code, Document, Heading, Paragraph, Row, Rule
from tramkit_hal.partial_date import Born, PartialDate, first_day, last_day
from tramkit_hal.ui.icons import Icon
from tramkit_hal.ui.pages import Availability, Call, Control, Fact, Option, Stage, Tone, Wait
from tramkit_hal.ui.serving import FaceRunner, LogBudget
from tramkit_hal.ui.web_headers import adding, web_headers
from tramkit_hal.video import Frame, NewestFrame
from tramkit_hal.words import (
    JOINERS,
    LANGUAGES,
    VIETNAM,
    Day,
    Decimal1,
    Messages,
    Moment,
    Money,
    Nfc,
    Text,
    bilingual,
    nfc,
    personal,
    phone_text,
    public,
    render,
    verbatim,
    without_invisible,
)

__all__ = [
    "JOINERS",
    "LANGUAGES",
    "VIETNAM",
    "Attachment",
    "Availability",
    "BinaryData",
    "Born",
    "Call",
    "CameraHandle",
    "CameraTest",
    "Clock",
    "Code",
    "Control",
    "Data",
    "DataFile",
    "Dated",
    "DatedFile",
    "Day",
    "Decimal1",
    "DeviceError",
    "Document",
    "FaceRunner",
    "Fact",
    "FileError",
    "Form",
    "Frame",
    "Gateway",
    "GatewayError",
    "GatewayService",
    "HandedOver",
    "Heading",
    "HttpAnswer",
    "Icon",
    "IdentityMethod",
    "Invitation",
    "KnownPerson",
    "Level",
    "Live",
    "LogBudget",
    "Messages",
    "MicrophoneHandle",
    "Moment",
    "Money",
    "NewestFrame",
    "Nfc",
    "NotIdentifiedError",
    "NotSignedInError",
    "Option",
    "Order",
    "OrderTaker",
    "Outcome",
    "Paragraph",
    "PartialDate",
    "Payment",
    "PaymentMethod",
    "Person",
    "PhoneError",
    "PluginContext",
    "PluginSettings",
    "Properties",
    "Reading",
    "ReceivedData",
    "Record",
    "RequestVersionError",
    "Role",
    "Row",
    "Rule",
    "Service",
    "ServiceState",
    "SignIn",
    "SpeakerHandle",
    "SpeechRecogniserHandle",
    "StaffCall",
    "Stage",
    "SystemClock",
    "TerminalInfo",
    "Terminals",
    "Text",
    "Tone",
    "TramkitError",
    "Trouble",
    "Url",
    "Visit",
    "VisitEnding",
    "Vital",
    "Wait",
    "Words",
    "adding",
    "age",
    "age_at_most",
    "ask_http",
    "assumed",
    "bilingual",
    "bounded_json",
    "configure_log",
    "day_of",
    "find_memo",
    "first_day",
    "forms",
    "harden_process",
    "hookimpl",
    "last_day",
    "make_secret_file",
    "masked",
    "newest",
    "nfc",
    "partial_date",
    "personal",
    "phone_text",
    "public",
    "read_mobile",
    "read_settings",
    "reading_text",
    "render",
    "sandbox_command",
    "verbatim",
    "vital_name",
    "web_headers",
    "without_invisible",
    "working_days",
]
