"""Asks the questions of some recordings, one after the other, with all that a client of parley.chat.v1 can do.

It numbers what it sends, acknowledges what it is sent, says how much of a reply was heard, pings, and resumes after a
lost connection without losing a word. Needs Python 3.11 or newer and `pip install websockets`.

    python complete.py http://127.0.0.1:8787 "$PARLEY_KEY" question.wav …        WAV: 16 kHz, mono, 16 bits
"""

import asyncio
import json
import random
import struct
import sys
import time
import wave
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

PING = '{"type":"ping"}'
PONG = '{"type":"pong"}'
ACK_AFTER_S = 0.2
RESUME_WITHIN_S = 30  # The edge counts a caller as gone for good after this.
CLOSE_RESUME = 4100  # This socket is over, the session is not.
CLOSE_REPLACED = 4101  # Another socket took this one's place.
CLOSE_RATE_LIMITED = 4429


def is_for_good(code: int) -> bool:
    """Whether a close code says not to dial again."""
    return code in (1000, CLOSE_REPLACED) or (4400 <= code < 4500 and code != CLOSE_RATE_LIMITED)


class Call:
    """One session, over as many sockets as it takes. `on_message` and `on_audio` get everything once and in order."""

    def __init__(
        self, edge: str, key: str, on_message: Callable[[dict], None], on_audio: Callable[[int, bytes], None]
    ) -> None:
        self._edge = edge.replace("http", "ws", 1)
        self._key = key
        self._on_message = on_message
        self._on_audio = on_audio
        self._socket: ClientConnection | None = None
        self._session: dict | None = None
        self._number = 0
        self._kept: list[tuple[int, str | bytes]] = []  # What was sent and is not acknowledged.
        self._received = 0  # The number up to which everything has arrived.
        self._is_live = False
        self._is_leaving = False
        self._reason: str | None = None
        self._not_before = 0.0
        self._outbox: asyncio.Queue[str | bytes] = asyncio.Queue()

    def send(self, message: dict) -> None:
        """Says a message such as {"type": "text.send", "text": …}. While the line is lost it waits."""
        self._number += 1
        self._keep(json.dumps({**message, "seq": self._number}))

    def send_audio(self, pcm: bytes) -> None:
        """PCM16 of the microphone, 20 to 200 ms, at audio.inputRate of session.ready."""
        self._number += 1
        self._keep(struct.pack("<BBHI", 1, 0, 0, self._number) + pcm)

    def end(self) -> None:
        """Goodbye. What the persona still has to say comes before the answer, session.ended."""
        self._is_leaving = True
        self._transmit('{"type":"session.end"}')

    async def run(self) -> str:
        """Until the session is over; returns why."""
        lost_at, tries = None, 0
        while True:
            was_live = await self._one_socket()
            if self._reason is not None:
                return self._reason
            if was_live or lost_at is None:
                lost_at, tries = time.monotonic(), 0
            if time.monotonic() - lost_at > RESUME_WITHIN_S:
                return "connection lost"
            print("reconnecting")
            # 0.2 s, 0.4 s … 5 s, each a little shorter or longer, so that a thousand clients do not come back at once.
            backoff = min(5.0, 0.2 * 2**tries) * random.uniform(0.75, 1.25)
            tries += 1
            await asyncio.sleep(max(backoff, self._not_before - time.monotonic()))

    # --- the connection ---

    async def _one_socket(self) -> bool:
        """Dials and listens until the socket closes. Whether the session was live on it."""
        headers, protocols, path = {}, ["parley.chat.v1"], "/ws/chat"
        if self._session is None:
            headers = {"Authorization": f"Bearer {self._key}"}
        else:
            protocols.append(f"parley.resume.{self._session['resumeToken']}")
            path = f"{self._session['resumeUrl']}&received={self._received}"
        try:
            socket = await connect(
                self._edge + path, subprotocols=protocols, additional_headers=headers, ping_interval=None
            )
        except InvalidStatus as refusal:
            # The edge answers what it refuses for good with 4xx: a wrong key, a session that is over.
            if 400 <= refusal.response.status_code < 500 and refusal.response.status_code != 429:
                self._reason = f"refused with {refusal.response.status_code}"
            return False
        except OSError:
            return False
        self._socket = socket
        self._outbox = asyncio.Queue()
        # The first message of a new session has no number. A resumed one needs none.
        if self._session is None:
            await socket.send('{"type":"session.start"}')
        helpers = [asyncio.create_task(work) for work in (self._write(socket), self._acknowledge(socket))]
        try:
            await self._listen(socket)
        except (ConnectionClosed, TimeoutError):
            pass
        finally:
            for helper in helpers:
                helper.cancel()
        was_live, self._is_live = self._is_live, False
        await socket.close(CLOSE_RESUME)
        if is_for_good(socket.close_code or 1006):
            self._reason = self._reason or f"closed with {socket.close_code}"
        return was_live

    async def _listen(self, socket: ClientConnection) -> None:
        """TimeoutError where nothing comes for longer than session.ready allows: not even the answer to a ping."""
        while True:
            patience = self._session["heartbeat"]["deadAfterMs"] / 1000 if self._session else 60
            if not self._hear(await asyncio.wait_for(socket.recv(), patience)):
                return

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            await socket.send(await self._outbox.get())

    async def _acknowledge(self, socket: ClientConnection) -> None:
        """Acknowledges five times a second what came, and pings as often as session.ready says."""
        acked, pinged_at = self._received, time.monotonic()
        while True:
            await asyncio.sleep(ACK_AFTER_S)
            if self._received > acked:
                acked = self._received
                await socket.send(json.dumps({"type": "ack", "received": acked}))
            if self._session and time.monotonic() - pinged_at >= self._session["heartbeat"]["pingEveryMs"] / 1000:
                pinged_at = time.monotonic()
                await socket.send(PING)

    # --- what comes ---

    def _hear(self, data: str | bytes) -> bool:
        """False where something was lost on the way: then the socket is of no use, and a resume brings it."""
        if isinstance(data, bytes):
            _, _, turn, sequence = struct.unpack_from("<BBHI", data)
            if sequence > self._received + 1:
                return False
            if self._take(sequence):
                self._on_audio(turn, data[8:])
            return True
        if data == PONG:
            return True
        message = json.loads(data)
        seq = message.get("seq")
        if seq is not None:
            if seq > self._received + 1:
                return False
            if not self._take(seq):
                return True
        self._act(message)
        self._on_message(message)
        return True

    def _take(self, number: int) -> bool:
        """Text and audio share one row of numbers. False for what came before."""
        is_new = number == self._received + 1
        self._received = max(self._received, number)
        return is_new

    def _act(self, message: dict) -> None:
        match message["type"]:
            case "session.ready":
                self._begin(message, 0)
            case "session.resumed":
                self._begin({**(self._session or {}), **message}, message["received"])
            case "ack":
                self._kept = [(number, frame) for number, frame in self._kept if number > message["received"]]
            case "session.ended":
                self._reason = message["reason"]
        if "retryAfterMs" in message:
            self._not_before = time.monotonic() + message["retryAfterMs"] / 1000

    def _begin(self, session: dict, received: int) -> None:
        """The session is there, or there again: the edge has everything up to `received` and is sent the rest."""
        self._session = session
        self._is_live = True
        for number, frame in self._kept:
            if number > received:
                self._transmit(frame)
        if self._is_leaving:
            self.end()
        print("ready")

    # --- what goes ---

    def _keep(self, frame: str | bytes) -> None:
        self._kept.append((self._number, frame))
        # Before session.ready nothing may be sent, and after a cut nothing can be: _begin does it then.
        if self._is_live:
            self._transmit(frame)

    def _transmit(self, frame: str | bytes) -> None:
        self._outbox.put_nowait(frame)


class Loudspeaker:
    """Plays a reply in pieces of 100 ms, so that it can be silenced at once, and tells the edge how much was heard.

    Only what was heard counts as said. This one has no device and lets the time of each piece pass.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._piece_bytes = 0
        self._waiting: list[tuple[int, bytes]] = []
        self._turn_ids: dict[int, str] = {}
        self._played: dict[int, int] = {}
        self._is_paused = False

    def audio(self, turn: int, pcm: bytes) -> None:
        self._waiting.append((turn, pcm))

    def message(self, message: dict) -> None:
        match message["type"]:
            case "session.ready":
                self._piece_bytes = message["audio"]["outputRate"] // 10 * 2
            case "reply.started":
                self._turn_ids[message["turn"]] = message["turnId"]
            case "reply.paused":
                # The caller may be interrupting: silence at once, and keep the rest.
                self._is_paused = True
            case "reply.resumed":
                self._is_paused = False
            case "reply.done":
                self._is_paused = False
                # What is complete is played to its end; of anything else the rest is dropped.
                if message["status"] != "complete":
                    self._waiting = [
                        (turn, pcm) for turn, pcm in self._waiting if self._turn_ids.get(turn) != message["turnId"]
                    ]

    async def play(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            if self._is_paused or not self._waiting:
                continue
            turn = self._waiting[0][0]
            room = self._piece_bytes
            while room > 0 and self._waiting and self._waiting[0][0] == turn:
                pcm = self._waiting.pop(0)[1]
                if len(pcm) > room:
                    self._waiting.insert(0, (turn, pcm[room:]))
                self._played[turn] = self._played.get(turn, 0) + min(room, len(pcm)) // 2
                room -= len(pcm)
            progress = {"type": "playback.progress", "turnId": self._turn_ids[turn]}
            self._call.send({**progress, "playedSamples": self._played[turn]})


class Asker:
    """Asks the next question once the reply to the last one is over, and prints what is said."""

    def __init__(self, edge: str, key: str, files: list[str]) -> None:
        self._files = files
        self._recording = b""
        self._samples = 0
        self._is_asking = False
        self.call = Call(edge, key, self._message, self._audio)
        self.speaker = Loudspeaker(self.call)

    async def microphone(self) -> None:
        """A microphone never stops, and its silence is what ends an utterance."""
        size = 3_200  # 100 ms at 16 kHz
        while True:
            await asyncio.sleep(0.1)
            if self._is_asking:
                frame, self._recording = self._recording[:size], self._recording[size:]
                self.call.send_audio(frame.ljust(size, b"\0"))

    def _ask(self) -> None:
        if not self._files:
            return self.call.end()
        with wave.open(self._files.pop(0)) as file:
            self._recording = file.readframes(file.getnframes())
        self._is_asking = True

    def _audio(self, turn: int, pcm: bytes) -> None:
        self._samples += len(pcm) // 2
        self.speaker.audio(turn, pcm)

    def _message(self, message: dict) -> None:
        self.speaker.message(message)
        match message["type"]:
            case "session.ready":
                self._ask()
            case "utterance.started":
                print("(hearing you)")
            case "transcript.final":
                print(f"You: {message['text']}")
            case "reply.text":
                print(f"    {message['text'].strip()}")
            case "reply.done":
                print(f"({message['status']}, {self._samples} of {message['sentSamples']} samples)")
                self._samples = 0
                self._ask()
            case "fault":
                # The turn is lost, not the call. A person would be told, and would ask again.
                print(f"fault: {message['code']}: {message['message']}", file=sys.stderr)
                self.call.end()


async def main(edge: str, key: str, files: list[str]) -> None:
    asker = Asker(edge, key, files)
    helpers = [asyncio.create_task(work) for work in (asker.microphone(), asker.speaker.play())]
    reason = await asker.call.run()
    for helper in helpers:
        helper.cancel()
    print(f"ended: {reason}")
    sys.exit(0 if reason == "caller" else 1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
