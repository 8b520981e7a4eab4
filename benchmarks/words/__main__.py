"""`python -m benchmarks.words`."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path

import numpy as np

from agent.explaining.paraphrase import ParaphraseTrace
from agent.explaining.telling import STYLES, Told, tell
from agent.explaining.voices import LANGUAGES
from agent.llm.breaker import BreakerSettings
from agent.llm.factory import build
from agent.llm.protocol import LLM
from agent.words import WordsSettings
from benchmarks import words
from benchmarks.harness import Report, Row, chosen, options
from benchmarks.words.cases import Case, kept
from benchmarks.words.judge import Judge, Verdict
from benchmarks.words.lies import LIES, DraftLLM, honest, liar
from serving.models import llm_settings
from serving.service import Service
from serving.settings import load_settings

_EXAMPLES = 8
_DIGITS = 4


@dataclass
class Tally:
    """Counts over the explanations of one row.

    Attributes:
        wrong: sentences that were shown and are not right.
        raw_wrong: sentences that the model made and that are not right.
    """

    explanations: int = 0
    sentences: int = 0
    wrong: list[str] = field(default_factory=list)
    asked: int = 0
    written: int = 0
    raw_wrong: list[str] = field(default_factory=list)
    by_model: int = 0
    whole: int = 0
    failed: int = 0
    lies: int = 0
    lies_shown: list[str] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    def row(self, name: str) -> Row:
        row: Row = {
            "name": name,
            "explanations": self.explanations,
            "sentences": self.sentences,
            "precision": round(1 - len(self.wrong) / max(self.sentences, 1), _DIGITS),
        }
        if self.asked:
            row |= {
                "raw_sentences": self.written,
                "raw_precision": round(1 - len(self.raw_wrong) / max(self.written, 1), _DIGITS),
                "shown": round(self.by_model / self.asked, _DIGITS),
                "fallback": round(1 - self.by_model / self.asked, _DIGITS),
                "whole": round(self.whole / self.explanations, _DIGITS),
                "model_failed": self.failed,
            }
        if self.lies:
            row |= {"lies": self.lies, "lies_shown": len(self.lies_shown)}
        row |= {
            "p50_ms": round(float(np.percentile(self.milliseconds, 50)), 2),
            "p99_ms": round(float(np.percentile(self.milliseconds, 99)), 2),
        }
        return row


def judge_line(judge: Judge, line: str) -> Verdict:
    """A card's line says of the item what a sentence says with "it" before it."""
    forms = (
        (
            "它{}。",
            "推荐它是{}。",
            "{}。",
            "它是{}。",
            "它的{}。",
            "它是{}而来。",
            "它是{}匹配而来。",
            "如你所要求，它{}。",
        )
        if judge.language == "zh"
        else ("it {}.", "it is {}.", "it is there {}.", "{}.")
    )
    readings = [line]
    if line.startswith("new here, "):
        readings.append(line.replace("new here, ", "new here and was ").replace("and was shown", "and is shown"))
    if line.startswith("这里的新内容，供"):
        readings.append(line.replace("，供", "，展示供"))
    if line.startswith("如你所要求，"):
        readings.append(line.removeprefix("如你所要求，"))
    verdicts = [judge.verdict(form.format(reading)) for reading in readings for form in forms]
    return next((verdict for verdict in verdicts if verdict.right), verdicts[0])


def judged(told: Told, judge: Judge) -> list[tuple[str, Verdict]]:
    """Every sentence with its verdict."""
    said = [sentence.text for passage in told.passages for sentence in passage.sentences]
    if told.style == "line":
        return [(line, judge_line(judge, line)) for line in said]
    return [(sentence, judge.verdict(sentence)) for sentence in said]


def by_template(sample: Sequence[Case], language: str, *, shift: int = 0) -> Tally:
    """All three styles; with a shift, judged by the explanation of another case."""
    tally = Tally(explanations=len(sample))
    for number, case in enumerate(sample):
        held_against = sample[(number + shift) % len(sample)]
        judge = Judge(held_against.explanation, language, held_against.liked)
        for style in STYLES:
            started = time.perf_counter()
            told = tell(case.explanation, style=style, language=language, liked=case.liked)
            if style == "paragraph":
                tally.milliseconds.append(1e3 * (time.perf_counter() - started))
            verdicts = judged(told, judge)
            tally.sentences += len(verdicts)
            tally.wrong += [sentence for sentence, verdict in verdicts if not verdict.right]
    return tally


def by_model(
    sample: Sequence[Case], language: str, llm_of: Callable[[], LLM], settings: WordsSettings, *, seconds: float
) -> Tally:
    """Paragraphs worded by a model, as many as the time allows."""
    tally = Tally()
    ends = time.monotonic() + seconds
    for case in sample:
        if time.monotonic() > ends:
            break
        llm, trace = llm_of(), ParaphraseTrace()
        judge = Judge(case.explanation, language, case.liked)
        started = time.perf_counter()
        told = tell(case.explanation, language=language, liked=case.liked, llm=llm, settings=settings, trace=trace)
        tally.milliseconds.append(1e3 * (time.perf_counter() - started))
        verdicts = judged(told, judge)
        shown = sum(written.shown for written in trace.written)
        tally.explanations += 1
        tally.sentences += len(verdicts)
        tally.wrong += [sentence for sentence, verdict in verdicts if not verdict.right]
        tally.asked += trace.asked
        tally.written += len(trace.written)
        tally.raw_wrong += [one.text for one in trace.written if not judge.verdict(one.text).right]
        tally.by_model += shown
        tally.whole += shown == trace.asked
        tally.failed += bool(trace.error)
        if isinstance(llm, DraftLLM) and llm.name == "liar":
            lies = [one for one, lied in zip(trace.written, llm.reworded, strict=True) if lied]
            tally.lies += len(lies)
            tally.lies_shown += [lie.text for lie in lies if lie.shown]
    return tally


ROWS = tuple(
    f"{name}_{language}"
    for language in LANGUAGES
    for name in ("template", "control", "liar", "honest", "choose", "free")
)
_DEADLINE = 60.0
_QUICK, _QUICK_SECONDS = 40, 15.0


def main() -> None:
    """Parse the command line, run, print."""
    parser = options(words.__doc__)
    parser.add_argument("home", type=Path, help="home of a trained service")
    parser.add_argument("--explanations", type=int, default=1_000)
    parser.add_argument("--cases", type=Path, help="file of the explanations; made where it is not")
    parser.add_argument("--seconds", type=float, default=300.0, help="for each row of the service's language model")
    arguments = parser.parse_args()
    rows = chosen(ROWS, arguments.only)
    count = _QUICK if arguments.quick else arguments.explanations
    seconds = _QUICK_SECONDS if arguments.quick else arguments.seconds
    report = Report("words")
    with Service.open(load_settings(home=arguments.home, impressions=False)) as service:
        print(f"explaining {count} items ...", file=sys.stderr, flush=True)
        sample = kept(service, arguments.cases, count=count, seed=arguments.seeds[0])
        for row in rows:
            name, _, language = row.rpartition("_")
            tally = _measured(name, language, sample, service, seconds=seconds)
            report.rows.append(tally.row(row))
            for text in (*tally.wrong[:_EXAMPLES], *tally.raw_wrong[:_EXAMPLES]):
                print(f"{row}: not right: {text}", file=sys.stderr, flush=True)
        report.environment = {
            "llm": service.settings.llm.backend,
            "snapshot": service.recommender.snapshot_id,
        }
    report.finish(arguments)


def _model(service: Service) -> LLM:
    """The model of the service's settings, asked every time: the service itself would leave it alone after failures."""
    section = service.settings.llm
    bundled = section.backend == "embedded" and not section.model
    settings = llm_settings(section, model=str(service.assets.fetch("chat-model")) if bundled else section.model)
    llm = build(replace(settings, breaker=BreakerSettings(failures=sys.maxsize)))
    if llm is None:
        sys.exit("the service has no language model; set TASTEMAKER_LLM__BACKEND")
    return llm


def _measured(name: str, language: str, sample: Sequence[Case], service: Service, *, seconds: float) -> Tally:
    """One row."""
    if name == "template":
        return by_template(sample, language)
    if name == "control":
        return by_template(sample, language, shift=len(sample) // 2)
    if name in ("choose", "free"):
        llm = _model(service)
        settings = WordsSettings(style=name, deadline=_DEADLINE)
        mixed = random.Random(0).sample(
            sample, len(sample)
        )  # the time may end before all ways of asking have had a turn
        try:
            return by_model(mixed, language, lambda: llm, settings, seconds=seconds)
        finally:
            llm.close()
    title = next(iter(service.recommender.vocabulary().titles.values()))
    liars = cycle([liar(lie, title=title) for lie in LIES[language].values()])
    llms = liars if name == "liar" else cycle([honest(language)])
    return by_model(sample, language, lambda: next(llms), WordsSettings(style="free"), seconds=float("inf"))


if __name__ == "__main__":
    main()
