// GET /docs/client and /docs/client.md: how to write a client of /ws/chat, from the first dial to the last close. Numbers come from the tables by which the
// edge works; a test holds each example against the published vectors. Knows no route.
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { CLOSE_NORMAL, CLOSE_REPLACED, CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'
import * as limits from '#shared/protocol/limits.ts'
import { CHAT_PROTOCOL, RESUME_PREFIX, TICKET_PREFIX } from '#shared/protocol/version.ts'

const seconds = (ms: number): string => `${ms / 1_000} s`
const minutes = (ms: number): string => `${ms / 60_000} min`
const kib = (bytes: number): string => (bytes < 1024 * 1024 ? `${bytes / 1024} KiB` : `${bytes / 1024 / 1024} MiB`)
const json = (message: object): string => ['```json', JSON.stringify(message), '```'].join('\n')
const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

const trn = { turnId: 'trn_example' }

const CALL = `# A client of Parley

One WebSocket a call, at \`/ws/chat\`. Text frames are JSON messages, binary frames are audio. [/docs](/docs#wires) has every message with
its fields, and whole clients to copy ([examples](/docs#examples)); [/wires.json](/wires.json) has the messages as JSON Schema.

## Opening

Offer the subprotocol \`${CHAT_PROTOCOL}\`, and show who you are in one of these ways:

- a program: \`Authorization: Bearer pk_…\` (a key) or a token of the operator's identity provider;
- a page: a ticket of \`POST /api/tickets\` (once, within ${seconds(limits.CALLER_TICKET_VALID_MS)}) or a client secret of
  \`POST /v1/realtime/client_secrets\` as one more subprotocol, \`${TICKET_PREFIX}<ticket>\`; the server answers with \`${CHAT_PROTOCOL}\` alone.

A refusal is an HTTP answer whose body says why. Once the socket is open, send within ${seconds(limits.START_TIMEOUT_MS)}:

${json({ type: 'session.start' })}

Everything in it is optional: persona, voice, language, sample rates, the conversation to continue. The edge answers with \`session.ready\`,
or with a \`fault\` and a close.

## The states of a call

\`\`\`
            dial                session.start            session.ready
  closed ────────► connecting ───────────────► starting ──────────────► live ◄───────────┐
    ▲                  │ HTTP 4xx: give up         │ fault + close        │              │ session.resumed
    │                  │ HTTP 429, 503: later      ▼                      │ close ${CLOSE_RESUME},  │
    │                  └────────────────────────► ended                   │ 1001, 1006   │
    │                                              ▲                      ▼              │
    └──── session.ended, close 1000, 4400… ────────┴──────────────── reconnecting ───────┘
\`\`\`

Within *live*, a turn goes through:

${json({ type: 'utterance.started', seq: 1, ...trn, turn: 1, atSample: 16_000 })}
${json({ type: 'transcript.partial', seq: 2, ...trn, text: 'what time' })}
${json({ type: 'utterance.ended', seq: 4, ...trn, atSample: 48_000, reason: 'silence' })}
${json({ type: 'transcript.final', seq: 5, ...trn, text: 'what time is it', language: 'en' })}
${json({ type: 'reply.started', seq: 6, ...trn, turn: 1 })}
${json({ type: 'reply.text', seq: 7, ...trn, text: 'It is noon. ', startSample: 0 })}

then audio frames of that turn, and \`reply.done\`. Silence ends an utterance; a talk button ends it with

${json({ type: 'utterance.commit', seq: 7 })}

or throws it away with

${json({ type: 'utterance.clear', seq: 8 })}

A turn by text needs no audio:

${json({ type: 'text.send', seq: 1, text: 'What time is it?' })}

During a call, options, voice and language can be changed, and what was misheard put right:

${json({ type: 'session.update', seq: 12, options: { bargeInMs: 500 }, ttsMode: 'fast', language: 'en' })}
${json({ type: 'transcript.correct', seq: 11, ...trn, text: 'recognise speech' })}

The answers are \`session.updated\`, with all that is in force now, and

${json({ type: 'transcript.corrected', seq: 32, ...trn, text: 'recognise speech' })}

What a person should know and a program need not answer comes as

${json({ type: 'session.notice', seq: 35, notice: 'draining' })}

A session ends with the key or token behind it. A ticket or client secret only opens: what counts is the key or token that made it. One
minute before,

${json({ type: 'session.notice', id: 'msg_example', notice: 'tokenEnds', endsAt: 1_700_000_000_000 })}

says when. Another key or token of the same user, which may talk, takes its place:

${json({ type: 'session.update', seq: 16, token: 'eyJhbGciOi.eyJzdWIiOi.c2lnbmF0dXJl' })}

and the answer is \`session.notice\` with \`tokenRenewed\`, or the fault \`unauthenticated\`, after which the session goes on until its end. At
the end the open turn is finished; then comes that fault, and the close ${FAULT_TABLE.unauthenticated.close}.

## Audio

A binary frame is 8 bytes of header, little endian (kind u8 = 1, flags u8 = 0, turn u16, number u32), then PCM16 mono, at most
${limits.MAX_FRAME_MS} ms of it; 20 ms is usual. Up, \`turn\` is 0. Down, it is the turn whose reply it is. The rates are those of
\`session.ready\`. The reply comes at most ${seconds(limits.MAX_AHEAD_MS)} ahead of what can have been played: keep a buffer, not a file.
`

const LINK = `
## Numbers

Each direction has one counter for text and audio alike. Your first numbered message or frame is 1, the next 2, and so on, without a gap. Text
carries its number as \`seq\`, audio in its header. Not numbered: \`session.start\`, \`session.end\`, \`ack\`, ping and pong. What the edge makes
itself carries an \`id\` in place of \`seq\`, and may come twice. Of a message that could not be read you get a fault; its number is used up:

${json({ type: 'message.skipped', seq: 3 })}

counts as number 3 and means nothing.

## Acks

Every ${limits.ACK_EVERY_MS} ms in which something came, and after ${limits.ACK_EVERY_MESSAGES} messages at the latest, say what you have:

${json({ type: 'ack', received: 41 })}

It is cumulative. The edge does the same. Keep what you sent until it is acknowledged: it is what you send again after a resume. Whoever never
acknowledges fills the other end's memory (${kib(limits.MAX_REPLAY_BYTES)} or ${seconds(limits.MAX_REPLAY_MS)} of audio), and is told \`too_large\`, limit \`replay\`. A client that
cannot acknowledge says so at the start, with \`"acks":false\`; it then sends no \`ack\`, cannot resume, and counts as having heard all that was sent.

## Heartbeat

You ping, the edge does not. While you send nothing else (a muted microphone, push-to-talk, text only) send the exact text \`${PING}\` every
${seconds(limits.PING_EVERY_MS)}; the answer is \`${PONG}\`. \`session.ready\` has the times, as \`heartbeat\`. After ${seconds(limits.CALLER_DEAD_AFTER_MS)} without a frame of yours the edge takes you for gone
and closes with ${CLOSE_RESUME}. If you hear nothing for as long, close and resume.

## Resume

When the socket is lost, or was closed with ${CLOSE_RESUME}, the session lives on for ${seconds(limits.CALLER_GONE_MS)}. Dial

    <resumeUrl of session.ready>&received=<highest number you have>

that is \`/ws/chat?session=<sessionId>&received=…\`,
with the subprotocols \`${CHAT_PROTOCOL}\` and \`${RESUME_PREFIX}<resumeToken>\`: the token of the last \`session.ready\` or \`session.resumed\`. No key and no
\`session.start\` is needed. The edge says what it has and gives the next token:

${json({ type: 'session.resumed', id: 'msg_example', sessionId: 'ses_example', resumeToken: 'YmF6_-3', received: 41 })}

Send again, with their old numbers, everything of yours after 41; it sends again everything after your \`received\`. Try at once, three times, then
with growing pauses; begin to count anew once a frame was acknowledged. Where the device says that its network is another one, dial
at once: a socket of the old network may look open for minutes. Dial no earlier than it asks for after

${json({ type: 'goaway', retryAfterMs: 1_000 })}

While the edge finds another node, nothing changes for you:

${json({ type: 'session.moved', id: 'msg_example', epoch: 2 })}

## Interrupting

Tell what has been played, every 200 ms and whenever you fall silent, so that the persona knows what you heard:

${json({ type: 'playback.progress', seq: 10, ...trn, playedSamples: 4_800 })}

${table(
  ['when this comes', 'do this'],
  [
    ['`reply.paused`', 'fall silent at once, and keep what has not been played'],
    ['`reply.resumed`', 'play on from the first sample that was not heard'],
    ['`reply.done`, status `complete`', 'play to the end'],
    ['`reply.done`, any other status', 'drop what has not been played of that turn, and its frames that still come'],
    ['`reply.started` of a later turn', 'drop everything of earlier turns'],
  ],
)}

${json({ type: 'reply.paused', seq: 20, ...trn })}
${json({ type: 'reply.resumed', seq: 21, ...trn })}

A stop button sends

${json({ type: 'reply.interrupt', seq: 9 })}

and drops the sound at once.
`

const BOUNDS = `
## Limits

${table(
  ['limit', 'most', 'then'],
  [
    [
      'one utterance',
      `${seconds(limits.MAX_UTTERANCE_MS)}, ${kib(limits.MAX_UTTERANCE_BYTES)} or ${limits.MAX_UTTERANCE_FRAMES} frames`,
      'it is closed and answered, with a fault',
    ],
    ['one text', `${limits.MAX_TEXT_CHARS} code points`, 'a fault'],
    ['one message', kib(limits.MAX_MESSAGE_BYTES), 'the socket is closed with 1009'],
    [
      'all that you send',
      `four times real time; at once, after each resume, ${limits.MAX_UTTERANCE_FRAMES} frames or ${kib(limits.MAX_REPLAY_BYTES)}`,
      'a fault `rate_limited`, and the session ends',
    ],
    ['one audio frame', `${limits.MAX_FRAME_MS} ms`, 'a fault'],
    [
      'what is not acknowledged',
      `${kib(limits.MAX_REPLAY_BYTES)} or ${seconds(limits.MAX_REPLAY_MS)}`,
      'the session ends',
    ],
    ['without speech', minutes(limits.IDLE_SESSION_MS), '`session.ended`, reason `idle`'],
    ['one session', minutes(limits.MAX_SESSION_MS), '`session.ended`, reason `maxDuration`'],
  ],
)}

A fault for a limit names it:

${json({ type: 'fault', seq: 6, code: 'too_large', message: FAULT_TABLE.too_large.text, ...trn, limit: 'utterance', max: 60_000, got: 60_020, unit: 'ms' })}

## Ending

${json({ type: 'session.end' })}

ends the session for good. The node finishes what it says, for up to 3 s, and the edge waits up to 2 s for your acks. Then comes

${json({ type: 'session.ended', id: 'msg_example', reason: 'caller' })}

and the close, ${CLOSE_NORMAL}. Until then the conversation is not free for another session.

## Close codes

A fault that ends the session comes as a message before the close, which has its code:

${json({ type: 'fault', code: 'no_capacity', message: FAULT_TABLE.no_capacity.text, retryAfterMs: 1_000 })}

\`unauthenticated\` says what of yours was wrong, and \`forbidden\` which scope your key lacks:

${json({ type: 'fault', code: 'unauthenticated', message: FAULT_TABLE.unauthenticated.text, reason: 'resumeToken' })}
${json({ type: 'fault', code: 'forbidden', message: FAULT_TABLE.forbidden.text, needs: 'talk' })}

${table(
  ['close', 'means', 'dial again'],
  [
    [String(CLOSE_NORMAL), 'the session is over', 'no'],
    ['1001, 1006', 'the edge stops, or the line was lost', 'at once: resume'],
    ['1009', `one WebSocket message was larger than ${kib(limits.MAX_MESSAGE_BYTES)}`, 'no'],
    [
      String(CLOSE_RESUME),
      'this socket is over, the session is not: silence, a gap in the numbers, a slow reader',
      'at once: resume',
    ],
    [String(CLOSE_REPLACED), 'another socket of this session took its place', 'no'],
    ...Object.entries(FAULT_TABLE).map(([code, { close, text, retry }]) => [
      String(close),
      `\`${code}\`: ${text}`,
      retry,
    ]),
  ],
)}
`

export const CLIENT_GUIDE = CALL + LINK + BOUNDS
