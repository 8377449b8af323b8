// What counts as one address in limits: one of IPv4, or what one site is given of IPv6. Pure.

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const GROUPS = 8
/** A site has a /64 at least (RFC 6177 §2): all the addresses in it are its own to choose. */
const SITE_GROUPS = 4

/** Text that is no address stays as it is. */
export function countedAddress(address: string): string {
  const mapped = MAPPED.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const whole = `http://[${address.replace(/%.*/, '')}]`
  if (!address.includes(':') || !URL.canParse(whole)) return address
  // In its shortest form (WHATWG URL §3.5), so that one address is one text.
  const [head = '', tail = ''] = new URL(whole).hostname.slice(1, -1).split('::')
  const [before, behind] = [head, tail].map((part) => part.split(':').filter(Boolean)) as [string[], string[]]
  const gap = Array<string>(Math.max(0, GROUPS - before.length - behind.length)).fill('0')
  return `${[...before, ...gap, ...behind].slice(0, SITE_GROUPS).join(':')}::/64`
}
