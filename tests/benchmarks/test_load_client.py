"""The counts of the load client are exact, whatever a server does: servers that err on purpose."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable

import pytest

from benchmarks.load_client import LoadClient, LoadError, Stats
from tests.benchmarks.loading import counted, faults, message, started
from tests.stand_ins.websocket_server import CLOSE, CONTINUED, PING, PONG, TEXT, WebSocketServer, frame


async def after(seqs: Iterable[int], first_seq: int = 1) -> Stats:
    """What a client counts of these numbers."""
    frames = [frame(TEXT, message(seq).encode()) for seq in seqs]
    async with WebSocketServer() as server, await started(server, first_seq=first_seq) as client:
        await client.wait_ready()
        await server.send_all(b"".join(frames))
        return await counted(client, len(frames))


async def test_what_comes_in_order_is_counted_for_each_client() -> None:
    async with WebSocketServer() as server, await started(server, clients=50, in_flight=7) as client:
        ready = await client.wait_ready()
        assert (ready.clients, ready.failed) == (50, 0)
        await server.send_all(b"".join(frame(TEXT, message(seq).encode()) for seq in range(1, 21)))
        stats = await counted(client, 1000)
        assert faults(stats) == (1000, 0, 0, 0)
        assert (stats.clients, stats.lowest_seq, stats.foreign, stats.closed) == (50, 20, 0, 0)


@pytest.mark.parametrize(
    ("seqs", "expected"),
    [
        ([1, 2, 5, 6, 9], (5, 4, 0, 0)),
        ([3], (1, 2, 0, 0)),
        ([1, 1, 2, 2, 1], (5, 0, 3, 0)),
        ([1, 3, 2], (3, 0, 0, 1)),
        ([1, 5, 3, 3, 6], (5, 2, 1, 1)),
        ([10, 5, 4, 6, 1, 9, 5, 2, 3, 7, 8], (11, 0, 1, 9)),
    ],
)
async def test_lost_repeated_and_late_messages_are_told_apart(
    seqs: list[int], expected: tuple[int, int, int, int]
) -> None:
    assert faults(await after(seqs)) == expected


async def test_the_first_number_is_one_unless_another_is_named() -> None:
    assert (await after([1001, 1003], first_seq=1001)).missed == 1
    assert (await after([77, 78, 80], first_seq=0)).missed == 1
    assert (await after([76], first_seq=0)).lowest_seq == 76


async def test_what_was_missed_before_a_count_began_is_not_taken_from_it() -> None:
    async with WebSocketServer() as server, await started(server) as client:
        await client.wait_ready()
        await server.peers[0].send(b"".join(frame(TEXT, message(seq).encode()) for seq in (1, 3)))
        assert faults(await counted(client, 2)) == (2, 1, 0, 0)
        await client.begin()
        assert faults(await client.stats()) == (0, 0, 0, 0)
        await server.peers[0].send(b"".join(frame(TEXT, message(seq).encode()) for seq in (2, 4, 6, 5)))
        assert faults(await counted(client, 4)) == (4, 0, 0, 2)


Pack = Callable[[list[str], random.Random], bytes]


def in_frames(texts: list[str], _: random.Random) -> bytes:
    return b"".join(frame(TEXT, text.encode()) for text in texts)


def in_lines(texts: list[str], chance: random.Random) -> bytes:
    parts = []
    while texts:
        size = chance.randint(1, 40)
        parts.append(frame(TEXT, "\n".join(texts[:size]).encode()))
        texts = texts[size:]
    return b"".join(parts)


def in_one_frame(texts: list[str], _: random.Random) -> bytes:
    return frame(TEXT, "\n".join(texts).encode())


def in_fragments(texts: list[str], chance: random.Random) -> bytes:
    """Each message in three frames, cut anywhere, with a ping between them."""
    parts = []
    for text in texts:
        whole = text.encode()
        one, two = sorted(chance.sample(range(len(whole)), 2))
        parts += [
            frame(TEXT, whole[:one], final=False),
            frame(PING, b""),
            frame(CONTINUED, whole[one:two], final=False),
        ]
        parts.append(frame(CONTINUED, whole[two:]))
    return b"".join(parts)


@pytest.mark.parametrize("pack", [in_frames, in_lines, in_one_frame, in_fragments])
@pytest.mark.parametrize("cut", [0, 1, 100])
async def test_counts_are_those_of_a_plain_count_however_bytes_come(pack: Pack, cut: int) -> None:
    """Several topics, each shuffled, with losses and repetitions; sent in pieces of up to `cut` bytes."""
    chance = random.Random(f"{pack.__name__}{cut}")
    topics = 5
    sequences = []
    for _ in range(topics):
        seqs = [seq for seq in range(1, 200) if chance.random() > 0.1]
        seqs += chance.sample(seqs, 20)
        sequences.append(sorted(seqs, key=lambda seq: seq + chance.choice((0, 0, 0, 5, -30))))
    order = [topic for topic, seqs in enumerate(sequences) for _ in seqs]
    chance.shuffle(order)
    rest = [iter(seqs) for seqs in sequences]
    sent = [(topic, next(rest[topic])) for topic in order]

    missed = repeated = disordered = 0
    for seqs in sequences:
        seen: set[int] = set()
        for seq in seqs:
            repeated += seq in seen
            disordered += seq not in seen and seq < max(seen, default=0)
            seen.add(seq)
        missed += max(seen) - len(seen)

    data = pack([message(seq, topic) for topic, seq in sent], chance)
    async with WebSocketServer() as server, await started(server, topics=topics, per_client=topics) as client:
        await client.wait_ready()
        while data:
            size = chance.randint(1, cut) if cut else len(data)
            server.peers[0].writer.write(data[:size])
            await asyncio.sleep(0)
            data = data[size:]
        stats = await counted(client, len(sent))
        assert faults(stats) == (len(sent), missed, repeated, disordered)


async def test_clients_share_the_topics_out() -> None:
    """Client i has the topics i * S ... i * S + S - 1, modulo T; what else comes is foreign."""
    async with WebSocketServer() as server, await started(server, clients=3, topics=5, per_client=2) as client:
        await client.wait_ready()
        await server.send_all(b"".join(frame(TEXT, message(1, topic).encode()) for topic in range(6)))
        stats = await counted(client, 6)
        assert (stats.received, stats.foreign, stats.missed) == (6, 12, 0)


async def test_a_path_names_the_topic_of_its_client() -> None:
    async with WebSocketServer() as server:
        starting = LoadClient.start(port=server.port, path="/ws/bench-%04d/", dialect="plain", clients=5, topics=3)
        async with await starting as client:
            await client.wait_ready()
            paths = sorted(peer.path for peer in server.peers)
            assert paths == [f"/ws/bench-{topic:04}/" for topic in (0, 0, 1, 1, 2)]


async def test_latency_runs_from_the_time_in_the_message() -> None:
    async with WebSocketServer() as server, await started(server) as client:
        await client.wait_ready()
        begun = time.monotonic_ns()
        delays = [1.0] * 89 + [2.0] * 10 + [4.0]
        for seq, delay in enumerate(delays, 1):
            await server.peers[0].say(message(seq, sent=begun - int(delay * 1e9)))
        stats = await counted(client, 100)
        late_us = (time.monotonic_ns() - begun) / 1e3
        for value, delay in ((stats.p50_us, 1), (stats.p90_us, 2), (stats.max_us, 4)):
            assert delay * 1e6 * 0.99 <= value <= delay * 1e6 * 1.01 + late_us
        assert begun <= stats.last_received_ns <= time.monotonic_ns()


async def test_pings_are_answered() -> None:
    async with WebSocketServer() as server, await started(server) as client:
        await client.wait_ready()
        await server.peers[0].send(frame(PING, b"are you there"))
        assert await asyncio.wait_for(server.peers[0].heard.get(), 10) == (PONG, b"are you there")


async def test_refused_handshakes_are_counted_and_the_first_reason_is_told() -> None:
    def refuse(number: int) -> str | None:
        return "503 Service Unavailable" if number % 3 == 0 else None

    async with WebSocketServer(refuse=refuse) as server, await started(server, clients=30) as client:
        ready = await client.wait_ready(all_of_them=False)
        assert (ready.clients, ready.failed) == (20, 10)
        assert ready.reason == "the handshake was answered by HTTP/1.1 503 Service Unavailable"
        stats = await client.stats()
        assert (stats.clients, stats.refused, stats.closed) == (20, 10, 0)


async def test_wait_ready_raises_with_the_reason_unless_told_otherwise() -> None:
    async with WebSocketServer(refuse=lambda _: "503 Busy") as server, await started(server, clients=2) as client:
        with pytest.raises(LoadError, match=r"2 clients did not get ready: .* 503 Busy"):
            await client.wait_ready()


async def test_no_server_is_told() -> None:
    async with WebSocketServer() as server:
        pass
    async with await started(server, clients=3) as client:
        with pytest.raises(LoadError, match="3 clients did not get ready: connect: Connection refused"):
            await client.wait_ready()


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async with WebSocketServer() as server, await started(server, "text", timeout=1) as client:
        with pytest.raises(LoadError, match="waited 1 s for its subscriptions"):
            await client.wait_ready()


async def test_sockets_that_the_server_closes_are_counted() -> None:
    async with WebSocketServer() as server, await started(server, clients=5) as client:
        await client.wait_ready()
        await server.peers[0].send(frame(TEXT, message(1).encode()) + frame(CLOSE, b"\x0b\xc0slow"))
        await until_closed(client, 1)
        server.peers[1].writer.close()
        server.peers[2].writer.transport.abort()
        await until_closed(client, 3)
        stats = await client.stats()
        assert (stats.clients, stats.received, stats.reason) == (2, 1, "the server closed with 3008 slow")


async def until_closed(client: LoadClient, closed: int) -> None:
    for _ in range(500):
        if (await client.stats()).closed == closed:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{closed} were not closed: {await client.stats()}")


async def test_what_is_no_frame_of_a_server_closes_the_client() -> None:
    async with WebSocketServer() as server, await started(server) as client:
        await client.wait_ready()
        await server.peers[0].send(frame(TEXT, b"compressed", reserved=64))
        await until_closed(client, 1)
        assert "no frame" in (await client.stats()).reason


async def test_dropped_clients_are_not_closed_ones_and_connect_again() -> None:
    async with WebSocketServer() as server, await started(server, clients=10) as client:
        await client.wait_ready()
        await client.drop()
        stats = await client.stats()
        assert (stats.clients, stats.closed) == (0, 0)
        ready = await client.connect()
        assert (ready.clients, ready.failed, len(server.peers)) == (10, 0, 20)


async def test_a_plain_socket_resumes_from_the_position_that_it_was_told() -> None:
    async with WebSocketServer() as server, await started(server) as client:
        await client.wait_ready()
        await server.peers[0].say(message(1)[:-1] + ',"position":"AbCdEfGh.41"}')
        await counted(client, 1)
        await client.drop()
        ready = await client.connect()
        assert server.peers[1].path == "/x?since=AbCdEfGh.41"
        assert (ready.recovered, ready.not_recovered) == (1, 0)
        await server.peers[1].say('{"error":{"code":"position_lost"},"recovered":false,"position":"AbCdEfGh.43"}')
        await server.peers[1].say(message(4))
        stats = await counted(client, 2)
        assert (stats.missed, stats.recovered, stats.not_recovered) == (2, 0, 1)


async def test_wrong_options_are_told() -> None:
    async with WebSocketServer() as server, await started(server, topics=2, per_client=3) as client:
        with pytest.raises(LoadError, match="--per-client wants a number from 1 to that of --topics, 2"):
            await client.wait_ready()


async def test_it_ends_when_who_started_it_is_gone() -> None:
    async with WebSocketServer() as server, await started(server) as client:
        await client.wait_ready()
        process = client._process
        assert process.stdin is not None
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), 10) == 0
