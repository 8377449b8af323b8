// The text of an acknowledgement as our own ends write it. It is a tenth of a call's messages, so it is read without parsing; in
// any other form it is a message like others. Used by the link, its middle and the readers of both wires.

const START = '{"type":"ack","received":'
/** A number of a link is a u32. */
const MAX_DIGITS = 10
const MAX_NUMBER = 0xffff_ffff
const [ZERO, NINE] = [48, 57]

export const ackText = (received: number): string => `${START}${received}}`

/** What the text acknowledges; undefined where it is not exactly of the form that ackText() gives. */
export function readAck(text: string): number | undefined {
  const digits = text.length - START.length - 1
  if (digits < 1 || digits > MAX_DIGITS || !text.startsWith(START) || !text.endsWith('}')) return undefined
  let received = 0
  for (let at = START.length; at < text.length - 1; at++) {
    const code = text.charCodeAt(at)
    if (code < ZERO || code > NINE) return undefined
    received = received * 10 + code - ZERO
  }
  // JSON knows no leading zero.
  const hasLeadingZero = digits > 1 && text.charCodeAt(START.length) === ZERO
  return hasLeadingZero || received > MAX_NUMBER ? undefined : received
}
