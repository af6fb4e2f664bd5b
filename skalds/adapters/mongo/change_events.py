"""What a controller asks of its change stream: the lines of the feed and its own marks, and nothing else."""

from skalds.adapters.mongo.connection import Document
from skalds.adapters.mongo.feed_line import TOLD

_UPDATED = "updateDescription.updatedFields"
_WRITES = ["insert", "replace", "update"]


def pipeline(tasks: str, marks: str, mark_name: str) -> list[Document]:
    """Events as `{told}`, or `{mark, clusterTime}` for those of the mark with this name.

    Writes that are no new version, such as a timer that rings, leave the line as it was and are not told.
    """
    # A mark is inserted the first time; from then on, and in all that is told of tasks, only one of both is there.
    told = {"$ifNull": [f"${_UPDATED}.{TOLD}", f"$fullDocument.{TOLD}"]}
    mark = {"$ifNull": [f"${_UPDATED}.number", "$fullDocument.number"]}
    is_mark = {"$eq": ["$ns.coll", marks]}
    is_line = {"$or": [{f"{_UPDATED}.{TOLD}": {"$type": "string"}}, {f"fullDocument.{TOLD}": {"$type": "string"}}]}
    is_ours = {"$or": [{"ns.coll": tasks, **is_line}, {"ns.coll": marks, "documentKey._id": mark_name}]}
    return [
        {"$match": {"operationType": {"$in": _WRITES}, **is_ours}},
        {
            "$project": {
                "told": {"$cond": [is_mark, "$$REMOVE", told]},
                "mark": {"$cond": [is_mark, mark, "$$REMOVE"]},
                "clusterTime": {"$cond": [is_mark, "$clusterTime", "$$REMOVE"]},
            }
        },
    ]
