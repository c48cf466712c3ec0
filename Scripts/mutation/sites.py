"""Small bugs in Swift sources: where they could be, and how one build holds many of them.

Every bug is written into the source beside what is right, and a number in the environment says
which of them is on: mutant schemata (Untch, Offutt and Harrold, ISSTA 1993). There is no parser. A
scanner knows strings, comments and brackets, and what does not compile in the end is left out.
"""
import bisect
import dataclasses
import hashlib
import itertools
import re

# What a bug can be.
KINDS = (
    "boundary", "swapped operands", "equality", "and, or", "off by one", "constant", "boolean",
    "least, most", "dropped statement", "dropped condition", "negated condition",
)
# In which order the kinds are drawn from, again and again: what is most frequent comes twice.
TURNS = (
    "boundary", "dropped statement", "dropped condition", "swapped operands", "equality", "and, or",
    "off by one", "dropped statement", "negated condition", "constant", "boolean",
    "dropped condition", "least, most",
)


@dataclasses.dataclass(frozen=True)
class Edit:
    start: int
    end: int
    text: str  # `{id}` is the number of the bug.


@dataclasses.dataclass(frozen=True)
class Site:
    """A place in a file, and one bug that it could have."""

    path: str
    kind: str
    line: int  # The first, from 1.
    last_line: int
    source: str  # What stands there, on one line.
    bug: str  # What stands there instead.
    edits: tuple

    @property
    def name(self):
        """The same for as long as the place reads the same, wherever it moves in its file."""
        return f"{self.path} | {self.kind} | {self.source} | {self.bug}"


class Scanned:
    """A source in which comments are blank and strings are filled, with its brackets."""

    def __init__(self, text):
        self.text = text
        self.code = mask(text)
        self.line_starts = [0] + [found.end() for found in re.finditer("\n", text)]
        self.pairs = {}  # Of each opening bracket, where it closes.
        self.opener = []  # Of each character, the bracket around it, or None.
        stack = []
        for position, character in enumerate(self.code):
            if character in ")]}" and stack:
                self.pairs[stack.pop()] = position
            self.opener.append(stack[-1] if stack else None)
            if character in "([{":
                stack.append(position)

    def line(self, position):
        return bisect.bisect_right(self.line_starts, position)

    def around(self, position):
        """The brackets around a position, the innermost first."""
        opener = self.opener[position]
        while opener is not None:
            yield opener
            opener = self.opener[opener]

    def header(self, brace):
        """What a brace belongs to, from the beginning of its statement: formatted code shows it.

        The lines in which a statement goes on stand further in than its first, but for those that
        begin with what closes or opens the rest of it.
        """
        number = self.line(brace) - 1
        first = self.code_line(number)
        for before in range(number - 1, -1, -1):
            line = self.code_line(before)
            if not line.strip():
                continue
            if re.match(r"\s*[){]|\s*(?:->|where\b)", first):
                if indent(line) <= indent(first):
                    number, first = before, line
            elif indent(line) < indent(first):
                if re.search(r"(?:[{}:]|\bin)\s*$", line):
                    break
                number, first = before, line
        return self.code[self.line_starts[number]:brace].strip()

    def code_line(self, number):
        start = self.line_starts[number]
        end = self.code.find("\n", start)
        return self.code[start:] if end < 0 else self.code[start:end]

    def skip(self, position):
        """The position behind the bracket that opens here, or the next one."""
        return self.pairs.get(position, position) + 1


def indent(line):
    return len(line) - len(line.lstrip())


def mask(text):
    """The text with comments as spaces and what strings hold as underscores, of the same length."""
    out = list(text)
    position = 0
    while position < len(text):
        if text.startswith("//", position):
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
            blank(out, position, end, " ")
        elif text.startswith("/*", position):
            end = comment_end(text, position)
            blank(out, position, end, " ")
        elif found := re.compile(r'#*"').match(text, position):
            end = string_end(text, position, found[0])
            blank(out, position + 1, end - 1, "_")
            out[position] = out[end - 1] = '"'
        else:
            end = position + 1
        position = end
    return "".join(out)


def blank(out, start, end, filling):
    for position in range(start, end):
        if out[position] != "\n":
            out[position] = filling


def comment_end(text, start):
    depth = 0
    for found in re.compile(r"/\*|\*/").finditer(text, start):
        depth += 1 if found[0] == "/*" else -1
        if depth == 0:
            return found.end()
    return len(text)


def string_end(text, start, opening):
    hashes = opening[:-1]
    position = start + len(opening)
    quotes = '"""' if text.startswith('"""', position - 1) else '"'
    position += len(quotes) - 1
    while position < len(text):
        if text.startswith("\\" + hashes + "(", position):
            position = interpolation_end(text, position + len(hashes) + 2)
        elif text.startswith("\\" + hashes, position):
            position += len(hashes) + 2
        elif text.startswith(quotes + hashes, position):
            return position + len(quotes + hashes)
        else:
            position += 1
    return len(text)


def interpolation_end(text, position):
    depth = 1
    while position < len(text) and depth > 0:
        if found := re.compile(r'#*"').match(text, position):
            position = string_end(text, position, found[0])
            continue
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        position += 1
    return position


# Statements that are there for who reads the code or the log: without them nothing else happens.
REMARKS = re.compile(
    r"(?:precondition|assert|preconditionFailure|assertionFailure|fatalError)\b"
    r"|(?:self\.)?(?:log|logger)\b[.(]")
DECLARATION = re.compile(
    r"\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|private|fileprivate|internal|package|open|static|"
    r"final|mutating|nonmutating|override|prefix|infix|postfix|indirect|nonisolated|consuming|"
    r"borrowing|required|convenience)(?:\(\w+\))?\s+)*"
    r"(?:func|init|subscript|struct|class|enum|extension|protocol|actor|typealias|associatedtype|"
    r"operator|precedencegroup|import|macro)\b")
CONTROL = re.compile(r"(?:guard|if|while|for|switch|do|else|repeat|defer|case|default|catch)\b")


def sites(path, text):
    """All bugs that a source could have, in the order of the text."""
    scanned = Scanned(text)
    excluded = remarks(scanned)
    found = itertools.chain(
        operators(scanned), literals(scanned), extremes(scanned), conditions(scanned),
        statements(scanned))
    made = []
    for kind, start, end, bug, edits in found:
        if any(first <= edits[0][0] < last for first, last in excluded):
            continue
        made.append(Site(
            path, kind, scanned.line(start), scanned.line(max(start, end - 1)),
            joined(scanned.text[start:end]), bug, tuple(Edit(*edit) for edit in edits)))
    return sorted(made, key=lambda site: (site.edits[0].start, KINDS.index(site.kind), site.bug))


def joined(text):
    return " ".join(text.split())


def remarks(scanned):
    """The spans of what must stay: remarks, conditions of compilation, and declarations."""
    spans = []
    for start, line in lines(scanned):
        stripped = line.lstrip()
        begin = start + len(line) - len(stripped)
        if REMARKS.match(stripped):
            bracket = scanned.code.find("(", begin)
            spans.append((begin, scanned.skip(bracket) if bracket >= 0 else begin))
        elif stripped.startswith(("#", "@available")):
            spans.append((start, start + len(line)))
        elif DECLARATION.match(line):
            spans.append((start, declaration_end(scanned, begin)))
    return spans


def lines(scanned):
    for start, line in zip(scanned.line_starts, scanned.code.split("\n")):
        yield start, line


def declaration_end(scanned, start):
    """Where the head of a declaration ends: at its brace, or with its line."""
    position = start
    while position < len(scanned.code):
        character = scanned.code[position]
        if character == "{":
            return position
        if character == "\n" and not re.match(r"\s*(?:where\b|->|\)|async|throws)",
                                              scanned.code[position:]):
            return position
        position = scanned.skip(position) if character in "([" else position + 1
    return position


def clause_text(scanned, start, end):
    """The line around an operator, to be read in a table."""
    first = scanned.line_starts[scanned.line(start) - 1]
    last = scanned.text.find("\n", end)
    last = len(scanned.text) if last < 0 else last
    text = scanned.text[first:last]
    return first + len(text) - len(text.lstrip()), last


ORDER = {
    "<": [("boundary", "<="), ("swapped operands", ">")],
    "<=": [("boundary", "<"), ("swapped operands", ">=")],
    ">": [("boundary", ">="), ("swapped operands", "<")],
    ">=": [("boundary", ">"), ("swapped operands", "<=")],
    "==": [("equality", "!=")],
    "!=": [("equality", "==")],
}
CASES = {"<": "less", "<=": "atMost", ">": "more", ">=": "atLeast", "==": "same", "!=": "other"}


def operators(scanned):
    for found in re.finditer(r"(?<=\s)(<=|>=|==|!=|<|>|&&|\|\||-)(?=\s)", scanned.code):
        sound, (start, end) = found[1], found.span()
        first, last = clause_text(scanned, start, end)
        around = scanned.text

        def changed(wrong):
            return joined(around[first:start] + wrong + around[end:last])

        if sound in ORDER:
            for kind, wrong in ORDER[sound]:
                shape = "Equality" if kind == "equality" else "Order"
                text = f"<~~ {shape}Bug({{id}}, .{CASES[sound]}, .{CASES[wrong]}) ~~>"
                yield kind, first, last, changed(wrong), [(start, end, text)]
        elif sound == "&&":
            yield "and, or", first, last, changed("||"), [(start, end, "<&& AndBug({id}) &&>")]
        elif sound == "||":
            yield "and, or", first, last, changed("&&"), [(start, end, "<|| OrBug({id}) ||>")]
        elif is_lone_difference(scanned, start, end, first, last):
            text = "<-- DifferenceBug({id}) -->"
            bug = changed("- swapped with")
            yield "swapped operands", first, last, bug, [(start, end, text)]


def is_lone_difference(scanned, start, end, first, last):
    """Whether nothing else on the line is added: the operators of a sum would group otherwise."""
    line = scanned.code[first:last]
    return (
        len(re.findall(r"(?<=\s)&?[-+](?=\s)", line)) == 1
        and not re.match(r"[-+]", line)
        and not re.match(r"1\b", scanned.code[end:].lstrip()))


def literals(scanned):
    for found in re.finditer(r"(?<![\w.$#])(\d[\d_]*|true|false)(?![\w.]|\s*:)", scanned.code):
        start, end = found.span()
        first, last = clause_text(scanned, start, end)
        before = scanned.code[first:start]
        if re.match(r"case\b", before) or is_type(scanned, start):
            continue
        if found[1] in ("true", "false"):
            options = [("boolean", "false" if found[1] == "true" else "true")]
        else:
            value = int(found[1].replace("_", ""))
            step = value == 1 and re.search(r"[-+]=? $", before)
            kind = "off by one" if step else "constant"
            options = [(kind, str(value + 1))] + [(kind, str(value - 1))] * (value > 0)
        for kind, wrong in options:
            bug = joined(scanned.text[first:start] + wrong + scanned.text[end:last])
            yield kind, first, last, bug, [
                (start, end, f"mutated({{id}}, {scanned.text[start:end]}, {wrong})")]


def is_type(scanned, start):
    """Whether a literal is part of a type, as the 4 of `InlineArray<4, UInt8>`."""
    return re.search(r"\w<[^<>\s]*$", scanned.code[max(0, start - 40):start]) is not None


def extremes(scanned):
    for found in re.finditer(r"(?<![\w.])(min|max)\(", scanned.code):
        name, start = found[1], found.start()
        first, last = clause_text(scanned, start, found.end())
        wrong = "max" if name == "min" else "min"
        bug = joined(
            scanned.text[first:start] + wrong + scanned.text[found.end() - 1:last])
        yield "least, most", first, last, bug, [
            (start, found.end(), f"mutated{name.capitalize()}({{id}}, ")]


def conditions(scanned):
    """The clauses of conditions that are plain: those that bind a name must stay."""
    for found in re.finditer(r"(?<![\w.#`])(guard|if|while|where)\b(?=\s)", scanned.code):
        word = found[1]
        line = scanned.code[scanned.line_starts[scanned.line(found.start()) - 1]:found.start()]
        is_label = word == "where" and re.match(r"\s*(?:case|catch|\} catch)\b", line) is not None
        end = condition_end(scanned, found.end(), word, is_label)
        if end is None:
            continue
        for start, last in clauses(scanned, found.end(), end):
            clause = scanned.code[start:last]
            if re.match(r"(?:let|var|case)\b|#|true$", clause) or "await " in clause:
                continue
            attempt = re.match(r"try\s+", clause)
            begin = start + (len(attempt[0]) if attempt else 0)
            text = joined(scanned.text[start:last])
            if word != "while":
                yield "dropped condition", start, last, f"{word} true", [
                    (begin, begin, "("), (last, last, ") || isOn({id})")]
            if word != "guard":
                yield "negated condition", start, last, f"{word} !({text})", [
                    (begin, begin, "("), (last, last, ") != isOn({id})")]


def condition_end(scanned, position, word, is_label):
    """Where a condition ends: at the `else` of a guard, at the colon of a label, or at a brace."""
    while position < len(scanned.code):
        character = scanned.code[position]
        if word == "guard" and re.match(r"else\b", scanned.code[position:position + 5]):
            return position
        if is_label and character == ":":
            return position
        if character == "{" and word != "guard" and not is_label:
            return position
        if character in ")]}":
            return None
        position = scanned.skip(position) if character in "([{" else position + 1
    return None


def clauses(scanned, start, end):
    """The spans between the commas of a condition, without the space around them."""
    position = begin = start
    while position <= end:
        character = scanned.code[position] if position < end else ","
        if character == ",":
            clause = scanned.code[begin:position]
            if clause.strip():
                lead = len(clause) - len(clause.lstrip())
                yield begin + lead, begin + len(clause.rstrip())
            begin = position + 1
        position = scanned.skip(position) if character in "([{" else position + 1


CALL = re.compile(r"(?:_ = )?(?:try[?!]? )?(?:await )?[a-z_]\w*(?:[.?!]|\w|\[[^\[\]]*\])*(?:\(| ?\{)")
ASSIGNMENT = re.compile(r"[a-z_][\w.?!]*(?:\[[^=]*\])?[\w.?!]* (?:[-+*/|&^]|&[-+*]|<<|>>)?= ")
NO_STATEMENT = re.compile(
    r"(?:guard|if|while|for|switch|do|else|repeat|defer|case|default|catch|return|throw|let|var|"
    r"break|continue|fallthrough|func|init|super|self\.init|self =|static|private|import|in|"
    r"withExtendedLifetime|yield|get|set|willSet|didSet|_read|_modify)\b")


def statements(scanned):
    """Calls for what they do, and assignments, that fill whole lines."""
    code = scanned.code
    for start, line in lines(scanned):
        stripped = line.strip()
        begin = start + len(line) - len(line.lstrip())
        if not stripped or NO_STATEMENT.match(stripped) or REMARKS.match(stripped):
            continue
        is_assignment = ASSIGNMENT.match(stripped) is not None
        if not is_assignment and not CALL.match(stripped):
            continue
        brace = scanned.opener[begin]
        if brace is None or code[brace] != "{" or continues(code[:begin].rstrip()):
            continue
        end = statement_end(scanned, begin)
        if end is None or not may_drop(scanned, brace, begin, end, is_assignment):
            continue
        yield "dropped statement", begin, end, "nothing", [
            (begin, begin, "if !isOn({id}) { "), (end, end, " }")]


def continues(before):
    """Whether what ends like this goes on in the next line."""
    if re.search(r"\b(?:return|try|await|throw|else)$", before):
        return True
    if before.endswith(":"):  # After a label of a switch a statement begins.
        return not re.match(r"\s*(?:case|default|@unknown)\b", before[before.rfind("\n") + 1:])
    return before[-1:] in ("=", ",", "(", "[", "+", "-", "*", "/", "&", "|", "<", ">", "?", ".")


def statement_end(scanned, position):
    code = scanned.code
    while position < len(code):
        character = code[position]
        if character == "}":
            return None
        if character == "\n":
            following = code[position:].lstrip()
            if not continues(code[:position].rstrip()) and not re.match(
                    r"[.?:]|(?:[-+*/&|<>=]+|\?\?)\s|else\b|catch\b|\{", following):
                return len(code[:position].rstrip())
        if character == ";":
            return None
        position = scanned.skip(position) if character in "([{" else position + 1
    return None


TYPE = re.compile(r"(?:.*\s)?(?:struct|class|enum|extension|protocol|actor)\s+\w", re.DOTALL)


def may_drop(scanned, brace, begin, end, is_assignment):
    header = scanned.header(brace)
    if TYPE.match(header) and not re.search(r"\b(?:func|init|var)\b", header):
        return False
    if is_assignment:
        # What an initializer assigns is demanded by the compiler.
        return not any(
            re.search(r"\binit[?!]?[(<]", scanned.header(around))
            for around in scanned.around(begin) if scanned.code[around] == "{")
    before = re.sub(r"^[^\n]*\bin\s*\n", "", scanned.code[brace + 1:begin])
    if before.strip() or scanned.code[end:scanned.pairs.get(brace, end)].strip():
        return True
    # What stands alone may be the value of what is around it.
    if re.search(r"\bfunc\b", header):
        return "->" not in header[header.rfind(")"):]
    return CONTROL.match(header.lstrip("} ")) is not None


def sample(found, budget, seed, refused=()):
    """As many bugs of each kind as possible, at most one in any line of a file, none of one name.

    What became of a bug is kept by its name: of places that read the same one is drawn. Each has
    its lot, which depends on the seed and its name alone. So where the sources change, or one is
    refused, others take the place, and the rest of the choice stays.
    """
    piles = {kind: [] for kind in KINDS}
    for site in sorted(found, key=lambda site: lot(seed, site.name), reverse=True):
        piles[site.kind].append(site)
    taken, lines_taken, names_taken = [], set(), set(refused)
    while len(taken) < budget and any(piles.values()):
        for kind in TURNS:
            while piles[kind] and len(taken) < budget:
                site = piles[kind].pop()
                covered = {(site.path, line) for line in range(site.line, site.last_line + 1)}
                if site.name not in names_taken and not covered & lines_taken:
                    lines_taken |= covered
                    names_taken.add(site.name)
                    taken.append(site)
                    break
    return taken


def lot(seed, name):
    return hashlib.sha256(f"{seed} {name}".encode()).digest()


def rewritten(text, numbered):
    """The source with all of `numbered`, pairs of a number and a site, none of them on.

    Every line keeps its number, so that what the compiler says can be understood.
    """
    edits = [
        (edit.start, edit.end, edit.text.replace("{id}", str(number)))
        for number, site in numbered for edit in site.edits]
    for start, end, replacement in sorted(edits, reverse=True):
        text = text[:start] + replacement + text[end:]
    return "public import Mutation; " + text
