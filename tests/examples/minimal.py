"""The smallest client of Parley: asks the questions of some recordings, one after the other, and prints the answers.

It lets the edge acknowledge for it, so a lost connection ends its call. complete.py resumes.
Needs Python 3.11 or newer and `pip install websockets`.

    python minimal.py http://127.0.0.1:8787 "$PARLEY_KEY" question.wav …        WAV: 16 kHz, mono, 16 bits
"""

import asyncio
import json
import struct
import sys
import wave

from websockets.asyncio.client import connect

FRAME_SAMPLES = 1_600  # 100 ms at 16 kHz
SILENCE = bytes(2 * FRAME_SAMPLES)


async def main(edge: str, key: str, files: list[str]) -> None:
    url = edge.replace("http", "ws", 1) + "/ws/chat"
    headers = {"Authorization": f"Bearer {key}"}
    async with connect(url, subprotocols=["parley.chat.v1"], additional_headers=headers) as socket:
        await socket.send(json.dumps({"type": "session.start", "acks": False}))
        await asyncio.wait([asyncio.create_task(speak(socket, files)), asyncio.create_task(socket.wait_closed())])
    print(f"closed with {socket.close_code}")
    sys.exit(0 if socket.close_code == 1000 else 1)


async def speak(socket, files: list[str]) -> None:
    recording = b""
    samples = 0

    def ask() -> bytes:
        with wave.open(files.pop(0)) as file:
            return file.readframes(file.getnframes())

    async def microphone() -> None:
        """A microphone never stops, and its silence is what ends an utterance. Who sends nothing must ping."""
        nonlocal recording
        sequence = 0
        while True:
            sequence += 1
            frame, recording = recording[: len(SILENCE)], recording[len(SILENCE) :]
            header = struct.pack("<BBHI", 1, 0, 0, sequence)
            await socket.send(header + frame + SILENCE[len(frame) :])
            await asyncio.sleep(0.1)

    talking = None
    async for data in socket:
        if isinstance(data, bytes):
            # 8 bytes of header, then PCM16 of the reply. A program with a loudspeaker plays it.
            samples += (len(data) - 8) // 2
            continue
        message = json.loads(data)
        match message["type"]:
            case "session.ready":
                recording = ask()
                talking = asyncio.create_task(microphone())
            case "transcript.final":
                print(f"You: {message['text']}")
            case "reply.text":
                print(f"    {message['text'].strip()}")
            case "reply.done":
                print(f"({message['status']}, {samples} of {message['sentSamples']} samples)")
                samples = 0
                if files:
                    recording = ask()
                else:
                    talking.cancel()
                    await socket.send('{"type":"session.end"}')
            case "fault":
                # The turn is lost, not the call. A person would be told, and would ask again.
                print(f"fault: {message['code']}: {message['message']}", file=sys.stderr)
                await socket.send('{"type":"session.end"}')


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
