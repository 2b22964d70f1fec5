"""HTML that cannot be forgotten to escape: text is escaped unless it is already markup."""

import html


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: str) -> Markup:
    """One element; children and attribute values are escaped unless they are `Markup`.

    A trailing underscore of an attribute's name is dropped and inner ones become hyphens: `class_`, `aria_label`.

    >>> element("p", "1 < 2, ", element("b", "so"), class_="note")
    '<p class="note">1 &lt; 2, <b>so</b></p>'
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(value)}"' for name, value in attributes.items()
    )
    inside = "".join(escape(child) for child in children)
    return (
        Markup(f"<{tag}{written}>{inside}</{tag}>") if tag not in ("img", "meta", "br") else Markup(f"<{tag}{written}>")
    )


def escape(text: str) -> Markup:
    """`text` as markup that shows it as it is."""
    return text if isinstance(text, Markup) else Markup(html.escape(text))


def join(*parts: str) -> Markup:
    """Pieces of markup one after the other."""
    return Markup("\n".join(escape(part) for part in parts if part))


def table(caption: str, head: tuple[str, ...], rows: list[tuple[str, ...]], **attributes: str) -> Markup:
    """A table with a caption, a head and rows; the first cell of a row is its heading."""
    top = element("tr", *(element("th", cell, scope="col") for cell in head))
    body = (
        element("tr", element("th", first, scope="row"), *(element("td", c) for c in rest)) for first, *rest in rows
    )
    inside = element("caption", caption), element("thead", top), element("tbody", *body)
    return element("div", element("table", *inside, **attributes), class_="scroll")
