"""An inspection on the whole terminal: layers, the tree by size, blame, search, content, waste and secrets.

Only this module needs textual, which the extra `tui` brings. Nothing of an image is taken for markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Final

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Input, Label, OptionList, Static, TabbedContent, TabPane, Tree
from textual.widgets.option_list import Option
from textual.widgets.tree import TreeNode

from jettison.errors import JettisonError
from jettison.inspect.model import Inspection
from jettison.inspect.scan import Result
from jettison.layers.path import decode_path, printable
from jettison.report.inspection.explore import FINAL, MAX_FOUND, Explorer, Item, shown
from jettison.report.inspection.screen import secret_line
from jettison.report.terminal import size

_CHILDREN: Final = 1000
"""Entries of one folder that are shown; the smaller ones are counted."""
_HELP: Final = """\
arrows, Enter   walk through the tree, open and close folders; the largest come first
Tab             next pane
l               layers: what one of them brought, dead files included, or the final image
/               search all layers; words that a path holds, Enter to go to the results
Escape          back to the tree
v               view a file
e               extract a file to a new file; nothing is ever overwritten
d w s           details, waste, secrets
?               this help
q               quit"""


class Page(ModalScreen[None]):
    """A text that fills the screen."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,v,question_mark", "dismiss", "Back")]
    CSS = "Page { align: center middle; } #page { width: 94%; height: 90%; border: round $primary; }"

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = title
        self._text = text

    def compose(self) -> ComposeResult:
        """The text, and what closes it."""
        with VerticalScroll(id="page") as box:
            box.border_title = Text(self._title)
            box.border_subtitle = "Escape: back"
            yield Static(Text(self._text))


class Question(ModalScreen[str]):
    """Asks for the name of a file; empty if it was not given."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Back")]
    CSS = "Question { align: center middle; } #ask { width: 70%; height: auto; border: round $primary; }"

    def __init__(self, question: str, answer: str) -> None:
        super().__init__()
        self._question = question
        self._answer = answer

    def compose(self) -> ComposeResult:
        """The question and a line to answer it."""
        with Vertical(id="ask"):
            yield Label(Text(self._question))
            yield Input(self._answer, id="answer")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The answer."""
        self.dismiss(event.value)


class InspectionApp(App[None]):
    """Walks through one inspected image."""

    TITLE = "jettison inspect"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #layers { width: 38; border: round $primary; }
    #right { width: 1fr; }
    #tree { height: 2fr; border: round $primary; }
    #found { height: 2fr; border: round $accent; display: none; }
    #panes { height: 1fr; min-height: 9; }
    #search { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "layers", "Layers"),
        Binding("slash", "search", "Search"),
        Binding("v", "view", "View"),
        Binding("e", "extract", "Extract"),
        Binding("d", "pane('details')", "Details"),
        Binding("w", "pane('waste')", "Waste"),
        Binding("s", "pane('secrets')", "Secrets"),
        Binding("escape", "tree", "Tree"),
        Binding("question_mark", "help", "Help"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, result: Result) -> None:
        super().__init__()
        self._explorer = Explorer(result)
        self._view = FINAL
        self._item = self._explorer.root()
        self._found: list[Item] = []

    # --- what is on the screen
    def compose(self) -> ComposeResult:
        """Layers on the left; the tree, or what was found, over the panes on the right."""
        document = self._explorer.document
        with Horizontal():
            yield OptionList(*_layer_options(document), id="layers")
            with Vertical(id="right"):
                yield Input(placeholder="words that a path of any layer holds", id="search")
                yield Tree(Text("/"), id="tree")
                yield OptionList(id="found")
                with TabbedContent(id="panes"):
                    with TabPane("Details", id="details"):
                        yield VerticalScroll(Static(id="blame"))
                    with TabPane("Waste", id="waste"):
                        yield OptionList(*_waste_options(document), id="wastes")
                    with TabPane("Secrets", id="secrets"):
                        yield OptionList(*_secret_options(document), id="leaks")
        yield Footer()

    def on_mount(self) -> None:
        """Begin with the final image."""
        self.query_one("#layers").border_title = Text(printable(self._explorer.document.image.reference))
        self._fill()
        self.query_one(Tree).focus()

    def _fill(self) -> None:
        tree: Tree[Item] = self.query_one(Tree)
        root = self._explorer.root(self._view)
        tree.clear()
        tree.root.data = root
        tree.root.set_label(_label(root))
        tree.border_title = "final image" if self._view == FINAL else f"what layer {self._view} brought"
        self._open(tree.root)
        tree.root.expand()
        self._show(root)

    def _open(self, node: TreeNode[Item]) -> None:
        if node.data is None or node.children:
            return
        children = self._explorer.children(node.data.path, self._view)
        for item in children[:_CHILDREN]:
            node.add(_label(item), item, allow_expand=item.is_folder)
        if rest := children[_CHILDREN:]:
            node.add_leaf(Text(f"… {len(rest)} more, {size(sum(item.size for item in rest))}", "dim"))

    def _show(self, item: Item) -> None:
        self._item = item
        self.query_one("#blame", Static).update(Text("\n".join(self._explorer.blame(item))))

    # --- what happens on it
    def on_tree_node_expanded(self, event: Tree.NodeExpanded[Item]) -> None:
        """A folder is read when it is opened."""
        self._open(event.node)

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[Item]) -> None:
        """Say who brought it."""
        if event.node.data is not None:
            self._show(event.node.data)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A layer, or a file that was found."""
        if event.option_list.id == "layers":
            self._view = event.option_index - 1
            self.action_tree()
            self._fill()
        elif event.option_list.id == "found":
            self.action_view()
        elif path := (event.option.id or "").partition("\0")[0]:
            self._find("/" + path)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say who brought what was found."""
        if event.option_list.id == "found":
            self._show(self._found[event.option_index])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Search."""
        if event.input.id == "search":
            self._find(event.value)

    def _find(self, words: str) -> None:
        exact = decode_path(words[1:]) if words.startswith("/") else None
        self._found = self._explorer.search(words.removeprefix("/") if exact is None else words[1:])
        if exact is not None:
            self._found = [item for item in self._found if item.path == exact] or self._found
        results = self.query_one("#found", OptionList)
        results.clear_options()
        results.add_options([Option(_found_label(item)) for item in self._found])
        most = " (the largest)" if len(self._found) == MAX_FOUND else ""
        results.border_title = Text(f"{len(self._found)} found{most}")
        self._swap(found=True)
        results.focus()
        if self._found:
            results.highlighted = 0
            self._show(self._found[0])

    def _swap(self, *, found: bool) -> None:
        self.query_one("#found").display = found
        self.query_one(Tree).display = not found

    # --- what the keys do
    def action_layers(self) -> None:
        """Choose a layer."""
        self.query_one("#layers").focus()

    def action_tree(self) -> None:
        """Back to the tree."""
        self.query_one("#search").display = False
        self._swap(found=False)
        self.query_one(Tree).focus()

    def action_search(self) -> None:
        """Ask what to search for."""
        line = self.query_one("#search", Input)
        line.display = True
        line.focus()

    def action_pane(self, name: str) -> None:
        """Show one of the panes, and go there."""
        self.query_one("#panes", TabbedContent).active = name
        if name != "details":
            self.query_one("#wastes" if name == "waste" else "#leaks").focus()

    def action_view(self) -> None:
        """Show the content of the file."""
        item = self._item
        try:
            self.push_screen(Page(f"/{item.title}", shown(self._explorer.head(item))))
        except JettisonError as error:
            self._refuse(error)

    def action_extract(self) -> None:
        """Write the file to a new one."""
        item = self._item

        def write(answer: str | None) -> None:
            if not answer:
                return
            try:
                count = self._explorer.extract(item, Path(answer).expanduser())
            except JettisonError as error:
                self._refuse(error)
            else:
                self.notify(f"{size(count)} written to {printable(answer)}", markup=False)

        self.push_screen(Question(f"extract /{item.title} to the new file", item.title.strip("/")), write)

    def action_help(self) -> None:
        """Say what the keys do."""
        self.push_screen(Page("keys", _HELP))

    def _refuse(self, error: JettisonError) -> None:
        self.notify(printable(f"{error}. {error.hint}".rstrip(". ")), severity="error", markup=False)


# --- lines
def _label(item: Item) -> Text:
    text = Text(f"{size(item.size):>8}  ", "bold cyan" if item.is_folder else "cyan")
    text.append(item.title + ("/" if item.is_folder and item.path else ""), "" if item.node else "dim")
    if item.hidden_by is not None:
        text.append(f"  hidden by layer {item.hidden_by}", "red")
    elif not item.is_folder:
        text.append(f"  layer {item.layer}", "dim")
    return text


def _found_label(item: Item) -> Text:
    text = Text(f"{size(item.size):>8}  layer {item.layer:<3} ", "cyan")
    text.append("/" + printable(item.path.decode(errors="replace")), "")
    if item.hidden_by is not None:
        text.append(f"  hidden by layer {item.hidden_by}", "red")
    return text


def _layer_options(found: Inspection) -> Iterable[Option]:
    yield Option(Text(f"{size(found.sizes.reachable):>8}  final image", "bold"))
    for layer in found.layers:
        dead = f" {size(layer.dead)} dead" if layer.dead else ""
        text = Text(f"{size(layer.on_disk):>8}  {layer.index}", "cyan", no_wrap=True, overflow="ellipsis")
        text.append(dead, "red").append(" " + printable(layer.text or "(no record)")[:90], "dim")
        yield Option(text)


def _waste_options(found: Inspection) -> Iterable[Option]:
    if not found.waste:
        yield Option(Text("no waste was found"), disabled=True)
    for waste in found.waste:
        text = Text(f"{size(waste.size):>8}  ", "yellow").append(printable(waste.title), "bold")
        text.append(f"  → {printable(waste.remedy)}", "green")
        yield Option(text, id=_once(waste.samples[0] if waste.samples else "", waste.id))


def _once(path: str, identity: str) -> str:
    """The id of an option: the path that it leads to, told apart from others of the same path."""
    return f"{path}\0{identity}" if path else f"\0{identity}"


def _secret_options(found: Inspection) -> Iterable[Option]:
    if not found.secrets:
        yield Option(
            Text("no secret was found" if found.secrets is not None else "not looked for"), disabled=True
        )
    for number, secret in enumerate(found.secrets or ()):
        path = secret.path if secret.place == "file" else ""
        yield Option(Text.from_markup(secret_line(secret)), id=_once(path, str(number)))
