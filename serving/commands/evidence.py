"""What `explain` prints: an explanation, the taste of a reader, the profile of an item."""

from __future__ import annotations

from rich.table import Table

from pipeline.explanation import Explanation, RerankEvidence
from pipeline.item_profile import ItemProfile
from pipeline.taste import Taste
from serving.commands.output import stdout
from serving.figures import percent


def show_evidence(answer: Explanation | Taste | ItemProfile) -> None:
    """Print one answer for people."""
    match answer:
        case Explanation():
            _show_explanation(answer)
        case Taste():
            _show_taste(answer)
        case ItemProfile():
            _show_profile(answer)


def _show_explanation(explanation: Explanation) -> None:
    console = stdout()
    rank = f"rank {explanation.rank} of {explanation.of}" if explanation.rank else "not in the ranking"
    console.print(f"[bold]{explanation.item.title}[/]: score {explanation.score:.3f}, {rank}")
    if explanation.baseline_score is not None:
        console.print(
            f"With the full history: score {explanation.baseline_score:.3f}, rank {explanation.baseline_rank}"
        )
    if explanation.rerank is not None:
        console.print(_moved(explanation.rerank))
    channels = Table("Channel", "Adds to the score", "Own score")
    for name, channel in sorted(explanation.channels.items(), key=lambda pair: -abs(pair[1].contribution)):
        channels.add_row(name, f"{channel.contribution:+.3f}", f"{channel.raw:.3f}")
    console.print(channels)
    if explanation.contributions:
        items = Table("History item", "Share of the graph score", "Lost without it")
        for part in explanation.contributions[:10]:
            items.add_row(
                part.item.title, f"{part.exact:+.3f}", f"{'~' if part.estimated else ''}{part.counterfactual:+.3f}"
            )
        console.print(items)
    for path in explanation.paths[:3]:
        alike = "" if path.met else " (like it)"
        console.print(" -> ".join(step.label for step in path.steps) + f"{alike}, {percent(path.share, 1)}")
    if explanation.graph.paths:
        shown, count = percent(explanation.graph.shown, 1), f"{explanation.graph.paths:,}"
        console.print(
            f"{len(explanation.paths)} of {count} paths together: {shown} of what speaks for it in the graph."
        )
    for note in explanation.notes:
        console.print(note)


def _moved(rerank: RerankEvidence) -> str:
    places = (
        f"place {rerank.by_score} by score",
        f"{rerank.diverse or 'out'} after diversity",
        f"{rerank.shown or 'out'} as shown in a list of {rerank.k}",
    )
    return ", ".join(places)


def _show_taste(taste: Taste) -> None:
    table = Table("More than elsewhere", "Items", "Of the history", "Drives", "Closest to its middle", "Leads to")
    for group in taste.groups:
        items, led = (", ".join(item.title for item in some[:3]) for some in (group.items, group.leads_to))
        names = ", ".join(group.names)
        table.add_row(names, str(group.size), percent(group.weight), percent(group.drives), items, led)
    stdout().print(table)


def _show_profile(profile: ItemProfile) -> None:
    console = stdout()
    console.print(
        f"[bold]{profile.item.title}[/]: met by {profile.met:,} at training; in the top 10 of {profile.reached:,} of "
        f"{profile.users:,} sampled users who had not met it"
    )
    for segment in profile.segments:
        console.print(f"{segment.value}: {segment.reached} of {segment.users}")
    whom = "whom it fits best" if profile.by_fit else "who get it"
    table = Table("It is owed to", f"Share, mean of the {profile.looked_at} {whom}", "Met it")
    for carrier in profile.carriers:
        table.add_row(carrier.item.title, percent(carrier.share, 1), str(carrier.readers))
    console.print(table)
