// WebSocket close codes that are no fault's (those are in fault-table.ts): what a peer should do after a close.

/** RFC 6455 §7.4.1: the session is over as both ends wanted. */
export const CLOSE_NORMAL = 1000
/** This socket is over, the session is not: dial again and resume. Sent for a gap in the numbers, silence, a slow peer. */
export const CLOSE_RESUME = 4100
/** Another socket of the same session or node took this one's place: do not dial again. */
export const CLOSE_REPLACED = 4101
