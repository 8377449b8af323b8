// Lines as nvidia-smi writes them on a desktop card, on machines with several, and where it does not know.
import { describe, expect, it } from 'vitest'
import { cardArguments, readCard, readGpuProcesses } from '#gpu-node/gpu/smi-lines.ts'

const MIB = 1024 ** 2
const NOW = 1_000

describe('smi-lines', () => {
  it('[GPU1] a line is a card, its memory in bytes and its load as a share', () => {
    expect(readCard('0, 24564, 11120, 37, 61, 212.34, 580.95.05, NVIDIA GeForce RTX 4090', NOW)).toEqual({
      index: 0,
      reading: {
        at: NOW,
        name: 'NVIDIA GeForce RTX 4090',
        driver: '580.95.05',
        usedBytes: 11_120 * MIB,
        totalBytes: 24_564 * MIB,
        busyFraction: 0.37,
        temperatureCelsius: 61,
        powerWatts: 212.34,
      },
    })
  })

  it('[GPU2] what the card does not tell is null, and a card that does not tell its memory is none', () => {
    expect(readCard('1, 24564, 0, [N/A], [Unknown Error], ERR!, [N/A], NVIDIA X, rev 2', NOW)).toMatchObject({
      index: 1,
      reading: {
        name: 'NVIDIA X, rev 2',
        driver: null,
        busyFraction: null,
        temperatureCelsius: null,
        powerWatts: null,
      },
    })
    for (const line of [
      '0, [N/A], [N/A], 0, 40, 5, 580, NVIDIA GB10',
      '0, 24564, ERR!, 0, 40, 5, 580, NVIDIA',
      'Failed to initialize NVML: Driver/library version mismatch',
      'No devices were found',
      '',
      '0, 24564',
    ])
      expect(readCard(line, NOW), line).toBeUndefined()
  })

  it('[GPU3] processes come with their memory, or null where the platform does not tell', () => {
    expect(
      readGpuProcesses('4242, 5120\n4243, [N/A]\n\nNo running processes found\n[Insufficient Permissions], 12\n'),
    ).toEqual([
      { pid: 4242, usedBytes: 5_120 * MIB },
      { pid: 4243, usedBytes: null },
    ])
  })

  it('[GPU4] one card is asked for where one was chosen', () => {
    expect(cardArguments(1_000, 2)).toContain('--id=2')
    expect(cardArguments(1_000, undefined).join(' ')).not.toContain('--id')
  })
})
