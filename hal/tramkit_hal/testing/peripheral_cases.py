"""What printers, scanners, readers and terminals keep."""

from __future__ import annotations

import asyncio

from tramkit_hal.contracts.document_printer import DocumentPrinter, JobState
from tramkit_hal.contracts.id_reader import IdReader
from tramkit_hal.contracts.payment_terminal import Charge, PaymentTerminal, TerminalResult
from tramkit_hal.contracts.printer import ReceiptPrinter
from tramkit_hal.contracts.scanner import CodeScanner
from tramkit_hal.device.errors import Trouble
from tramkit_hal.testing.case import NotApplicableError, case, check
from tramkit_hal.testing.life_cases import error_of
from tramkit_hal.testing.rig import PDF, RECEIPT, Rig
from tramkit_hal.testing.sim_operations import CODE, scanned, view
from tramkit_hal.ui.screen import Screen


@case("HAL-PRN-001", ReceiptPrinter, "The same job is printed once, whatever is asked")
async def prints_once(rig: Rig) -> None:
    async with rig.opened() as device:
        before = await rig.count(device, "printed")
        for _again in range(3):
            await device.print(RECEIPT, "vi", "once", rig.seconds)
        check(await rig.count(device, "printed") == before + 1, "one job was printed more than once")
        await device.print(RECEIPT, "vi", "another", rig.seconds)
        check(await rig.count(device, "printed") == before + 2, "another job was not printed")


@case("HAL-PRN-002", ReceiptPrinter, "Without paper nothing is printed, and it says so")
async def no_paper(rig: Rig) -> None:
    async with rig.opened() as device:
        await rig.do(device, "out_of_paper")
        before = await rig.count(device, "printed")
        error = await error_of(device.print(RECEIPT, "vi", "no paper", rig.seconds))
        check(error.trouble is Trouble.OUT_OF_PAPER, f"it says {error.trouble}")
        check(await rig.count(device, "printed") == before, "it printed on nothing")


@case("HAL-PRN-003", ReceiptPrinter, "What may have been printed is told as unknown")
async def print_unknown(rig: Rig) -> None:
    async with rig.opened() as device:
        await rig.do(device, "outcome_unknown")
        error = await error_of(device.print(RECEIPT, "vi", "unknown", rig.seconds))
        check(error.trouble is Trouble.OUTCOME_UNKNOWN, f"it says {error.trouble}")


@case("HAL-DOC-001", DocumentPrinter, "The same job is handed over once, whatever is asked")
async def submits_once(rig: Rig) -> None:
    async with rig.opened() as device:
        before = await rig.count(device, "printed")
        for _again in range(3):
            await device.submit(PDF, "once", rig.seconds)
        for _look in range(500):
            if (await device.job("once")).state.ended:
                break
            await asyncio.sleep(0.02)
        check((await device.job("once")).state is JobState.DONE, "the job does not end")
        check(await rig.count(device, "printed") == before + 1, "one job was not printed exactly once")


@case("HAL-DOC-002", DocumentPrinter, "A job that was never sent is not found, and what is no PDF is refused")
async def unheard_job(rig: Rig) -> None:
    async with rig.opened() as device:
        check((await device.job("never")).state is JobState.NOT_FOUND, "it tells of a job that never was")
        error = await error_of(device.submit(b"no document", "bad", rig.seconds))
        check(error.trouble is Trouble.UNSUPPORTED, f"it says {error.trouble}")


@case("HAL-DOC-003", DocumentPrinter, "A wipe cancels what has not been printed")
async def wipe_cancels(rig: Rig) -> None:
    async with rig.opened() as device:
        job = await device.submit(PDF, "late", rig.seconds)
        if job.state.ended:
            raise NotApplicableError("it prints at once")
        await device.wipe()
        for _look in range(500):
            if (await device.job("late")).state.ended:
                break
            await asyncio.sleep(0.02)
        check((await device.job("late")).state is JobState.CANCELLED, "the job goes on after a wipe")


@case("HAL-SCN-001", CodeScanner, "A code that was shown before the call does not count")
async def old_code(rig: Rig) -> None:
    async with rig.opened() as device:
        await rig.do(device, "code", "of the resident before")
        await asyncio.sleep(0.05)
        check(await scanned(device, rig) == CODE, "it gave the code of the resident before")


@case("HAL-SCN-002", CodeScanner, "A code is whole, with every letter")
async def whole_code(rig: Rig) -> None:
    async with rig.opened() as device:
        for text in (CODE, "ẵ Ữ Ợ đ ₫", "https://example.vn/?a=1&b=2"):
            check(await scanned(device, rig, text) == text, "the code has changed")


@case("HAL-SCN-003", CodeScanner, "After a wipe the next scan waits for a new code")
async def forgets_code(rig: Rig) -> None:
    async with rig.opened() as device:
        await scanned(device, rig)
        await device.wipe()
        error = await error_of(device.scan(deadline=0.1))
        check(error.trouble is Trouble.DEADLINE, f"it says {error.trouble}")


@case("HAL-IDR-001", IdReader, "A card that was read is forgotten with the wipe")
async def forgets_card(rig: Rig) -> None:
    async with rig.opened() as device:
        await rig.operate(device)
        await device.wipe()
        await error_of(device.read(deadline=0.1))


@case("HAL-IDR-002", IdReader, "Without a card it waits, and says so in time")
async def no_card(rig: Rig) -> None:
    async with rig.opened() as device:
        error = await error_of(device.wait_card(deadline=0.1))
        check(error.trouble is Trouble.DEADLINE, f"it says {error.trouble}")


@case("HAL-PAY-001", PaymentTerminal, "The same number is charged once; another amount under it is refused")
async def charges_once(rig: Rig) -> None:
    async with rig.opened() as device:
        await device.start("once", 50_000)
        told = await device.start("once", 50_000)
        check(told.charge in (Charge.PENDING, Charge.SETTLED), f"it says {told.charge}")
        await error_of(device.start("once", 60_000))
        await rig.do(device, "card")
        told = await settled(rig, device, "once")
        check((told.charge, told.amount) == (Charge.SETTLED, 50_000), f"it says {told.charge}, {told.amount}")
        check((await device.start("once", 50_000)).charge is Charge.SETTLED, "a settled number is asked for again")


async def settled(rig: Rig, device: PaymentTerminal, ref: str) -> TerminalResult:
    """Ask until it is known what became of a payment."""
    async with asyncio.timeout(rig.seconds):
        while (told := await device.inquire(ref)).charge is Charge.PENDING:
            await asyncio.sleep(0.01)
    return told


@case("HAL-PAY-002", PaymentTerminal, "It never heard of a number that it was not given")
async def unheard_number(rig: Rig) -> None:
    async with rig.opened() as device:
        check((await device.inquire("never")).charge is Charge.NOT_FOUND, "it tells of a payment that never was")


@case("HAL-PAY-003", PaymentTerminal, "A refund is done once and never gives more than is there")
async def refunds_once(rig: Rig) -> None:
    async with rig.opened() as device:
        if not device.capabilities.refund:
            raise NotApplicableError("it gives nothing back")
        await device.start("paid", 50_000)
        await rig.do(device, "card")
        await settled(rig, device, "paid")
        for _again in range(2):
            check((await device.refund("paid", "back-1", 30_000)).charge is Charge.SETTLED, "it gives nothing back")
        check((await device.refund("paid", "back-2", 30_000)).charge is Charge.DECLINED, "it gave more than was there")


@case("HAL-PAY-004", PaymentTerminal, "What was cancelled is declined, and a card held to it later pays nothing")
async def cancelled(rig: Rig) -> None:
    async with rig.opened() as device:
        await device.start("gone", 50_000)
        told = await device.cancel("gone")
        check(told.charge is Charge.DECLINED and told.amount == 0, f"it says {told.charge}")
        await rig.do(device, "card")
        check((await device.inquire("gone")).charge is Charge.DECLINED, "a cancelled payment was taken")


@case("HAL-PAY-005", PaymentTerminal, "A lost line is unknown, never settled or declined by guess")
async def lost_line(rig: Rig) -> None:
    async with rig.opened() as device:
        await rig.do(device, "line_lost")
        await device.start("lost", 50_000)
        await rig.do(device, "card")
        check((await device.inquire("lost")).charge is Charge.UNKNOWN, "it guessed")
        check((await device.inquire("lost")).charge is Charge.SETTLED, "it does not find out")


@case("HAL-PAY-006", PaymentTerminal, "While one payment waits for its card, another is refused")
async def one_at_a_time(rig: Rig) -> None:
    async with rig.opened() as device:
        await device.start("first", 50_000)
        error = await error_of(device.start("second", 60_000))
        check(error.trouble is Trouble.CLAIMED, f"it says {error.trouble}")


@case("HAL-SCR-001", Screen, "After a wipe nothing is on it")
async def blank(rig: Rig) -> None:
    async with rig.opened() as device:
        await device.show(view("Xin chào"))
        check(await device.describe(), "it shows nothing of a page")
        await device.wipe()
        check(await device.describe() == [], "something is on it after a wipe")


@case("HAL-SCR-002", Screen, "It says what it shows")
async def describes(rig: Rig) -> None:
    async with rig.opened() as device:
        for words in ("Xin chào", "Tạm biệt"):
            await device.show(view(words))
            names = " ".join(f"{shown.name} {shown.value}" for shown in await device.describe())
            check(words in names, "it does not say what it shows")
