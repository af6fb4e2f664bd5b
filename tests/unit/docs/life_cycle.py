"""The life cycle as a diagram, drawn from the table that the code goes by."""

from skalds.planning.lifecycle import LIFE_CYCLE


def diagram() -> str:
    """A Mermaid state diagram: one arrow per move, with its occasion and who makes it."""
    arrows = [
        f"    {move.source.value} --> {move.target.value}: {move.occasion} ({', '.join(sorted(move.actors))})"
        for move in LIFE_CYCLE
    ]
    return "\n".join(["stateDiagram-v2", "    [*] --> created: submitted", *arrows]) + "\n"
