"""What bugs a source can have, and what it is rewritten to. Run by Scripts/test."""
import pathlib
import tempfile
import unittest

from mutation import sites, survivors


def found(text, kind=None):
    return [site for site in sites.sites("A.swift", text) if kind in (None, site.kind)]


def body(*lines):
    """A function with these lines, one of which is the first of two."""
    return "func f() {\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def planted(text, kind):
    """The text with the first bug of a kind in it, without the import."""
    (first, *_) = found(text, kind)
    return sites.rewritten(text, [(7, first)]).removeprefix("public import Mutation; ")


class Mask(unittest.TestCase):
    def test_comments_and_strings_are_not_code(self):
        for text in (
                "a // < b", "a /* < /* < */ < */ b", 'a("<")', 'a("\\(b < "<")")', 'a("\\"<")',
                'a(#"\\"<"#)', 'a("""\n  "<" \\(b < c)\n  """)'):
            masked = sites.mask(text)
            self.assertEqual(len(masked), len(text))
            self.assertNotIn("<", masked, text)
            self.assertEqual(masked.count("\n"), text.count("\n"))

    def test_what_follows_a_string_is_code(self):
        for text in ('"a" < b', '"" < b', '#"a"# < b', '"""\na\n""" < b', '"\\(a("b"))" < b'):
            self.assertTrue(sites.mask(text).endswith(" < b"), text)


class Operators(unittest.TestCase):
    def test_a_comparison_has_a_boundary_and_operands(self):
        text = body("g(a + 2 < b)", "h()")
        self.assertIn("g(a + 2 <~~ OrderBug(7, .less, .atMost) ~~> b)", planted(text, "boundary"))
        self.assertIn(
            "g(a + 2 <~~ OrderBug(7, .less, .more) ~~> b)", planted(text, "swapped operands"))

    def test_type_parameters_are_no_comparison(self):
        for text in (
                "struct A<T>: B where T == C {}", "func f<T>() -> T where T == Int { g() }",
                "static func < (a: A, b: A) -> Bool { g(a) }", "let a: Set<Int> = []",
                "extension A\nwhere B == C {\n    let a: Int\n}"):
            self.assertEqual(found(text, "boundary") + found(text, "equality"), [], text)

    def test_the_body_beside_a_head_has_bugs(self):
        text = "func f(_ a: Int) -> Bool { a == b }"
        self.assertEqual(len(found(text, "equality")), 1)

    def test_only_a_lone_difference_is_turned_round(self):
        kind = "swapped operands"
        self.assertIn("a <-- DifferenceBug(7) --> b", planted(body("g(a - b)", "h()"), kind))
        self.assertEqual(found(body("g(a - b - c)", "h()"), kind), [])
        self.assertEqual(found(body("g(a - 1)", "h()"), kind), [])

    def test_literals(self):
        self.assertIn("a + mutated(7, 1, ", planted(body("g(a + 1)", "h()"), "off by one"))
        self.assertIn("mutated(7, 1_000, 1001)", planted("let a = 1_000", "constant"))
        self.assertIn("mutated(7, true, false)", planted("let a = true", "boolean"))
        for text in ("case 1: f()", "case a = 1", "a.0", "x1", "let a: InlineArray<4, UInt8>"):
            self.assertEqual(found(text, "constant"), [], text)


class Conditions(unittest.TestCase):
    def test_a_clause_of_a_guard_is_dropped_and_what_binds_stays(self):
        text = body("guard let a, b(a, c), case .d = e else { return }")
        self.assertEqual(len(found(text, "dropped condition")), 1)
        self.assertIn(
            "guard let a, (b(a, c)) || isOn(7), case .d = e else",
            planted(text, "dropped condition"))
        self.assertEqual(found(text, "negated condition"), [])

    def test_a_clause_of_an_if_is_negated(self):
        text = body("if a.b { c() } else if try d { e() }")
        self.assertIn("if (a.b) != isOn(7) {", planted(text, "negated condition"))
        last = found(text, "negated condition")[-1]
        self.assertIn("if try (d) != isOn(7) {", sites.rewritten(text, [(7, last)]))

    def test_a_loop_is_not_made_endless(self):
        text = body("while a < b { c() }", "while true { c() }")
        self.assertEqual(found(text, "dropped condition"), [])
        self.assertEqual(len(found(text, "negated condition")), 1)

    def test_a_label_ends_with_its_colon(self):
        text = body("switch a {", "case .b where c.contains { d }: e()", "}")
        self.assertIn(
            "case .b where (c.contains { d }) || isOn(7): e()", planted(text, "dropped condition"))

    def test_clauses_of_several_lines(self):
        text = body("guard a,", "    b || c", "else { return }")
        self.assertEqual([site.line for site in found(text, "dropped condition")], [2, 3])


class Statements(unittest.TestCase):
    kind = "dropped statement"

    def test_calls_and_assignments_go_with_all_their_lines(self):
        text = body("a.b(", "    c, d)", "e[f].g += 2", "try h { i in", "    j()", "}")
        self.assertEqual(
            [(site.line, site.last_line) for site in found(text, self.kind)],
            [(2, 3), (4, 4), (5, 7)])
        self.assertIn("    if !isOn(7) { a.b(\n        c, d) }\n", planted(text, self.kind))

    def test_parts_of_others_stay(self):
        for text in (
                body("return", "    a()"), body("let a =", "    b()"), body("a(", "    b(), c())")):
            self.assertNotIn(3, [site.line for site in found(text, self.kind)], text)

    def test_what_may_be_a_value_stays(self):
        for text in (
                "var a: Int {\n    b()\n}", "func f() -> Int {\n    b()\n}", "let a = b.map {\n"
                "    c($0)\n}", "struct A {\n    b = 2\n}", "init() {\n    self.a = a\n}"):
            self.assertEqual(found(text, self.kind), [], text)

    def test_a_lone_statement_of_a_function_goes(self):
        self.assertEqual(len(found("func f(\n    a: A\n) {\n    b()\n}", self.kind)), 1)

    def test_a_lone_statement_of_a_condition_goes(self):
        for text in (body("b()", "if a {", "    c()", "}"), body("if a,", "    b", "{", "    c()", "}")):
            self.assertEqual(found(text, self.kind)[-1].source, "c()", text)

    def test_remarks_stay(self):
        for text in ("precondition(a < b)", 'log.info("\\(a)")', "assert(a == 2,", "fatalError()"):
            self.assertEqual(found(body(text, ")") if text.endswith(",") else body(text)), [])


class Choice(unittest.TestCase):
    text = body(*(f"a{position}(b < {position}, c)" for position in range(40)))

    def choose(self, seed, refused=()):
        return sites.sample(found(self.text), 10, seed, refused)

    def test_a_seed_decides(self):
        self.assertEqual(self.choose("1 A"), self.choose("1 A"))
        self.assertNotEqual(self.choose("1 A"), self.choose("2 A"))

    def test_no_line_holds_two(self):
        lines = [site.line for site in self.choose("1 A")]
        self.assertEqual(len(set(lines)), 10)

    def test_places_that_read_the_same_are_drawn_once(self):
        twice = body(*["a(b < c)", "d()"] * 2, "e(f == g)")
        taken = [site.name for site in sites.sample(found(twice), 40, "1 A")]
        self.assertEqual(len(taken), len(set(taken)))
        self.assertIn("A.swift | dropped statement | d() | nothing", taken)
        refused = set(taken)
        self.assertFalse(
            refused & {site.name for site in sites.sample(found(twice), 40, "1 A", refused)})

    def test_what_is_refused_makes_room_and_the_rest_stays(self):
        first = self.choose("1 A")
        second = self.choose("1 A", {first[3].name})
        self.assertEqual(len(second), 10)
        self.assertNotIn(first[3], second)
        self.assertEqual(first[:3], second[:3])

    def test_a_change_elsewhere_leaves_the_choice_as_it_is(self):
        changed = self.text + "func g() {\n    h(i < j)\n    return\n}\n"
        names = [site.name for site in self.choose("1 A")]
        again = [site.name for site in sites.sample(found(changed), 10, "1 A")]
        self.assertGreaterEqual(len(set(names) & set(again)), 8)

    def test_lines_keep_their_numbers(self):
        numbered = list(enumerate(self.choose("1 A"), 1))
        after = sites.rewritten(self.text, numbered)
        self.assertEqual(after.count("\n"), self.text.count("\n"))
        for number, site in numbered:
            self.assertRegex(after.split("\n")[site.line - 1], rf"\({number}\b")


class Scores(unittest.TestCase):
    def test_equivalent_bugs_count_neither_way_and_the_score_is_rounded_down(self):
        score = survivors.Score()
        score.found, score.equivalent, score.missed = 17, 3, 2
        self.assertEqual(score.planted, 22)
        self.assertEqual(score.hundredths, 89)

    def test_what_was_measured_before_tests_were_written_stays_beside_what_is_found_since(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "measures.txt"
            path.write_text("# Seeds.\n\n3 BFTNode 17 19 19\n")
            (measure,) = survivors.measures(path)
        self.assertEqual(
            list(survivors.independent_lines([measure]))[-1],
            "| 3 | BFTNode | 17 of 19 | 89 % | 19 of 19 | 100 % |")


if __name__ == "__main__":
    unittest.main()
