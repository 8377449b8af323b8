// The named bounds of the wires (architecture: limits of input). A fault for one of them carries {limit, max, got, unit}.

/** One utterance: over it, it is closed and answered, with a fault that names the limit. */
export const MAX_UTTERANCE_MS = 60_000
export const MAX_UTTERANCE_BYTES = 10 * 1024 * 1024
export const MAX_UTTERANCE_FRAMES = 3_000
/** Text of one text.send or correction, in code points. */
export const MAX_TEXT_CHARS = 1_000
/** One message of any kind from a caller: over it his socket is closed with 1009. */
export const MAX_MESSAGE_BYTES = 64 * 1024
/** One message between node and edge: session.begin carries up to MAX_CONTEXT_BYTES of turns. */
export const MAX_NODE_MESSAGE_BYTES = 256 * 1024
/** Turns handed over in session.begin. */
export const MAX_CONTEXT_BYTES = 64 * 1024
/** The same for the sockets of nodes, and for what an edge sends. Over MAX_NODE_MESSAGE_BYTES it is a fault. */
export const MAX_SOCKET_MESSAGE_BYTES = 4 * 1024 * 1024
/**
 * What one socket may hold of frames that have not left yet: over it the peer is too slow, its socket is closed and it
 * resumes. More than the longest honest replay (60 s of 48 kHz PCM16 are 5.8 MB), less than MAX_REPLAY_BYTES.
 */
export const MAX_SOCKET_BUFFER_BYTES = 8 * 1024 * 1024
/** Audio of one frame. */
export const MAX_FRAME_MS = 200
/** What a link keeps of one direction until it is acknowledged. */
export const MAX_REPLAY_BYTES = 10 * 1024 * 1024
export const MAX_REPLAY_MS = 60_000
/** Reply audio is sent at most this far ahead of real time. */
export const MAX_AHEAD_MS = 2_000

/** Keepalive (architecture §2): control wire and, stricter, a data wire in a call. */
export const PING_EVERY_MS = 2_000
export const EDGE_DEAD_AFTER_MS = 6_000
export const NODE_DEAD_AFTER_MS = 8_000
export const DATA_SILENT_AFTER_MS = 2_000
/** A caller pings each PING_EVERY_MS too; his socket is dead after this silence. */
export const CALLER_DEAD_AFTER_MS = 8_000
/** Longest wait that `goaway` may ask for: a call waits 6 s for its node's data socket, and the node must still dial. */
export const MAX_GOAWAY_MS = 4_000
export const ACK_EVERY_MS = 200
export const ACK_EVERY_MESSAGES = 32

export const START_TIMEOUT_MS = 10_000
export const OFFER_TIMEOUT_MS = 2_000
export const TICKET_VALID_MS = 30_000
export const CALLER_TICKET_VALID_MS = 60_000
export const RESUME_VALID_MS = 120_000
/** A vanished caller's slot is free again after this. */
export const CALLER_GONE_MS = 30_000
export const IDLE_SESSION_MS = 5 * 60_000
export const MAX_SESSION_MS = 60 * 60_000
/** Longest reply: 400 tokens are about two minutes of speech, more than anybody listens to. */
export const MAX_REPLY_TOKENS = 400
