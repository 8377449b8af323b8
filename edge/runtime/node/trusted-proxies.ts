// Which peers are proxies of ours: what they say of a request's address is believed, and their connections are theirs to bound. Part of the
// edge's configuration on Node.
import { BlockList, isIP } from 'node:net'
import * as v from 'valibot'

/** All peers, none, or those of these addresses and networks (CIDR, RFC 4632). */
export type TrustedProxies = boolean | readonly string[]

const FLAGS: Record<string, boolean> = { '1': true, true: true, yes: true, '0': false, false: false, no: false }
const split = (text: string): string[] => text.split(',').map((part) => part.trim())

export const TrustedProxiesVariable: v.GenericSchema<string, TrustedProxies> = v.pipe(
  v.string(),
  v.check(
    (text) => text in FLAGS || split(text).every(isNetwork),
    'must be true or false, or addresses and networks like 127.0.0.1, 10.0.0.0/8, with commas between',
  ),
  v.transform((text) => FLAGS[text] ?? split(text)),
)

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const family = isIP(address)
  if (family === 0 || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

export function trusts(proxies: TrustedProxies): (address: string) => boolean {
  if (typeof proxies === 'boolean') return () => proxies
  const list = new BlockList()
  for (const network of proxies) {
    const [address = '', bits] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  // A server that listens on :: is told of IPv4 peers as ::ffff:10.0.0.1, which BlockList reads as what it is.
  return (address) => isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}
