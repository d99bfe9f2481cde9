from __future__ import annotations

from pathlib import Path

import pytest

from services.environment import check_names, load, table
from services.errors import SettingError
from services.settings import CommonSettings, GatewaySettings, LineSettings, StreamSettings, WeatherSettings

DOCS = Path(__file__).parents[3] / "docs" / "settings.md"


def test_every_setting_stands_in_the_docs_with_its_default_and_meaning() -> None:
    rows = DOCS.read_text().splitlines()
    for setting in table():
        default = str(setting.default).lower() if isinstance(setting.default, bool) else setting.default
        shown = f"`{default}`" if default != "" else "empty"
        assert f"| `{setting.key}` | {shown} | {setting.description} |" in rows


def test_the_docs_name_no_setting_that_does_not_exist() -> None:
    documented = {row.split("`")[1] for row in DOCS.read_text().splitlines() if row.startswith("| `")}
    assert documented == {setting.key for setting in table()}


@pytest.mark.parametrize("value", ["1", "0", "-1/0/0", "600/5000", "many"])
def test_calls_that_are_not_three_numbers_are_told_with_the_form_that_they_have(value: str) -> None:
    with pytest.raises(SettingError, match=f"^WINDSOCK_NWS_CALLS='{value}' is not of the form of '300/5000/0'"):
        load(WeatherSettings, {"WINDSOCK_NWS_CALLS": value})


def test_an_absent_or_empty_variable_takes_the_default() -> None:
    assert load(CommonSettings, {}).port == 8080
    assert load(CommonSettings, {"WINDSOCK_PORT": ""}).port == 8080


def test_variables_are_converted_to_their_types() -> None:
    assert load(CommonSettings, {"WINDSOCK_PORT": "9000"}).port == 9000
    assert load(StreamSettings, {"WINDSOCK_GROUP_TOPICS": "false"}).group_topics is False


@pytest.mark.parametrize(
    ("key", "value"),
    [("WINDSOCK_PORT", "abc"), ("WINDSOCK_PORT", "70000"), ("WINDSOCK_LOG_LEVEL", "loud")],
)
def test_a_bad_value_is_refused_with_its_name_and_value(key: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"{key}='{value}'"):
        load(CommonSettings, {key: value})


def test_a_value_out_of_bounds_is_refused() -> None:
    with pytest.raises(SettingError, match="WINDSOCK_OUTBOX_BYTES"):
        load(GatewaySettings, {"WINDSOCK_OUTBOX_BYTES": "1"})


@pytest.mark.parametrize(
    "template", ["{measurement}", "{field", "{tag}.{field}", "{}{field}", "{field.__class__}", "{field:d}", "{field!r}"]
)
def test_a_template_of_metrics_that_says_none_is_refused(template: str) -> None:
    with pytest.raises(SettingError, match="WINDSOCK_LINE_METRIC"):
        load(LineSettings, {"WINDSOCK_LINE_METRIC": template})


@pytest.mark.parametrize("template", ["{field}", "{measurement}_{field}", "influx.{field}"])
def test_a_template_of_metrics_has_the_field(template: str) -> None:
    assert load(LineSettings, {"WINDSOCK_LINE_METRIC": template}).line_metric == template


def test_a_misspelt_name_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(SettingError, match="WINDSOCK_PROT is not a setting; did you mean WINDSOCK_PORT"):
        check_names({"WINDSOCK_PROT": "1", "PATH": "/bin"})
