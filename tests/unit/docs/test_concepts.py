"""The page of concepts shows the life cycle as it is."""

from tests.unit.docs.life_cycle import diagram
from tests.unit.docs.markdown import blocks, read


def test_the_diagram_is_the_life_cycle_of_the_code() -> None:
    (drawn,) = [block.text for block in blocks(read("docs/explanation/concepts.md")) if block.language == "mermaid"]

    assert drawn == diagram()
