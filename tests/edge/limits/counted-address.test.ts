// What counts as one address.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countedAddress, countedNetworks, WIDE_FACTOR } from '#edge/limits/counted-address.ts'

describe('an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::1', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['unknown', 'unknown'],
    ['not:an:address', 'not:an:address'],
    ['', ''],
  ])('[LIM4] %s counts as %s', (address, counted) => {
    expect(countedAddress(address)).toBe(counted)
  })

  it('[LIM5] the networks of one owner (/48) are counted together as well, and nothing is around an address of IPv4', () => {
    expect(countedNetworks('2001:db8:1:2::3')).toEqual([
      { name: '2001:db8:1:2::/64', factor: 1 },
      { name: '2001:db8:1::/48', factor: WIDE_FACTOR },
    ])
    for (const address of ['192.0.2.7', 'unknown', '']) expect(countedNetworks(address)).toHaveLength(1)
  })

  it('[LIM4] whatever a site chooses in its network is one, and another network is another', () => {
    const group = fc.integer({ min: 1, max: 0xffff }).map((value) => value.toString(16))
    const half = fc.tuple(group, group, group, group).map((groups) => groups.join(':'))
    fc.assert(
      fc.property(half, half, half, (network, one, other) => {
        expect(countedAddress(`${network}:${one}`)).toBe(countedAddress(`${network}:${other}`))
        if (network !== one) expect(countedAddress(`${network}:${one}`)).not.toBe(countedAddress(`${one}:${one}`))
      }),
    )
  })
})
