"""Hostile plugins that forge: calls, orders, persons, pages, other visits; each by the frames themselves."""

from __future__ import annotations

from .attack import Attack

_CALL = """
async def ask(to, name, **arguments):
    # a call of the pipe as the plugin likes it; inline: of the object that stands there
    import gc
    from tramkit.host.peer import Peer
    peer = next(each for each in gc.get_objects() if isinstance(each, Peer))
    answer = asyncio.get_running_loop().create_future()
    number = 7_000_000 + len(peer._waiting)
    peer._waiting[number] = answer
    peer._send(json.dumps({"id": number, "to": to, "call": name, "with": arguments}).encode())
    told = await asyncio.wait_for(answer, 5)
    if "error" in told:
        raise RuntimeError(json.dumps(told["error"]))
    return told.get("ok")

async def host_call(visit, name, **arguments):
    if PLACE["confined"]:
        return await ask("host:" + visit.id, name, **arguments)
    from tramkit.host.peer import HOST
    return HOST.result(name, await getattr(station_host(visit), name)(**HOST.read_arguments(name, arguments)))

def station_host(visit):
    return visit._host

def page(kind, **more):
    return {"kind": kind, "id": "x", "title": {"type": "text", "id": "forged"}, **more}
"""

FORGES = [
    Attack(
        "signs the resident in at the highest level",
        """
        from tramkit.station.station_host import StationHost
        import gc
        for each in gc.get_objects():
            if isinstance(each, StationHost):
                each.visit.person = Person(level=Level.VNEID, name="Somebody Else", number="079054001234")
                return each.visit.person.name
        return ""
        """,
        process=True,
    ),
    Attack(
        "has the order of another service carried out",
        """
        import gc
        from tramkit.orders.runner import Runner
        from tramkit.host.plugin_side import PluginSide
        found = [each for each in gc.get_objects() if type(each).__name__ == "InlinePlugin"]
        other = next((each for each in found if any(s.id == "good.hello" for s in each.services)), None)
        if other is None:
            return ""
        return (await other.fulfil("good.hello", Order(service="good.hello", payee="x", amount=1,
                title=_("x")), "key")).state
        """,
        process=True,
    ),
    Attack(
        "changes Tramkit in its process so that everything is allowed",
        """
        from tramkit.plugins.egress import PluginEgress
        from tramkit.station.station_host import StationHost
        PluginEgress.http = lambda self, request: None
        StationHost.place = lambda self, order: "paid"
        import gc
        return "changed" if any(isinstance(each, StationHost) for each in gc.get_objects()) else ""
        """,
        process=True,
    ),
    Attack(
        "calls the host of another visit",
        """
        if not PLACE["confined"]:
            import gc
            from tramkit.station.station_host import StationHost
            return "host of " + next(each.visit.id for each in gc.get_objects() if isinstance(each, StationHost))
        answers = []
        for other in ("000000000000", "", "*", visit.id + " ", "../" + visit.id):
            try:
                answers.append(await ask("host:" + other, "begin", kept=[]))
            except RuntimeError:
                pass
        return answers or ""
        """,
        module=_CALL,
        process=True,
    ),
    Attack(
        "calls the worker's targets out of a visit",
        """
        if not PLACE["confined"]:
            import gc
            return "worker" if any(type(each).__name__ == "InlinePlugin" for each in gc.get_objects()) else ""
        for to, name in (("terminals", "info"), ("terminals", "charge"), ("worker", "fulfil"), ("station", "stop"),
                         ("runner", "place"), ("ledger", "read")):
            try:
                return await ask(to, name)
            except RuntimeError:
                pass
        return ""
        """,
        module=_CALL,
        process=True,
    ),
    Attack(
        "calls what of the host is no call",
        """
        names = ("serve", "forget", "file", "visit", "__init__", "_do", "back", "identification", "picture")
        if not PLACE["confined"]:
            return [each for each in names if hasattr(station_host(visit), each)]
        for name in names:
            try:
                return name + str(await ask("host:" + visit.id, name))
            except RuntimeError:
                pass
        return ""
        """,
        module=_CALL,
        process=True,
    ),
    Attack(
        "shows the page on which nobody is here, or another of the station's own",
        """
        if not PLACE["confined"]:
            from tramkit_hal.ui.pages import Settings
            import gc
            from tramkit.conversation.conversation import Conversation
            conversation = next(each for each in gc.get_objects() if isinstance(each, Conversation))
            return "a page of the station's" if hasattr(conversation, "replace") else ""
        for kind in ("attract", "timeout", "help", "settings", "leave", "pay", "capture"):
            for more in ({}, {"seconds": 9}, {"options": []}, {"source": "card"}):
                try:
                    forged = page(kind, **more)
                    shown = ask("host:" + visit.id, "show", page=forged, idle="menu", back=False, scanned="")
                    await asyncio.wait_for(shown, 0.5)
                except TimeoutError:
                    return "shown: " + kind
                except RuntimeError:
                    pass
        return ""
        """,
        module=_CALL,
        process=True,
    ),
    Attack(
        "puts a file into an order that the resident has not given",
        """
        if not PLACE["confined"]:
            return open(PLACE["key"]).read()
        handle = {"name": "card.jpg", "type": "image/jpeg", "size": 5, "sha256": "0" * 64, "data": ""}
        order = {"service": "good.hello", "payee": "x", "amount": 0, "title": {"type": "text", "id": "x"},
                 "attachments": [handle]}
        return str(await ask("host:" + visit.id, "place", order=order))
        """,
        module=_CALL,
        process=True,
    ),
    Attack(
        "prints, calls staff and opens pages without end",
        """
        done = 0
        for number in range(400):
            try:
                reason = {"type": "text", "id": "reason %d" % number}
                await host_call(visit, "call_staff", reason=reason)
                done += 1
            except Exception:
                break
        return "%d calls" % done if done > (20 if PLACE["confined"] else 0) else ""
        """,
        module=_CALL,
        process=True,
    ),
    Attack(
        "takes the camera and the microphone unasked",
        """
        try:
            opened = await host_call(visit, "open", role="camera")
        except Exception as error:
            opened = "" if PLACE["confined"] else "camera: " + str(error)
        return opened
        """,
        module=_CALL,
        process=True,
    ),
    Attack(
        "puts surrogates, terminal codes and endless numbers where words are expected",
        """
        if not PLACE["confined"]:
            import logging
            logging.getLogger("x").error("\\x1b]0;owned\\x07")
            return "logged as it is"
        for words, number in (("\\ud800", 1), ("{n}", float("nan")), ("{n}", 10 ** 5000)):
            title = {"type": "text", "id": words, "params": {"n": number}}
            forged = page("tell", body=[], action=None) | {"title": title}
            try:
                shown = ask("host:" + visit.id, "show", page=forged, idle="menu", back=False, scanned="")
                await asyncio.wait_for(shown, 2)
            except (TimeoutError, RuntimeError, ValueError):
                pass
        return ""
        """,
        module="sys.set_int_max_str_digits(0)\n" + _CALL,
        told="ended",
        process=True,
    ),
]
