// What Cloudflare allows an object, each with its source (developers.cloudflare.com/durable-objects, late 2026). Nothing here
// can be chosen: our own bounds stay within these, which tests/edge/runtime/workers/platform-limits.test.ts holds.

/** One WebSocket message that is received; the runtime closes the socket of a larger one. /platform/limits */
export const PLATFORM_MESSAGE_BYTES = 32 * 1024 * 1024
/** What a socket carries through sleep, serialised. /best-practices/websockets; older runtimes: 2,048. */
export const PLATFORM_ATTACHMENT_BYTES = 16_384
/** One value in an object's storage, serialised, its key included. /platform/limits */
export const PLATFORM_VALUE_BYTES = 2 * 1024 * 1024
/** Memory of one isolate, which many requests and objects share. developers.cloudflare.com/workers/platform/limits */
export const PLATFORM_ISOLATE_BYTES = 128 * 1024 * 1024
/** Processor time of one event (a message, a request, an alarm) where the deployment sets none. /platform/limits */
export const PLATFORM_EVENT_CPU_MS = 30_000
/** Alarms that an object has at a time: a new one takes the place of the last. /api/alarms */
export const PLATFORM_ALARMS = 1
/** What an object carries of messages a second that are read as JSON: the lower end. /best-practices/rules-of-durable-objects */
export const PLATFORM_MESSAGES_PER_SECOND = 500
