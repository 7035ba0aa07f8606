"""Views of every kind of page, as the telehealth service shows them: for screenshots and for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from importlib.resources import files

from tramkit.conversation.staff import StaffCall
from tramkit.conversation.system_pages import help_asked, how_to_see, nobody_here, really_leave, still_here
from tramkit.plugins.golden import read
from tramkit.testing.views import HEAD, SITE, view_of
from tramkit_hal.contracts.vital import Vital
from tramkit_hal.ui.icons import Icon
from tramkit_hal.ui.pages import (
    AnyPage,
    Ask,
    Availability,
    Call,
    Capture,
    Check,
    Choose,
    Control,
    Done,
    Fact,
    FieldView,
    Mode,
    Option,
    Pay,
    Read,
    Tell,
    Tone,
    Wait,
)
from tramkit_hal.words import Day, Decimal1, Moment, Money, Text, bilingual, verbatim


def b(vi: str, en: str) -> Text:
    """Return words in both languages."""
    return bilingual(vi=vi, en=en)


AT = datetime(2026, 11, 23, 3, 42, tzinfo=UTC)

SERVICES = (
    Option(
        value="telehealth",
        icon=Icon.DOCTOR,
        label=b("Gặp bác sĩ qua video", "See a doctor by video"),
        hint=b("Bác sĩ của bệnh viện, gọi hình ngay tại đây", "A doctor of the hospital, by video, here"),
    ),
    Option(
        value="procedures",
        icon=Icon.DOSSIER,
        label=b("Nộp hồ sơ dịch vụ công", "File a public-service dossier"),
        hint=b("Hộ tịch, cư trú, đất đai", "Civil status, residence, land"),
    ),
    Option(
        value="billing",
        icon=Icon.BILL,
        label=b("Trả tiền hoá đơn", "Pay a bill"),
        state=Availability.LIMITED,
        reason=b("Không in được giấy: máy in hiện không hoạt động.", "Without paper: the printer does not work now."),
    ),
    Option(
        value="banking",
        icon=Icon.BANK,
        label=b("Mở tài khoản ngân hàng", "Open a bank account"),
        state=Availability.CLOSED,
        reason=b("Máy đọc thẻ căn cước đang hỏng.", "The card reader is out of order."),
    ),
)

MORE_SERVICES = (
    Option(
        value="insurance",
        label=b("Bảo hiểm y tế hộ gia đình", "Health insurance of the household"),
        icon=Icon.INSURANCE,
    ),
    Option(value="report", label=b("Phản ánh hiện trường", "Report a problem"), icon=Icon.REPORT),
    Option(value="receipts", label=b("Biên nhận của tôi", "My receipts"), icon=Icon.RECEIPT),
    Option(value="track", label=b("Tra cứu hồ sơ", "Track a dossier"), icon=Icon.TRACK),
)
"""Others of the menu."""

SPECIALTIES = tuple(
    Option(value=str(n), label=b(vi, en))
    for n, (vi, en) in enumerate(
        [
            ("Nội tổng quát", "General medicine"),
            ("Tim mạch", "Heart and vessels"),
            ("Tai mũi họng", "Ear, nose and throat"),
            ("Da liễu", "Skin"),
            ("Nhi khoa", "Children"),
            ("Cơ xương khớp", "Bones and joints"),
            ("Thần kinh", "Nerves"),
            ("Nội tiết và đái tháo đường", "Hormones and diabetes"),
            ("Mắt", "Eyes"),
            ("Sản phụ khoa", "Women's health"),
            ("Tâm lý", "Mental health"),
        ]
    )
)

CHECK_FACTS = (
    Fact(label=b("Họ và tên", "Full name"), value=verbatim("Nguyễn Thị Hương Giang"), change="name"),
    Fact(label=b("Ngày sinh", "Date of birth"), value=b("17/05/1952", "17/05/1952"), change="born"),
    Fact(label=b("Điện thoại", "Phone"), value=verbatim("0901 234 567"), change="phone"),
    Fact(
        label=b("Điều làm ông/bà khó chịu", "What is troubling you"),
        value=verbatim("Đau đầu và chóng mặt từ sáng hôm qua"),
        change="complaint",
    ),
)

READ_BODY = (
    b(
        "Cuộc khám được truyền trực tiếp tới bác sĩ và không ghi âm, ghi hình.",
        "The consultation goes straight to the doctor; no sound or picture is recorded.",
    ),
    b(
        "Bác sĩ xem được họ tên, năm sinh, các câu trả lời và chỉ số đo của ông/bà. Bệnh viện lưu hồ sơ khám theo quy "
        "định của pháp luật về khám bệnh, chữa bệnh.",
        "The doctor sees your name, year of birth, answers and measurements. The hospital keeps the record as the law "
        "on medical examination and treatment asks.",
    ),
    b(
        "Trạm này không giữ lại gì: mọi thông tin được xoá ngay khi ông/bà kết thúc.",
        "This station keeps nothing: all information is deleted as soon as you finish.",
    ),
)

QR_TEXT = "Đơn thuốc 2026-11-23 · Paracetamol 500 mg, 10 viên, uống 1 viên khi đau đầu, cách 6 giờ · BS. Trần Văn Bình"


def telehealth_pages() -> dict[str, AnyPage]:
    """Return the ten kinds a plugin shows, some of them in several states, by name."""
    return {
        "choose": Choose(
            id="choose", title=b("Ông/bà cần dịch vụ nào?", "Which service do you need?"), options=SERVICES
        ),
        "menu": Choose(
            id="menu",
            title=b("Ông/bà cần dịch vụ nào?", "Which service do you need?"),
            options=(*SERVICES, *MORE_SERVICES),
        ),
        "choose_many": Choose(
            id="choose_many",
            title=b("Ông/bà muốn khám chuyên khoa nào?", "Which specialty would you like to see?"),
            body=(b("Không rõ thì chọn Nội tổng quát.", "If you are not sure, choose General medicine."),),
            options=SPECIALTIES,
            selected="2",
        ),
        "ask_text": _ask_text(),
        "ask_identity": _ask_identity(),
        "ask_error": _ask_error(),
        "ask_flags": _ask_flags(),
        "ask_yes_no": Ask(
            id="ask_yes_no",
            title=b("Ông/bà có đang khó thở không?", "Are you short of breath?"),
            fields=(
                FieldView(
                    name="breath",
                    control=Control.YES_NO,
                    label=b("Ông/bà có đang khó thở không?", "Are you short of breath?"),
                    hint=b("Kể cả khi ngồi nghỉ.", "Even when sitting still."),
                ),
            ),
        ),
        "ask_consent": _ask_consent(),
        "ask_signature": _ask_signature(),
        "ask_signature_wrong": _ask_signature(wrong=True),
        "ask_choice": _ask_choice(),
        "ask_secret": Ask(
            id="ask_secret",
            title=b("Nhập mã nhận thuốc", "Enter the medicine code"),
            fields=(
                FieldView(
                    name="code",
                    control=Control.SECRET,
                    label=b("Mã bí mật", "Secret code"),
                    value="a1b2",
                    max_length=12,
                ),
            ),
        ),
        "read": Read(
            id="read",
            title=b("Trước khi gặp bác sĩ", "Before you see the doctor"),
            body=READ_BODY,
            action=b("Tôi đã đọc", "I have read this"),
        ),
        "check": Check(
            id="check",
            title=b("Xin ông/bà xem lại thông tin", "Please check your answers"),
            body=(b("Bác sĩ sẽ nhận các thông tin này.", "The doctor receives this information."),),
            facts=CHECK_FACTS,
            action=b("Gửi cho bác sĩ", "Send to the doctor"),
        ),
        **_tells(),
        "wait": _wait(),
        "wait_progress": Wait(
            id="wait_progress",
            title=b("Đang in đơn thuốc", "Printing the prescription"),
            body=(b("Xin ông/bà đợi một chút.", "Please wait a moment."),),
            progress=0.6,
        ),
        **_captures(),
        "pay": Pay(
            id="pay",
            title=b("Trả tiền khám", "Pay for the consultation"),
            payee=b("Bệnh viện Bến Thành", "Bến Thành Hospital"),
            amount=Money(amount=341_550),
            body=(b("Quét mã bằng ứng dụng ngân hàng.", "Scan the code with your bank's app."),),
            code="00020101021238570010A00000072701270006970436011305678912340208QRIBFTTA53037045802VN6304A1B2",
            options=(Option(value="cancel", label=b("Không trả nữa", "Do not pay")),),
        ),
        "call": _call("live"),
        "call_enlarged": _call("live", enlarged=True, muted=True),
        "call_interrupted": _call("interrupted"),
        "call_writing": _call("live", written="Ông đau ở đâu? Đau từ bao giờ?", reply="Ở bụng, từ"),
        "done": Done(
            id="done",
            title=b("Cảm ơn ông/bà", "Thank you"),
            body=(
                b("Đơn thuốc đã in xong, ở khay bên phải.", "The prescription is printed, in the tray on the right."),
                b("Thông tin của ông/bà sẽ được xoá khỏi trạm.", "Your information will be deleted from the station."),
            ),
            facts=(Fact(label=b("Mã tra cứu", "Receipt code"), value=verbatim("K7Q2-9MXA")),),
        ),
    }


def core_pages() -> dict[str, AnyPage]:
    """Return the five kinds of the core as the core itself makes them, by name."""
    call = StaffCall(1, b("Có người cần giúp đỡ", "A resident asks for help"), AT, "028 3829 1234")
    answered = StaffCall(2, call.reason, AT, call.phone)
    answered.acknowledged_at = AT + timedelta(minutes=1)
    return {
        "attract": nobody_here((*SERVICES, *MORE_SERVICES), at=AT),
        "timeout": still_here(30),
        "help": help_asked(call),
        "help_acknowledged": help_asked(answered),
        "settings": how_to_see(Mode()),
        "leave": really_leave(),
    }


def _ask_text() -> Ask:
    return Ask(
        id="ask_text",
        title=b("Ông/bà thấy trong người thế nào?", "How are you feeling?"),
        fields=(
            FieldView(
                name="complaint",
                control=Control.TEXT,
                label=b("Điều gì làm ông/bà khó chịu?", "What is troubling you?"),
                hint=b("Nói ngắn gọn, bác sĩ sẽ hỏi thêm.", "A few words; the doctor will ask more."),
                value="Đau đầu",
                max_length=500,
            ),
        ),
    )


def _ask_identity() -> Ask:
    card = b("Đọc từ mã trên thẻ căn cước của ông/bà", "Read from the code on your identity card")
    return Ask(
        id="ask_identity",
        title=b("Ông/bà là ai?", "Who are you?"),
        fields=(
            FieldView(
                name="name",
                control=Control.NAME,
                label=b("Họ và tên", "Full name"),
                value="Nguyễn Thị Hương Giang",
                source=card,
                max_length=100,
            ),
            FieldView(
                name="born",
                control=Control.DATE,
                label=b("Ngày sinh", "Date of birth"),
                value="17/05/1952",
                max_length=10,
            ),
            FieldView(
                name="phone",
                control=Control.PHONE,
                label=b("Số điện thoại", "Phone number"),
                hint=b("Để bác sĩ gọi lại nếu mất kết nối.", "So that the doctor can call back."),
                required=False,
                max_length=20,
            ),
        ),
    )


SIGNATURE = "1z4s2u353p1w4k1q5f3c6a5b 7c3u865r8y2m9s4kam3ubh5ece3uf04iha3w 3k7s7l6qcc6ahg6skm5z"


def _ask_signature(*, wrong: bool = False) -> Ask:
    short = b(
        "Nét ký ngắn quá, chưa thành chữ ký. Xin ông/bà xoá rồi ký lại.", "That is too little. Please sign again."
    )
    return Ask(
        id="ask_signature",
        title=b("Xin ông/bà ký tên", "Please sign"),
        body=(b("Chữ ký được gửi cho ngân hàng cùng hồ sơ.", "The signature goes to the bank with the application."),),
        fields=(
            FieldView(
                name="signature",
                control=Control.SIGNATURE,
                label=b("Chữ ký của ông/bà", "Your signature"),
                hint=b("Ký bằng ngón tay trong khung", "Sign with your finger in the box"),
                value="" if wrong else SIGNATURE,
                error=short if wrong else None,
            ),
        ),
        options=(Option(value="type", label=b("Tôi không ký được: gõ họ tên thay thế", "Type my full name instead")),),
        action=b("Xong", "Done"),
        attempts=int(wrong),
        fallback=b("Màn hình này không ký được: xin gõ họ tên.", "This screen cannot be drawn on: type your name."),
    )


def _ask_error() -> Ask:
    return Ask(
        id="ask_error",
        revision=3,
        attempts=3,
        title=b("Số định danh của ông/bà", "Your identity number"),
        fields=(
            FieldView(
                name="number",
                control=Control.CITIZEN_ID,
                label=b("Số định danh cá nhân", "Identity number"),
                hint=b("12 chữ số ở mặt trước thẻ căn cước.", "12 digits on the front of the card."),
                example=verbatim("079090123458"),
                value="0790901",
                error=b("Số định danh cá nhân có 12 chữ số.", "An identity number has 12 digits."),
                max_length=20,
            ),
        ),
    )


def _ask_flags() -> Ask:
    flags = {
        "chest": b("Đau thắt ngực", "Pain in the chest"),
        "breath": b("Khó thở khi ngồi nghỉ", "Short of breath at rest"),
        "weak": b("Yếu một bên người, méo miệng", "Weak on one side, drooping mouth"),
        "blood": b("Chảy máu không cầm được", "Bleeding that does not stop"),
    }
    return Ask(
        id="ask_flags",
        title=b("Ngay lúc này ông/bà có bị…", "Right now, do you have…"),
        fields=tuple(
            FieldView(name=name, control=Control.YES_NO, label=label, value="no" if name == "chest" else "")
            for name, label in flags.items()
        ),
    )


def _ask_consent() -> Ask:
    return Ask(
        id="ask_consent",
        title=b("Ông/bà có đồng ý không?", "Do you agree?"),
        body=(b("Ông/bà đánh dấu từng điều mình đồng ý.", "Tick each thing that you agree to."),),
        fields=(
            FieldView(
                name="doctor",
                control=Control.CONSENT,
                label=b(
                    "Tôi đồng ý cho bác sĩ xem họ tên, các câu trả lời và chỉ số đo của tôi để khám bệnh.",
                    "I agree that the doctor sees my name, my answers and my measurements to treat me.",
                ),
                hint=b("Bắt buộc để được khám.", "Needed for the consultation."),
            ),
            FieldView(
                name="quality",
                control=Control.CONSENT,
                required=False,
                label=b(
                    "Tôi đồng ý cho bệnh viện gọi điện hỏi thăm sau khi khám.",
                    "I agree that the hospital calls me after the consultation.",
                ),
            ),
        ),
    )


def _ask_choice() -> Ask:
    return Ask(
        id="ask_choice",
        title=b("Ông/bà bị từ khi nào?", "Since when?"),
        fields=(
            FieldView(
                name="since",
                control=Control.CHOICE,
                label=b("Ông/bà bị từ khi nào?", "Since when?"),
                value="days",
                options=(
                    Option(value="today", label=b("Hôm nay", "Today")),
                    Option(value="days", label=b("Vài ngày nay", "For some days")),
                    Option(value="weeks", label=b("Vài tuần nay", "For some weeks")),
                    Option(value="months", label=b("Đã lâu", "For a long time")),
                ),
            ),
        ),
    )


def _tells() -> dict[str, AnyPage]:
    doctor = (
        Fact(label=b("Bác sĩ", "Doctor"), value=verbatim("BS. Trần Văn Bình")),
        Fact(label=b("Nơi làm việc", "Facility"), value=b("Bệnh viện Bến Thành", "Bến Thành Hospital")),
        Fact(label=b("Số chứng chỉ hành nghề", "Licence number"), value=verbatim("012345/HCM-CCHN")),
        Fact(label=b("Giá khám", "Price"), value=b("36.500 ₫", "36.500 ₫")),
    )
    return {
        "tell": Tell(
            id="tell",
            title=b("Bác sĩ sẽ khám cho ông/bà", "Your doctor"),
            facts=doctor,
            action=b("Gọi bác sĩ", "Call the doctor"),
        ),
        "tell_emergency": Tell(
            id="tell_emergency",
            tone=Tone.EMERGENCY,
            title=b("Hãy gọi cấp cứu ngay", "Call an ambulance now"),
            large=verbatim("115"),
            body=(
                b(
                    "Đã báo nhân viên tới giúp. Ông/bà ngồi xuống và đừng đi một mình.",
                    "Staff have been called. Sit down and do not go anywhere alone.",
                ),
            ),
            action=b("Tôi đã hiểu", "I understand"),
        ),
        "tell_warning": Tell(
            id="tell_warning",
            tone=Tone.WARNING,
            title=b("Hiện chưa có bác sĩ trực", "No doctor is on duty now"),
            body=(
                b(
                    "Bác sĩ trực từ 7 giờ 30 đến 16 giờ 30, thứ Hai đến thứ Sáu.",
                    "Doctors are on duty from 7:30 to 16:30, Monday to Friday.",
                ),
                b("Nếu cần gấp, mời ông/bà gọi 1900 1234.", "If it is urgent, call 1900 1234."),
            ),
            options=(
                Option(value="back_later", label=b("Tôi sẽ quay lại", "I will come back")),
                Option(value="call_me", label=b("Nhờ bệnh viện gọi lại cho tôi", "Have the hospital call me back")),
            ),
            action=None,
        ),
        "tell_codes": Tell(
            id="tell_codes",
            tone=Tone.SUCCESS,
            title=b("Đơn thuốc của ông/bà", "Your prescription"),
            body=(
                b(
                    "Máy in hết giấy. Ông/bà quét hai mã này bằng điện thoại.",
                    "The printer has no paper. Scan both codes with a phone.",
                ),
            ),
            codes=(QR_TEXT, QR_TEXT * 4),
        ),
        "tell_error": Tell(
            id="tell_error",
            tone=Tone.ERROR,
            title=b("Không kết nối được với bệnh viện", "The hospital cannot be reached"),
            body=(b("Các câu trả lời của ông/bà vẫn còn. Xin thử lại.", "Your answers are kept. Please try again."),),
            action=b("Thử lại", "Try again"),
        ),
    }


def _wait() -> Wait:
    return Wait(
        id="wait",
        title=b("Ông/bà đang chờ bác sĩ", "You are waiting for a doctor"),
        body=(b("Xin ông/bà ngồi gần trạm, máy sẽ gọi.", "Please stay near; the station will call you."),),
        facts=(
            Fact(label=b("Vị trí trong hàng", "Place in the queue"), value=verbatim("2")),
            Fact(label=b("Thời gian chờ", "Waiting time"), value=b("khoảng 10 phút", "about 10 minutes")),
            Fact(label=b("Cập nhật lúc", "As of"), value=Text(id="{at}", params={"at": Moment(at=AT)})),
        ),
        options=(Option(value="leave_queue", label=b("Thôi chờ, kết thúc", "Stop waiting and end")),),
    )


def _captures() -> dict[str, AnyPage]:
    skip = (Option(value="skip", label=b("Bỏ qua bước này", "Skip this step")),)
    return {
        "capture_card": Capture(
            id="capture_card",
            source="card",
            title=b("Mời ông/bà đặt thẻ căn cước lên máy đọc", "Please place your identity card on the reader"),
            body=(
                b(
                    "Máy đọc ở phía dưới màn hình, có đèn xanh dương.",
                    "The reader is below the screen, with a blue light.",
                ),
            ),
            options=(Option(value="manual", label=b("Tôi không mang thẻ", "I have no card with me")),),
        ),
        "capture_code": Capture(
            id="capture_code",
            source="code",
            title=b("Mời ông/bà đưa mã QR vào trước máy quét", "Hold the QR code in front of the scanner"),
            options=skip,
        ),
        "capture_paper": Capture(
            id="capture_paper",
            source="paper",
            title=b("Giấy tờ chứng minh chỗ ở hợp pháp", "Proof of lawful dwelling"),
            body=(b("Ông/bà giữ trang 1 thẳng trước máy ảnh.", "Hold page 1 flat in front of the camera."),),
            video="paper",
            options=(Option(value="later", label=b("Tôi sẽ mang đến quầy", "I will bring it to the counter")),),
            action=b("Chụp", "Take the picture"),
        ),
        "capture_paper_seen": Capture(
            id="capture_paper_seen",
            source="paper",
            title=b("Chữ có đọc được hết không?", "Can everything be read?"),
            video="paper",
            result=(Fact(label=b("Tệp 1", "File 1"), value=b("Ảnh", "Picture")),),
            options=(
                Option(value="again", label=b("Không, làm lại", "No, do it again")),
                Option(value="more", label=b("Có, và còn trang nữa", "Yes, and there is another page")),
            ),
            action=b("Có, dùng tệp này", "Yes, use it"),
        ),
        "capture_phone": Capture(
            id="capture_phone",
            source="phone",
            title=b("Giấy tờ chứng minh chỗ ở hợp pháp", "Proof of lawful dwelling"),
            body=(
                b(
                    "Mời ông/bà quét mã bằng điện thoại dùng chung Wi-Fi với trạm.",
                    "Scan this code with your phone's camera. Your phone must be in the same network as this station.",
                ),
            ),
            codes=("http://192.0.2.10:8090/3q2-7wPZt1mXb0yVgA5kQd",),
            options=(
                Option(value="new", label=b("Hiện mã mới", "Show a new code")),
                Option(value="later", label=b("Tôi sẽ mang đến quầy", "I will bring it to the counter")),
            ),
        ),
        "capture_phone_opened": Capture(
            id="capture_phone_opened",
            source="phone",
            title=b("Giấy tờ chứng minh chỗ ở hợp pháp", "Proof of lawful dwelling"),
            body=(
                b(
                    "Điện thoại của ông/bà đã mở trang. Mời ông/bà chọn ảnh trên điện thoại rồi bấm Gửi.",
                    "Your phone has opened the page. Choose the photo there and press Send.",
                ),
            ),
            options=(Option(value="later", label=b("Tôi sẽ mang đến quầy", "I will bring it to the counter")),),
        ),
        "capture_vital": Capture(
            id="capture_vital",
            source="vital",
            measure=Vital.BLOOD_PRESSURE,
            title=b("Đo huyết áp", "Measure your blood pressure"),
            body=(b("Luồn tay trái vào vòng bít và giữ yên.", "Put your left arm into the cuff and keep still."),),
            options=skip,
        ),
        "capture_result": Capture(
            id="capture_result",
            source="vital",
            title=b("Đã đo xong", "Measured"),
            result=(
                Fact(
                    label=b("Huyết áp", "Blood pressure"),
                    value=b("128/82 mmHg", "128/82 mmHg"),
                ),
                Fact(
                    label=b("Nhiệt độ", "Temperature"),
                    value=Text(id="{t} °C", params={"t": Decimal1(number=36.8)}),
                ),
                Fact(label=b("Ngày đo", "Date"), value=Text(id="{d}", params={"d": Day(day=AT.date())})),
            ),
            action=b("Dùng kết quả này", "Use this result"),
            options=(Option(value="again", label=b("Đo lại", "Measure again")),),
        ),
        "capture_face": Capture(
            id="capture_face",
            source="camera",
            video="self",
            title=b("Xin ông/bà nhìn thẳng vào máy ảnh", "Please look straight at the camera"),
            body=(
                b(
                    "Trạm chưa nhìn rõ khuôn mặt. Ông/bà lại gần hơn, bỏ khẩu trang và quay mặt về phía sáng.",
                    "No face could be seen clearly. Come closer, take off your mask and face the light.",
                ),
                b(
                    "Trạm đối chiếu khuôn mặt của ông/bà với ảnh trong chip của thẻ. Trạm không lưu ảnh nào.",
                    "Your face is compared with the picture on your card's chip. No picture is kept.",
                ),
            ),
            options=(
                Option(
                    value="vneid",
                    label=b("Đăng nhập bằng VNeID", "Sign in with VNeID"),
                    hint=b("Dùng ứng dụng VNeID trên điện thoại", "With the VNeID app on your phone"),
                ),
                Option(value="neither", label=b("Tôi không làm được bước này", "I cannot do this")),
            ),
            action=b("Đối chiếu ngay", "Compare now"),
        ),
        "capture_camera": Capture(
            id="capture_camera",
            source="camera",
            video="own",
            level=0.4,
            title=b("Kiểm tra hình và tiếng", "Check picture and sound"),
            body=(b("Ông/bà nói thử vài câu.", "Please say a few words."),),
            action=b("Nghe và thấy rõ", "I hear and see well"),
        ),
    }


def _call(
    connection: str, *, enlarged: bool = False, muted: bool = False, written: str = "", reply: str | None = None
) -> Call:
    return Call(
        id="call",
        title=b("Cuộc gọi với bác sĩ", "Call with the doctor"),
        video="remote",
        own_video="own",
        connection=connection,  # type: ignore[arg-type]
        facts=(
            Fact(label=b("Bác sĩ", "Doctor"), value=verbatim("BS. Trần Văn Bình")),
            Fact(label=b("Nơi làm việc", "Facility"), value=b("Bệnh viện Bến Thành", "Bến Thành Hospital")),
        ),
        enlarged=enlarged,
        muted=muted,
        written=written,
        writes=True,
        reply=reply,
    )


def golden_pages() -> dict[str, AnyPage]:
    """Return all golden pages by name: all fifteen kinds, and what the plugins here ship."""
    return telehealth_pages() | core_pages() | plugin_pages()


def plugin_pages() -> dict[str, AnyPage]:
    """Return the golden pages of the installed plugins, by plugin and name; each is a page of its own for a screen."""
    return {
        f"{point.name}: {name}": page.model_copy(update={"id": f"golden-{number}"})
        for point in sorted(entry_points(group="tramkit.plugins"), key=lambda point: point.name)
        for number, (name, page) in enumerate(read(files(point.module.partition(".")[0])).items())
    }


__all__ = ["HEAD", "SITE", "b", "golden_pages", "telehealth_pages", "view_of"]
