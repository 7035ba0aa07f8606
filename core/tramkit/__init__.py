"""Tramkit: the open framework for digital citizen stations. These names are all that a plugin needs."""

from tramkit import forms as forms
from tramkit.capture import CameraTest, reading_text, vital_name
from tramkit.conversation import Ending
from tramkit.days import age, day_of
from tramkit.forms import Form
from tramkit.gateway import Gateway, GatewayTrouble
from tramkit.hookspecs import PluginContext, hookimpl
from tramkit.identity import Level, NotIdentified, Person
from tramkit.identity_method import IdentityMethod, NotSignedIn, SignIn
from tramkit.live import Live
from tramkit.log import configure as configure_log
from tramkit.orders.attachments import Attachment
from tramkit.orders.model import Order, Outcome, Record
from tramkit.orders.payment import Invitation, Payment, PaymentMethod, Properties
from tramkit.printing import HandedOver
from tramkit.problems import FileProblem, read_settings
from tramkit.same_person import masked
from tramkit.sandbox_command import sandbox_command
from tramkit.service import Service, ServiceState
from tramkit.staff import StaffCall
from tramkit.visit import Visit
from tramkit_hal.document import Code, Document, Heading, Paragraph, Row, Rule
from tramkit_hal.pages import Availability, Call, Fact, Option, Tone, Wait
from tramkit_hal.roles import Role
from tramkit_hal.trouble import DeviceError
from tramkit_hal.vital import Reading, Vital
from tramkit_hal.words import Day, Decimal1, Messages, Moment, Money, Text, bilingual, verbatim

__all__ = [
    "Attachment",
    "Availability",
    "Call",
    "CameraTest",
    "Code",
    "Day",
    "Decimal1",
    "DeviceError",
    "Document",
    "Ending",
    "Fact",
    "FileProblem",
    "Form",
    "Gateway",
    "GatewayTrouble",
    "HandedOver",
    "Heading",
    "IdentityMethod",
    "Invitation",
    "Level",
    "Live",
    "Messages",
    "Moment",
    "Money",
    "NotIdentified",
    "NotSignedIn",
    "Option",
    "Order",
    "Outcome",
    "Paragraph",
    "Payment",
    "PaymentMethod",
    "Person",
    "PluginContext",
    "Properties",
    "Reading",
    "Record",
    "Role",
    "Row",
    "Rule",
    "Service",
    "ServiceState",
    "SignIn",
    "StaffCall",
    "Text",
    "Tone",
    "Visit",
    "Vital",
    "Wait",
    "age",
    "bilingual",
    "configure_log",
    "day_of",
    "forms",
    "hookimpl",
    "masked",
    "read_settings",
    "reading_text",
    "sandbox_command",
    "verbatim",
    "vital_name",
]
