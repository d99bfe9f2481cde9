"""The picture of a result: what a delivery costs, and how late it is, over clients and over messages a second."""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.results import Results

PANELS = (
    ("clients", "clients", "clients on one topic", "cpu_us", "CPU µs per delivery"),
    ("clients", "clients", "clients on one topic", "p99_ms", "99th percentile, ms"),
    ("rates", "messages_per_s", "messages/s on one topic", "cpu_us", "CPU µs per delivery"),
    ("rates", "messages_per_s", "messages/s on one topic", "p99_ms", "99th percentile, ms"),
)


def draw(results: Results, path: Path) -> bool:
    """Write the PNG; False, and nothing written, if the run had neither of its scenarios."""
    if not any(True for scenario in ("clients", "rates") for _ in results.of(scenario)):
        return False
    figure = Figure(figsize=(11, 8), layout="constrained")
    systems = list(dict.fromkeys(row.system for row in results.rows if row.scenario in ("clients", "rates")))
    shown = [panel for panel in PANELS if any(True for _ in results.of(panel[0]))]
    for place, (scenario, x, x_label, y, y_label) in enumerate(shown, 1):
        axes = figure.add_subplot(2, 2, place)
        for number, system in enumerate(systems):
            rows = sorted(results.of(scenario, system), key=lambda row: row.figures[x])
            axes.plot(
                [row.figures[x] for row in rows],
                [row.figures[y] for row in rows],
                marker="o",
                label=system,
                color=f"C{number}",
                linewidth=2.5 if system.startswith("Windsock") else 1.2,
            )
        axes.set(xscale="log", yscale="log", xlabel=x_label, ylabel=y_label)
        axes.grid(True, which="both", alpha=0.25)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    figure.suptitle(f"{results.machine['processor']}, {results.machine['date']}")
    figure.savefig(path, dpi=110)
    return True
