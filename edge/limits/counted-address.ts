// Which buckets a network address is counted in: its own and, for IPv6, that of the network around it. Pure.

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i
const GROUPS = 8
/** A site is given a /64 at least (RFC 6177 §2): it may choose any address in it. */
const SITE_GROUPS = 4
/** A larger site is given a /48, so one owner has up to 65,536 networks of /64. */
const WIDE_GROUPS = 3
/**
 * A /48 may ask as often as this many addresses: a company or a campus stays below, a flood from all its networks does
 * not.
 */
export const WIDE_FACTOR = 16

export interface CountedNetwork {
  name: string
  /** The rate of one address is multiplied by this. */
  factor: number
}

/** One IPv4 address, or one /64 of IPv6. Text that is no address stays as it is. */
export const countedAddress = (address: string): string => networkOf(address, SITE_GROUPS)

/** The networks in whose buckets a request of this address is counted, the smallest first. */
export function countedNetworks(address: string): CountedNetwork[] {
  const [own, wide] = [networkOf(address, SITE_GROUPS), networkOf(address, WIDE_GROUPS)]
  // Only IPv6 has a network around it.
  return own === wide
    ? [{ name: own, factor: 1 }]
    : [
        { name: own, factor: 1 },
        { name: wide, factor: WIDE_FACTOR },
      ]
}

function networkOf(address: string, groups: number): string {
  const mapped = MAPPED.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  const whole = `http://[${address.replace(/%.*/, '')}]`
  if (!address.includes(':') || !URL.canParse(whole)) return address
  // In its shortest form (WHATWG URL §3.5), so that one address is one text.
  const [head = '', tail = ''] = new URL(whole).hostname.slice(1, -1).split('::')
  const [before, behind] = [head, tail].map((part) => part.split(':').filter(Boolean)) as [string[], string[]]
  const gap = Array<string>(Math.max(0, GROUPS - before.length - behind.length)).fill('0')
  return `${[...before, ...gap, ...behind].slice(0, groups).join(':')}::/${groups * 16}`
}
