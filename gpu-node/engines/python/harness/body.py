"""Reads bodies, bounded while they stream in and kept in memory: nothing of a caller touches the disk."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from .fault import invalid, too_large

MAX_FIELDS = 32
MAX_FIELD_BYTES = 64 * 1024


async def read_bytes(request: Request, max_bytes: int) -> bytes:
    return b"".join([part async for part in _bounded(request, max_bytes)])


async def read_json(request: Request, max_bytes: int) -> dict[str, object]:
    raw = await read_bytes(request, max_bytes)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise invalid("body", "is no JSON") from None
    if not isinstance(body, dict):
        raise invalid("body", "must be a JSON object")
    return body


async def read_form(request: Request, max_bytes: int) -> FormData:
    parser = MultiPartParser(
        request.headers,
        _bounded(request, max_bytes),
        max_files=1,
        max_fields=MAX_FIELDS,
        max_part_size=MAX_FIELD_BYTES,
    )
    # Beyond this Starlette writes to a temporary file; the bound comes first.
    parser.spool_max_size = max_bytes + 1
    try:
        return await parser.parse()
    except (MultiPartException, KeyError):
        raise invalid("body", "is no readable multipart form with one file") from None


async def _bounded(request: Request, max_bytes: int) -> AsyncGenerator[bytes, None]:
    told = request.headers.get("content-length", "0")
    total = int(told) if told.isdigit() else 0
    if total > max_bytes:
        raise too_large("body", f"{max_bytes} bytes")
    total = 0
    async for part in request.stream():
        total += len(part)
        if total > max_bytes:
            raise too_large("body", f"{max_bytes} bytes")
        yield part
