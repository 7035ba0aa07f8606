"""A camera as a code scanner: ZXing looks for codes in its newest picture while a code is wanted, and only then."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, Field

from tramkit_hal.contracts.scanner import CodeScanner, CodeScannerCapabilities, ScannedCode, Symbology
from tramkit_hal.data import Data
from tramkit_hal.device.base import DeviceContext, DeviceInfo
from tramkit_hal.device.errors import DeviceError, Trouble
from tramkit_hal.words import nfc

FORMATS: Mapping[Symbology, str] = {"qr": "QRCode", "code128": "Code128", "ean13": "EAN13"}


class CameraScannerSettings(Data):
    """Settings of a camera that reads codes; a camera of its own, since a node is opened once.

    :param device: index or ``/dev/v4l/by-id/…``; a video file for a trial.
    """

    device: int | str
    width: int = Field(1280, ge=160, le=3840)
    height: int = Field(720, ge=120, le=2160)


def _libraries() -> tuple[Any, Any]:
    """Return OpenCV and ZXing; a library that is missing is looked for anew at the next opening."""
    try:
        import cv2
        import zxingcpp  # pyright: ignore[reportMissingTypeStubs]
    except ImportError as error:
        raise DeviceError(Trouble.MISCONFIGURED, f"the library {error.name} is not installed") from None
    return cv2, zxingcpp


class CameraScanner(CodeScanner):
    """A camera that reads codes."""

    driver = "camera_scanner"
    Settings = CameraScannerSettings

    def __init__(self, settings: BaseModel, context: DeviceContext) -> None:
        super().__init__(settings, context)
        self._quit = threading.Event()

    @property
    def info(self) -> DeviceInfo:
        return DeviceInfo(driver=self.driver, model="camera code scanner", serial=str(self.settings.device))

    @property
    def capabilities(self) -> CodeScannerCapabilities:
        return CodeScannerCapabilities(symbologies=tuple(FORMATS))

    async def scan(self, symbologies: tuple[Symbology, ...] = ("qr",), deadline: float = 60.0) -> ScannedCode:
        async with self._operation(deadline):
            found: asyncio.Future[ScannedCode | None] = asyncio.get_running_loop().create_future()
            quit_ = self._quit = threading.Event()
            thread = threading.Thread(target=self._look, args=(symbologies, found, quit_), name="camera scanner")
            thread.start()
            try:
                code = await found
            finally:
                quit_.set()
            if code is None:
                self._lost(Trouble.UNPLUGGED)
                raise DeviceError(Trouble.UNPLUGGED, "the camera gives no picture")
            self._emit("code")
            return code

    def _look(
        self, symbologies: tuple[Symbology, ...], found: asyncio.Future[ScannedCode | None], quit_: threading.Event
    ) -> None:
        """Look at one picture after the other, in a thread that opens the camera and closes it."""
        loop, code = found.get_loop(), None
        cv2, zxing = _libraries()
        capture = self._capture(cv2)
        formats = [getattr(zxing.BarcodeFormat, FORMATS[symbology]) for symbology in symbologies]
        try:
            while not quit_.is_set():
                good, picture = capture.read()
                if not good:
                    break
                grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
                results = zxing.read_barcodes(grey, formats=zxing.BarcodeFormats(formats), try_downscale=True)
                if results:
                    code = _scanned(results[0], symbologies, formats)
                    break
        finally:
            capture.release()
            with contextlib.suppress(RuntimeError):  # the loop has closed meanwhile
                loop.call_soon_threadsafe(_give, found, code)

    def _capture(self, cv2: Any) -> Any:
        capture = cv2.VideoCapture(self.settings.device)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self.settings.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self.settings.height)
        capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        return capture

    async def _open(self) -> None:
        def look() -> bool:
            cv2, _zxing = _libraries()
            capture = self._capture(cv2)
            try:
                return bool(capture.isOpened() and capture.read()[0])
            finally:
                capture.release()

        if not await asyncio.to_thread(look):
            raise DeviceError(Trouble.UNPLUGGED, "the camera gives no picture")

    async def _close(self) -> None:
        self._quit.set()

    async def _wipe(self) -> None:
        self._quit.set()


def _give(found: asyncio.Future[ScannedCode | None], code: ScannedCode | None) -> None:
    if not found.done():
        found.set_result(code)


def _scanned(result: Any, symbologies: tuple[Symbology, ...], formats: list[Any]) -> ScannedCode:
    for symbology, format_ in zip(symbologies, formats, strict=True):
        if format_ == result.format:
            return ScannedCode(symbology=symbology, text=nfc(result.text))
    return ScannedCode(symbology=symbologies[0], text=nfc(result.text))
