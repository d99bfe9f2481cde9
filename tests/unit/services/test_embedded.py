from __future__ import annotations

from pathlib import Path

from services.embedded import RESTART_MAX_S, STEADY_S, config_text, restart_delay_s


def test_the_server_keeps_everything_and_listens_on_its_socket_only() -> None:
    lines = config_text(Path("/d"), Path("/d/redis.sock"), Path("/d/redis.log"), "always").splitlines()
    assert {"port 0", 'unixsocket "/d/redis.sock"', "unixsocketperm 700", 'dir "/d"'} <= set(lines)
    assert {"appendonly yes", "appendfsync always", 'save ""', "maxmemory-policy noeviction"} <= set(lines)


def test_a_path_with_anything_in_it_stays_one_word() -> None:
    text = config_text(Path('/a "b"\n\\é'), Path("/s"), Path("/l"), "everysec")
    assert r'dir "/a \x22b\x22\x0a\x5c\xc3\xa9"' in text.splitlines()


def test_early_deaths_are_answered_with_longer_and_longer_waits() -> None:
    delays = [restart_delay_s(0.1, failures) for failures in range(1, 30)]
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (0.1, RESTART_MAX_S)


def test_a_server_that_ran_well_is_started_again_at_once() -> None:
    assert restart_delay_s(STEADY_S, 0) == 0.0
