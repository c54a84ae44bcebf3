from xml.dom.minidom import Document, Element, parseString

from tests.unit.governance.world import FAILING, THIN_CROSS, Cast


def parsed(text: str) -> Document:
    return parseString(text)  # noqa: S318 (our own output, written in this test)


def cases(document: Document) -> dict[str, Element]:
    return {item.getAttribute("name"): item for item in document.getElementsByTagName("testcase")}


def children(case: Element) -> list[str]:
    return [item.tagName for item in case.childNodes if isinstance(item, Element)]


def test_a_violated_rule_is_a_failure_and_too_little_evidence_an_error(play: Cast) -> None:
    world, function = play.world, play.function
    world.assess(function, play.hold_out, FAILING)
    failed = cases(parsed(world.gate(function).to_junit()))
    assert children(failed["di [race]"]) == ["failure"]
    assert children(failed["di [sex]"]) == []
    world.assess(function, play.hold_out, THIN_CROSS)
    thin = cases(parsed(world.gate(function).to_junit()))
    assert children(thin["di-cross [race x sex]"]) == ["error"]
    message = thin["di-cross [race x sex]"].getElementsByTagName("error")[0]
    assert "rows" in message.getAttribute("message")
    assert not any("skipped" in children(case) for case in thin.values())


def test_the_suites_counts_agree_with_its_cases(play: Cast) -> None:
    world, function = play.world, play.function
    world.assess(function, play.hold_out, THIN_CROSS)
    document = parsed(world.gate(function).to_junit())
    suite = document.getElementsByTagName("testsuite")[0]
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        assert int(suite.getAttribute(attribute)) == len(document.getElementsByTagName(tag)) > 0


def test_a_waived_finding_passes_and_says_so(play: Cast) -> None:
    world, function = play.world, play.function
    waiver = world.waive(function, world.assess(function, play.hold_out, THIN_CROSS), play.officer)
    case = cases(parsed(world.gate(function).to_junit()))["di-cross [race x sex]"]
    assert children(case) == ["system-out"]
    assert waiver in case.toxml()
