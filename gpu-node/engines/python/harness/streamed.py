"""An answer in pieces. Its status waits for the first: what fails before it is a refusal like any other."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class _Streamed(StreamingResponse):
    def __init__(self, pieces: AsyncGenerator[bytes, None], media_type: str, headers: Mapping[str, str] | None) -> None:
        super().__init__(pieces, media_type=media_type, headers=headers)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # A caller who has hung up is off the line at once, not when memory is tidied.
            await self._pieces.aclose()


async def streamed(
    pieces: AsyncGenerator[bytes, None], media_type: str, headers: Mapping[str, str] | None = None
) -> StreamingResponse:
    first = await anext(pieces, b"")
    return _Streamed(_chain(first, pieces), media_type, headers)


async def _chain(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    try:
        yield first
        async for piece in rest:
            yield piece
    finally:
        await rest.aclose()
