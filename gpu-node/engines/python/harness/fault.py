"""Refusals in OpenAI's error shape. Messages name fields and limits, never what a caller sent."""

from __future__ import annotations

from starlette.responses import JSONResponse


class Fault(Exception):
    """An expected failure that the caller can act on."""

    def __init__(self, status: int, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code

    def body(self) -> dict[str, dict[str, str | None]]:
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    def response(self) -> JSONResponse:
        # A full queue is the moment's fault: the driver may come again.
        headers = {"retry-after": "1"} if self.status == 503 else None
        return JSONResponse(self.body(), self.status, headers)


def invalid(param: str, what: str, *, code: str = "invalid_value", status: int = 400) -> Fault:
    return Fault(status, f"{param}: {what}", param=param, code=code)


def too_large(param: str, limit: str) -> Fault:
    return invalid(param, f"at most {limit}", code="too_large", status=413)
