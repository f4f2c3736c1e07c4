"""Uploads by tuspy, told what to do by a JSON object on standard input; says what came of it as JSON."""

import asyncio
import json
import sys

from tusclient import client
from tusclient.exceptions import TusCommunicationError, TusUploadFailed
from tusclient.storage.filestorage import FileStorage


class Broken(bytes):
    """Says a checksum that is not that of the bytes."""

    def digest(self):
        return bytes(20)


def uploader(task, **settings):
    tus = client.TusClient(task["endpoint"], headers=task["headers"])
    settings = dict(chunk_size=task["chunk"], metadata=task["metadata"], upload_checksum=True, **settings)
    return tus, settings


def whole(task):
    """A file in pieces, each with its checksum."""
    tus, settings = uploader(task)
    up = tus.uploader(task["file"], **settings)
    up.upload()
    return {"url": up.url, "offset": up.offset}


def asynchronous(task):
    """The same over aiohttp."""
    tus, settings = uploader(task)
    up = tus.async_uploader(task["file"], **settings)
    asyncio.run(up.upload())
    return {"url": up.url, "offset": up.offset}


def resumed(task):
    """A file that is left half-way, and gone on with by what the storage knows of it."""
    storage = FileStorage(task["storage"])
    tus, settings = uploader(task, store_url=True, url_storage=storage)
    first = tus.uploader(task["file"], **settings)
    first.upload(stop_at=task["stop"])
    second = tus.uploader(task["file"], **settings)
    begun = second.offset
    second.upload()
    return {"url": second.url, "same": second.url == first.url, "begun": begun, "left": first.offset, "offset": second.offset}


def changed(task):
    """A piece that changes on the way, then the right one."""
    tus, settings = uploader(task)
    up = tus.uploader(task["file"], **settings)
    right = up._BaseUploader__checksum_algorithm
    up._BaseUploader__checksum_algorithm = Broken
    try:
        up.upload_chunk()
        status = None
    except TusUploadFailed as failed:
        status = failed.status_code
    stands = up.get_offset()
    up._BaseUploader__checksum_algorithm = right
    up.upload()
    return {"url": up.url, "status": status, "stands": stands, "offset": up.offset}


def gone(task):
    """An upload that is not there any more."""
    tus, settings = uploader(task)
    try:
        tus.uploader(task["file"], url=task["url"], **settings)
        return {"status": None}
    except TusCommunicationError as failed:
        return {"status": failed.status_code}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps(globals()[asked["do"]](asked)))
