"""The HTTP wire with a transport of our own: which requests take a lane, and how they are answered."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import orjson
import pytest
import uvicorn
from prometheus_client import CollectorRegistry, generate_latest
from uvicorn.server import ServerState

from services.addresses import Proxies
from services.errors import Unavailable, WindsockError
from services.http_wire import bounded
from services.lane import Answer, Lane, Post, Work
from services.metrics import Refusals
from tests.stand_ins.lanes import Shelf, echo

HEAD_BYTES = 2_000


class Transport(asyncio.Transport):
    def __init__(self, peer: str) -> None:
        super().__init__({"peername": (peer, 40_000)})
        self.written = b""
        self.closed = asyncio.Event()
        self.reading = True
        self.gone = False
        """Whether it is closed for good, as uvloop's transports are once the connection is lost."""

    def write(self, data: Any) -> None:
        if self.gone:
            raise RuntimeError("the handler is closed")
        self.written += bytes(data)

    def close(self) -> None:
        self.closed.set()

    def is_closing(self) -> bool:
        return self.closed.is_set()

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


class Connection:
    """A client's end: `bodies` are what came back."""

    def __init__(
        self,
        lane: Lane,
        *,
        head_s: float = 10.0,
        peer: str = "192.0.2.1",
        proxies: tuple[str, ...] = (),
        waits: bool = False,
    ) -> None:
        """Behind the lane is an application that answers at once, or, if it `waits`, once the body is there."""

        async def application(scope: Any, receive: Any, send: Any) -> None:
            self.through_application.append(scope["method"] + " " + scope["path"])
            while (await receive()).get("more_body") and waits:
                pass
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

        self.through_application: list[str] = []
        self._registry = CollectorRegistry()
        wire = bounded(10, head_s, HEAD_BYTES, Refusals(self._registry), [lane], Proxies(proxies))
        config = uvicorn.Config(application, http=wire, log_config=None, access_log=False, interface="asgi3")
        config.load()
        self.state = ServerState()
        self.protocol: Any = wire(config=config, server_state=self.state, app_state={})  # type: ignore[call-arg]
        self.transport = Transport(peer)
        self.protocol.connection_made(self.transport)

    def send(self, data: bytes) -> None:
        self.protocol.data_received(data)

    def lose(self) -> None:
        """The client leaves."""
        self.transport.close()
        self.transport.gone = True
        self.protocol.connection_lost(None)

    @property
    def statuses(self) -> list[int]:
        return [int(part[:3]) for part in self.transport.written.split(b"HTTP/1.1 ")[1:]]

    @property
    def bodies(self) -> list[bytes]:
        return [part.partition(b"\r\n\r\n")[2] for part in self.transport.written.split(b"HTTP/1.1 ")[1:]]

    def refused(self, code: str) -> bool:
        return f'windsock_refused_total{{code="{code}",what="request"}} 1.0'.encode() in generate_latest(self._registry)


def post(body: bytes, path: bytes = b"/echo", *headers: bytes, method: bytes = b"POST") -> bytes:
    named = b"".join(header + b"\r\n" for header in (b"Host: x", *headers))
    return b"%b %b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (method, path, named, len(body), body)


async def turns(count: int) -> None:
    """What follows in its turn happens."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_post_is_answered_once_it_is_stored() -> None:
    shelf = Shelf(patient=True)
    connection = Connection(echo(shelf))
    connection.send(post(b"one"))
    assert connection.bodies == []
    shelf.store()
    assert (connection.statuses, connection.bodies, connection.through_application) == ([202], [b"one"], [])


async def test_a_lane_tells_failures_in_its_own_way() -> None:
    def refused(error: WindsockError) -> Answer:
        return Answer(400, str(error).encode(), "text/plain", {"X-Code": error.code})

    connection = Connection(dataclasses.replace(echo(Shelf()), refused=refused))
    connection.send(post(b"bad"))
    assert (connection.statuses, connection.bodies) == ([400], [b"body: is bad"])
    assert b"content-type: text/plain\r\ncontent-length: 12\r\nx-code: bad_request\r\n" in connection.transport.written
    assert connection.refused("bad_request")


async def test_an_answer_without_content_has_no_length_either() -> None:
    def work(post: Post) -> Work:
        return Work([], lambda appended: Answer(204, headers={"X-Kind": "none"}))

    connection = Connection(dataclasses.replace(echo(Shelf()), work=work))
    connection.send(post(b"one") + post(b"two"))
    await turns(3)
    assert connection.statuses == [204, 204]
    assert b"content-" not in connection.transport.written
    assert b"x-kind: none" in connection.transport.written


async def test_the_same_head_again_is_answered_as_before() -> None:
    shelf = Shelf()
    connection = Connection(echo(shelf))
    for body in (b"one", b"two", b"six"):
        connection.send(post(body, b"/echo?q", b"X-Twice: a", b"X-Twice: b"))
    assert connection.bodies == [b"oneqa", b"twoqa", b"sixqa"]
    assert shelf.stored == [b"one", b"two", b"six"]


async def test_a_known_head_is_known_to_other_connections_and_may_come_in_pieces() -> None:
    lane = echo(Shelf())
    whole = post(b"0123456789")
    connection = Connection(lane)
    for cut in range(1, len(whole)):
        connection.send(whole)
        connection.send(whole[:cut])
        connection.send(whole[cut:])
    assert connection.bodies == [b"0123456789"] * (2 * len(whole) - 2)


async def test_requests_in_one_read_are_answered_in_their_order_one_after_the_other() -> None:
    shelf = Shelf(patient=True)
    connection = Connection(echo(shelf))
    connection.send(post(b"one") + post(b"two") + post(b"bad") + post(b"six"))
    assert (len(shelf.waiting), connection.transport.reading) == (1, False)
    for _ in range(3):
        shelf.store()
        await turns(3)
    assert connection.statuses == [202, 202, 400, 202]
    assert [connection.bodies[n] for n in (0, 1, 3)] == [b"one", b"two", b"six"]
    assert connection.transport.reading


async def test_a_post_that_follows_one_to_the_application_waits_for_its_answer() -> None:
    connection = Connection(echo(Shelf()))
    connection.send(post(b"one", b"/other") + post(b"two") + post(b"six", b"/other"))
    async with asyncio.timeout(5):
        await asyncio.gather(*connection.state.tasks)
        await asyncio.gather(*connection.state.tasks)
    assert connection.statuses == [204, 202, 204]


@pytest.mark.parametrize(
    "request_",
    [
        post(b"", method=b"GET"),
        post(b"x", b"/ech%6f"),
        post(b"x", b"/echo#x"),
        post(b"x", b"/other"),
        post(b"x", b"/echo", b"Expect: 100-continue"),
        post(b"x" * 101),
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
    ],
)
async def test_what_is_no_plain_post_goes_through_the_application(request_: bytes) -> None:
    connection = Connection(echo(Shelf()))
    for _ in range(2):
        connection.send(request_)
        async with asyncio.timeout(5):
            await asyncio.gather(*connection.state.tasks)
    assert len(connection.through_application) == 2
    assert connection.statuses[-1] == 204


async def test_a_request_may_come_in_any_two_pieces_again_and_again() -> None:
    shelf = Shelf()
    connection = Connection(echo(shelf))
    whole = post(b"0123456789")
    for cut in range(1, len(whole)):
        for _ in range(2):
            connection.send(whole)
            connection.send(whole[:cut])
            connection.send(whole[cut:])
    assert set(connection.bodies) == {b"0123456789"}
    assert len(shelf.stored) == 4 * (len(whole) - 1)


async def test_a_thousand_refusals_in_one_read_are_answered_in_order() -> None:
    shelf = Shelf(patient=True)
    connection = Connection(echo(shelf))
    connection.send(post(b"one") + post(b"bad") * 1_000)
    shelf.store()
    async with asyncio.timeout(5):
        while len(connection.statuses) < 1_001:  # noqa: ASYNC110  # turn by turn
            await asyncio.sleep(0)
    assert connection.statuses == [202] + [400] * 1_000


async def test_no_more_is_read_before_what_waits_is_answered() -> None:
    shelf = Shelf(patient=True)
    connection = Connection(echo(shelf))
    connection.send(post(b"one") * 4)
    for left in (3, 2, 1):
        shelf.store()
        await turns(1)
        assert connection.transport.reading == (left == 1)
    assert connection.statuses == [202] * 3


async def test_an_upgrade_behind_a_post_stores_nothing_twice() -> None:
    shelf = Shelf(patient=True)
    connection = Connection(echo(shelf))
    connection.send(post(b"one"))
    connection.send(b"GET /ws/x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    assert len(shelf.waiting) == 1
    assert connection.transport.closed.is_set()


async def test_the_body_of_an_upgrade_is_nobody_elses() -> None:
    shelf = Shelf(patient=True)
    connection = Connection(echo(shelf))
    upgrade = post(b"more", b"/ws/x", b"Connection: Upgrade", b"Upgrade: websocket", method=b"GET")
    connection.send(post(b"one") + post(b"two") + upgrade)
    shelf.store()
    await turns(2)
    assert shelf.stored == [b"one"]
    assert not shelf.waiting
    assert connection.transport.closed.is_set()


async def test_a_body_that_is_late_is_counted_once() -> None:
    connection = Connection(echo(Shelf(), body_s=0.05))
    connection.send(post(b"one")[:-1])
    async with asyncio.timeout(5):
        await connection.transport.closed.wait()
    connection.protocol.connection_lost(None)
    assert connection.statuses == [408]
    assert not connection.refused("gone")


@pytest.mark.parametrize("times", [1, 2])
async def test_a_connection_is_closed_after_the_answer_if_the_client_asks_for_it(times: int) -> None:
    lane = echo(Shelf())
    for _ in range(times):
        connection = Connection(lane)
        connection.send(post(b"one", b"/echo", b"Connection: close"))
        assert b"\r\nconnection: close\r\n" in connection.transport.written
        assert connection.transport.closed.is_set()


async def test_a_server_that_stops_answers_and_closes() -> None:
    shelf = Shelf(patient=True)
    connection = Connection(echo(shelf))
    connection.send(post(b"one"))
    connection.protocol.shutdown()
    assert not connection.transport.closed.is_set()
    shelf.store()
    assert connection.statuses == [202]
    assert connection.transport.closed.is_set()


async def test_a_refusal_is_a_problem_and_counted() -> None:
    shelf = Shelf(patient=True)
    connection = Connection(echo(shelf))
    connection.send(post(b"bad"))
    connection.send(post(b"one"))
    shelf.waiting.pop()[1](Unavailable("Redis is away", 7))
    assert connection.statuses == [400, 503]
    assert [orjson.loads(body)["code"] for body in connection.bodies] == ["bad_request", "unavailable"]
    assert b"\r\nretry-after: 7\r\n" in connection.transport.written
    assert connection.refused("bad_request")
    assert connection.refused("unavailable")


async def test_a_lane_may_have_to_ask_first_and_answers_stay_in_order() -> None:
    shelf = Shelf()
    connection = Connection(echo(shelf))
    connection.send(post(b"later") + post(b"later bad") + post(b"three"))
    await turns(20)
    assert connection.statuses == [202, 400, 202]
    assert shelf.stored == [b"later", b"three"]


@pytest.mark.parametrize("body", [b"bug", b"later bug"])
async def test_a_bug_is_answered_and_logged(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    connection = Connection(echo(Shelf()))
    connection.send(post(body))
    connection.send(post(b"one"))
    await turns(5)
    assert connection.statuses == [500, 202]
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("body", [b"bad", b"later bad"])
async def test_a_bug_in_telling_a_refusal_is_answered_and_logged(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    def refused(error: WindsockError) -> Answer:
        raise ZeroDivisionError

    connection = Connection(dataclasses.replace(echo(Shelf()), refused=refused))
    connection.send(post(body))
    connection.send(post(b"one"))
    await turns(5)
    assert connection.statuses == [500, 202]
    assert "ZeroDivisionError" in caplog.text


CHUNKED = b"POST /other HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("opening", "endless"),
    [
        (b"POST /", b"a" * 100),
        (b"POST /echo HTTP/1.1\r\nX-A: ", b"a" * 100),
        (b"POST /echo HTTP/1.1\r\n", b"X-A: b\r\n" * 20),
        (CHUNKED + b"0\r\n", b"X-A: b\r\n" * 20),
        (CHUNKED + b"0\r\nX-A: ", b"a" * 100),
        (CHUNKED + b"1;", b"a" * 100),
    ],
)
async def test_a_head_without_an_end_is_cut_off(opening: bytes, endless: bytes) -> None:
    connection = Connection(echo(Shelf()))
    connection.send(opening)
    for _ in range(HEAD_BYTES // len(endless) + 2):
        if connection.transport.closed.is_set():
            break
        connection.send(endless)
    assert connection.transport.closed.is_set()
    assert connection.refused("head_too_large")


@pytest.mark.parametrize("part", [b"1;" + b"a" * 60 + b"\r\nx\r\n", b"1;a\r\nx\r\n0\r\nX-A: " + b"a" * 3_000])
async def test_extensions_and_trailers_have_a_bound_in_sum_and_who_exceeds_it_is_told(part: bytes) -> None:
    connection = Connection(echo(Shelf()), waits=True)
    connection.send(CHUNKED)
    await turns(3)
    for _ in range(80):
        if connection.transport.closed.is_set():
            break
        connection.send(part)
    await turns(5)
    assert connection.transport.closed.is_set()
    assert connection.statuses == [431]
    assert b"around the parts of the body" in connection.transport.written
    assert connection.refused("head_too_large")


@pytest.mark.parametrize(
    "rest", [b"1;" + b"a" * 10_000 + b"\r\nx\r\n0\r\n\r\n", b"1\r\nx\r\n0\r\nX-A: " + b"a" * 10_000 + b"\r\n\r\n"]
)
async def test_the_bound_of_extensions_and_trailers_holds_also_for_what_comes_in_one_read(rest: bytes) -> None:
    connection = Connection(echo(Shelf()), waits=True)
    connection.send(CHUNKED + rest)
    await turns(5)
    assert connection.statuses == [431]
    assert connection.refused("head_too_large")


async def test_a_large_read_of_many_posts_is_answered_whole() -> None:
    connection = Connection(echo(Shelf()))
    connection.send(post(b"a" * 90) * 200)
    await turns(400)
    assert connection.bodies == [b"a" * 90] * 200


async def test_a_body_in_the_smallest_parts_is_no_head() -> None:
    connection = Connection(echo(Shelf()))
    connection.send(CHUNKED)
    for _ in range(HEAD_BYTES):
        connection.send(b"0001\r\na\r\n")
    connection.send(b"0\r\n\r\n")
    await turns(5)
    assert connection.statuses == [204]


async def test_a_large_body_is_no_head() -> None:
    connection = Connection(echo(Shelf()))
    connection.send(CHUNKED)
    for _ in range(50):
        connection.send(b"64\r\n" + b"a" * 100 + b"\r\n")
    connection.send(b"0\r\nX-Trailer: dropped\r\n\r\n" + post(b"one") * 40)
    await turns(60)
    assert connection.statuses == [204, *([202] * 40)]


async def test_a_client_that_leaves_amid_the_body_is_counted() -> None:
    connection = Connection(echo(Shelf()))
    connection.send(post(b"one")[:-1])
    connection.protocol.connection_lost(None)
    assert connection.refused("gone")


async def test_a_client_that_leaves_before_the_answer_gets_none() -> None:
    shelf = Shelf(patient=True)
    connection = Connection(echo(shelf))
    connection.send(post(b"one"))
    connection.protocol.connection_lost(None)
    shelf.store()
    assert connection.transport.written == b""


@pytest.mark.parametrize("count", [1, 2, 30])
@pytest.mark.parametrize("waited", [0, 1, 2, 3])
async def test_a_client_that_leaves_what_it_asked_the_application_is_no_failure(
    count: int, waited: int, caplog: pytest.LogCaptureFixture
) -> None:
    connection = Connection(echo(Shelf()), waits=True)
    connection.send((CHUNKED + b"1\r\nx\r\n0\r\n\r\n") * count)
    await turns(waited)
    connection.lose()
    await turns(10)
    assert caplog.records == []


async def test_a_client_that_does_not_read_gets_nothing_more_to_read() -> None:
    shelf = Shelf()
    connection = Connection(echo(shelf))
    connection.protocol.pause_writing()
    connection.send(post(b"one"))
    connection.send(post(b"two"))
    assert (connection.statuses, shelf.stored, connection.transport.reading) == ([], [b"one"], False)
    connection.protocol.resume_writing()
    await turns(1)
    assert (connection.bodies, shelf.stored) == ([b"one", b"two"], [b"one", b"two"])


@pytest.mark.parametrize("sent", [b"", b"POST /echo HT"])
async def test_a_head_that_does_not_come_is_not_waited_for(sent: bytes) -> None:
    connection = Connection(echo(Shelf()), head_s=0.05)
    connection.send(sent)
    async with asyncio.timeout(5):
        await connection.transport.closed.wait()
    assert connection.statuses == [408]


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    connection = Connection(echo(Shelf(), body_s=0.05))
    connection.send(post(b"one")[:-1])
    async with asyncio.timeout(5):
        await connection.transport.closed.wait()
    assert connection.statuses == [408]
    assert connection.refused("too_slow")


async def test_a_connection_that_is_not_used_is_closed() -> None:
    connection = Connection(echo(Shelf()), head_s=0.05)
    connection.protocol.timeout_keep_alive = 0.05
    connection.send(post(b"one"))
    async with asyncio.timeout(5):
        await connection.transport.closed.wait()
    assert connection.statuses == [202]


def told(connection: Connection) -> bytes:
    connection.send(post(b"whence", b"/echo", b"X-Forwarded-For: 198.51.100.7, 10.0.0.2"))
    return connection.bodies[0]


async def test_a_lane_is_told_where_a_request_came_from() -> None:
    assert told(Connection(echo(Shelf()), peer="10.0.0.1")) == b"10.0.0.1"
    assert told(Connection(echo(Shelf()), peer="10.0.0.1", proxies=("10.0.0.0/8",))) == b"198.51.100.7"
    assert told(Connection(echo(Shelf()), peer="192.0.2.1", proxies=("10.0.0.0/8",))) == b"192.0.2.1"


async def test_requests_above_the_bound_are_refused_and_the_connection_goes_on() -> None:
    shelf = Shelf(patient=True)
    lane = echo(shelf, most=1)
    one, other = Connection(lane), Connection(lane)
    one.send(post(b"one"))
    other.send(post(b"two"))
    assert (other.statuses, other.refused("overloaded")) == ([503], True)
    shelf.store()
    assert one.statuses == [202]
    other.send(post(b"two"))
    shelf.store()
    assert (other.statuses, shelf.stored, lane.in_flight.taken) == ([503, 202], [b"one", b"two"], 0)


async def test_a_request_counts_from_its_head_on_and_no_more_when_its_client_has_gone() -> None:
    lane = echo(Shelf(), most=2)
    one = Connection(lane)
    one.send(post(b"first")[:-1])
    one.send(b"t" + post(b"second")[:-1])
    assert lane.in_flight.taken == 1
    one.protocol.connection_lost(None)
    assert lane.in_flight.taken == 0


async def test_a_refused_request_is_answered_once_all_of_it_came() -> None:
    lane = echo(Shelf(), most=1)
    lane.in_flight.enter()
    one = Connection(lane)
    one.send(post(b"body")[:-1])
    assert one.statuses == []
    lane.in_flight.leave()
    one.send(b"y")
    assert one.statuses == [503]
    one.send(post(b"again"))
    assert (one.statuses, lane.in_flight.taken) == ([503, 202], 0)
