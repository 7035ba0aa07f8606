"""What an operator sets of payments under ``[settings.payments]``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from tramkit import PluginSettings, Url


class PaymentsSettings(PluginSettings):
    """The keys; each one's description is told where it is missing."""

    switch_url: Url = Field(
        description="Address of the payment switch that tells of transfers, e.g. https://switch.example.vn"
    )
    bin: str = Field(pattern=r"^[0-9]{6}$", description="Six digits of the payee's bank, e.g. 970436")
    account: str = Field(description="The payee's account")
    holder: str = Field(default="", description="Whose name the resident's bank shows for the account")
    memo_code: str | None = Field(
        default=None,
        description="What the bank wants before the memo to know the sub-account, e.g. TKPABC (TPBank, Sacombank)",
    )
    accounts_file: Path | None = Field(
        default=None,
        description="An accounts.toml: payees with an account of their own, and which kind of code each gets",
    )
    terminal: bool = Field(
        default=False, description="true: residents may also pay by card at the station's payment terminal"
    )
    receiver_url: Url | None = Field(
        default=None,
        description="Address of a receiver of payment notices (tramkit payment-receiver), asked besides the switch",
    )
    receiver_key: SecretStr | None = Field(default=None, description="This station's key at the receiver")
