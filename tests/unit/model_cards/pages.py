"""A strict reader of rendered pages: what a content security policy and a reader would see."""

from html.parser import HTMLParser

_VOID = {"meta", "link", "br", "hr", "img", "input"}
_SVG_LEAVES = {"path", "rect", "line", "circle"}


class Page(HTMLParser):
    """Tags, attributes, ids and text of a page; refuses tags that do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.style = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == [], f"tags left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in _VOID | _SVG_LEAVES, f"<{tag}/> cannot close itself"
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> does not match"

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "style":
            self.style += data
        else:
            self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    def names(self) -> set[str]:
        return {tag for tag, _ in self.tags}

    def values(self, attribute: str) -> list[str]:
        return [v for _, attrs in self.tags if (v := attrs.get(attribute)) is not None]


def assert_self_contained(html: str) -> Page:
    """No script, no style attribute, no handler, no request, unique ids, live anchors."""
    page = Page(html)
    assert page.names().isdisjoint(
        {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    )
    attributes = {name for _, attrs in page.tags for name in attrs}
    assert not [name for name in attributes if name.startswith("on")]
    assert attributes.isdisjoint({"style", "src", "srcset", "action", "formaction", "xlink:href"})
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    for target in page.values("href"):
        assert target.startswith("#")
        assert target[1:] in ids
    for names in page.values("aria-labelledby"):
        assert set(names.split()) <= set(ids)
    assert len(html.encode()) <= 250_000
    return page
