// Reads the lines of nvidia-smi's CSV. Pure. Its manual promises no stable output, so what cannot be read is null or nothing.
import type { GpuProcess, GpuReading } from './gpu-reading.ts'

const MIB = 1024 ** 2

/** In the order in which readCard() takes them; the name comes last, because it may hold a comma. */
const CARD_FIELDS = [
  'index',
  'memory.total',
  'memory.used',
  'utilization.gpu',
  'temperature.gpu',
  'power.draw',
  'driver_version',
  'name',
]
const FORMAT = '--format=csv,noheader,nounits'

/** For one line per card, again every `everyMs`. */
export function cardArguments(everyMs: number, index: number | undefined): string[] {
  const card = index === undefined ? [] : [`--id=${index}`]
  return [...card, `--query-gpu=${CARD_FIELDS.join(',')}`, FORMAT, '-lms', String(everyMs)]
}

export const PROCESS_ARGUMENTS = ['--query-compute-apps=pid,used_memory', FORMAT]

export interface CardLine {
  index: number
  reading: GpuReading
}

/** Undefined for what is no card, or a card that does not tell its memory. */
export function readCard(line: string, at: number): CardLine | undefined {
  const [index, total, used, busy, temperature, power, driver, ...name] = line.split(',').map((field) => field.trim())
  const cardIndex = numberOf(index)
  const totalMib = numberOf(total)
  const usedMib = numberOf(used)
  if (cardIndex === null || totalMib === null || usedMib === null || name.length === 0) return undefined
  const busyPercent = numberOf(busy)
  const reading: GpuReading = {
    at,
    name: name.join(', '),
    driver: driver === undefined || isUnknown(driver) ? null : driver,
    usedBytes: usedMib * MIB,
    totalBytes: totalMib * MIB,
    busyFraction: busyPercent === null ? null : busyPercent / 100,
    temperatureCelsius: numberOf(temperature),
    powerWatts: numberOf(power),
  }
  return { index: cardIndex, reading }
}

export function readGpuProcesses(text: string): GpuProcess[] {
  return text.split('\n').flatMap((line) => {
    const [pid, used] = line.split(',').map((field) => field.trim())
    const number = numberOf(pid)
    const usedMib = numberOf(used)
    return number === null || number === 0 ? [] : [{ pid: number, usedBytes: usedMib === null ? null : usedMib * MIB }]
  })
}

/** "[N/A]", "[Not Supported]", "[Unknown Error]", "ERR!". */
const isUnknown = (field: string): boolean => field === '' || field.startsWith('[') || field === 'ERR!'

function numberOf(field: string | undefined): number | null {
  return field !== undefined && /^\d+(?:\.\d+)?$/.test(field) ? Number(field) : null
}
