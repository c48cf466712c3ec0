"""The section about generated bugs: scores, and what no test found, each with its reason."""
import collections
import dataclasses
import fractions

EQUIVALENT = "Equivalent: "


def read(path):
    """The reasons by the names of bugs: a name on a line, and below it, indented, the reason."""
    reasons, name = {}, None
    for line in path.read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if not line.startswith(" "):
            name = line
            reasons[name] = ""
        else:
            reasons[name] = (reasons[name] + " " + line.strip()).strip()
    return reasons


@dataclasses.dataclass(frozen=True)
class Measure:
    """What the tests found of bugs that nobody had looked at when they were written, and what they
    find since others were written for these. Of both, those that are not equivalent count."""

    seed: str
    target: str
    found_before: int
    found_after: int
    wrong: int


def measures(path):
    """On each line a seed, a target, what was found before and after, and how many were wrong."""
    rows = [
        line.split() for line in path.read_text().splitlines()
        if line.strip() and not line.startswith("#")]
    return [Measure(seed, target, *map(int, counts)) for seed, target, *counts in rows]


class Score:
    def __init__(self):
        self.found = self.equivalent = self.missed = 0
        self.seconds = 0.0

    @property
    def planted(self):
        return self.found + self.equivalent + self.missed

    @property
    def hundredths(self):
        """Of the bugs that do something wrong, how many were found; rounded down."""
        return hundredths(self.found, self.found + self.missed)


def hundredths(found, wrong):
    return int(fractions.Fraction(100 * found, wrong)) if wrong else 100


def section(plan, reasons, required, independent):
    """The text, and what is not as it has to be."""
    scores = collections.defaultdict(Score)
    ways = collections.Counter()
    rows, failures = [], []
    for _, target, site in plan.chosen:
        outcome = plan.outcomes.get(site.name)
        if outcome is None:
            continue
        score = scores[target]
        score.seconds += outcome["seconds"]
        if outcome["found"]:
            score.found += 1
            ways[way(outcome["found"])] += 1
            continue
        reason = reasons.get(site.name, "")
        if reason.startswith(EQUIVALENT):
            score.equivalent += 1
        else:
            score.missed += 1
        if not reason and target in required:
            failures.append(f"survived, without a reason:\n{site.name}")
        elsewhere = "" if outcome["isReached"] else " No test at hand comes by."
        rows.append(
            f"| {target} | `{site.path.split('/', 2)[2]}` | {site.kind} | {code(site.source)} | "
            f"{site.bug if site.bug == 'nothing' else code(site.bug)} | "
            f"{cell(reason + elsewhere).strip()} |")
    for target, score in scores.items():
        if score.hundredths < required.get(target, 0):
            failures.append(
                f"{target}: {score.hundredths} of 100 found, {required[target]} demanded")
    return "\n".join(lines(plan, scores, ways, rows, independent)) + "\n", failures


def way(found):
    if found == "time":
        return "too much time"
    return "a trap" if found.startswith("end with") else "a test that fails"


def lines(plan, scores, ways, rows, independent):
    seconds = sum(score.seconds for score in scores.values())
    yield "Written by `make generated-mutants`, which plants small bugs all over the sources: in"
    yield "comparisons, operands, conditions, constants, and by leaving statements out. Of each"
    yield f"target {plan.options.budget} are drawn with seed {plan.options.seed}; no line"
    yield "holds two. What no test finds is read by hand. *Equivalent* bugs change nothing that the"
    yield "product promises; the score is what was found of the others, rounded down."
    yield ""
    planted = sum(score.planted for score in scores.values())
    yield f"{planted} bugs, {seconds:.0f} seconds for their tests. Noticed by: " + ", ".join(
        f"{name} {count}" for name, count in ways.most_common()) + "."
    yield ""
    yield "| Target | Possible | Refused by the compiler | Planted | Found | Equivalent | " \
        "Missed | Score | Seconds |"
    yield "| --- | --: | --: | --: | --: | --: | --: | --: | --: |"
    for target, score in scores.items():
        yield (
            f"| {target} | {plan.place_counts[target]} | {len(plan.refused[target])} | "
            f"{score.planted} | {score.found} | {score.equivalent} | {score.missed} | "
            f"{score.hundredths} % | {score.seconds:.0f} |")
    if independent:
        yield ""
        yield from independent_lines(independent)
    if rows:
        yield ""
        yield "### What no test found"
        yield ""
        yield "| In | File | Kind | Code | Instead | Why |"
        yield "| --- | --- | --- | --- | --- | --- |"
        yield from rows


def independent_lines(independent):
    yield "### Bugs that nobody had looked at"
    yield ""
    yield "Tests were written for the bugs above. What they find of others, another seed says:"
    yield "measured once, before any test was written for its bugs. The counts are without"
    yield "equivalent ones; since then there are tests for what was missed, and the seed is spent."
    yield ""
    yield "| Seed | Target | Found before | Score before | Found since | Score since |"
    yield "| --: | --- | --: | --: | --: | --: |"
    for row in independent:
        yield (
            f"| {row.seed} | {row.target} | {row.found_before} of {row.wrong} | "
            f"{hundredths(row.found_before, row.wrong)} % | {row.found_after} of {row.wrong} | "
            f"{hundredths(row.found_after, row.wrong)} % |")


def code(text):
    """As code in a table, in which a bar would end the cell."""
    return f"`{cell(text)}`" if "`" not in text else cell(text)


def cell(text):
    return text.replace("|", "\\|")
