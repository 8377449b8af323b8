// `parley backup send` and `fetch`: the encrypted second copy in another place, and its way back.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { readPlaceAddress } from '#edge/backup/place-address.ts'
import { openPlace } from '#edge/runtime/node/backup/places.ts'
import { encrypterFor, fetchBackup, outgoingOf, sendBackups } from '#edge/runtime/node/backup/second-copy.ts'
import { inMegabytes } from '#edge/runtime/node/backup/take-backup.ts'
import { invalid } from '#shared/fault.ts'
import { print } from './print.ts'
import { watched } from './watched.ts'

interface SecondArgs {
  place?: string | undefined
  recipient?: string | undefined
  identity?: string | undefined
  into?: string | undefined
  json: boolean
}

/** Secrets stand in the environment, never on a command line. */
const secrets = () => ({
  accessKeyId: process.env['AWS_ACCESS_KEY_ID'],
  secretAccessKey: process.env['AWS_SECRET_ACCESS_KEY'],
})

export async function sendSecond(backups: string, { place: address, recipient, json }: SecondArgs): Promise<void> {
  if (address === undefined) throw invalid('--place: is needed, e.g. folder:/mnt/disk/parley')
  const encrypter = encrypterFor(recipient)
  const place = openPlace(readPlaceAddress(address), outgoingOf(backups), secrets())
  const sent = await watched((work) => sendBackups({ backups, place, encrypter }, work))
  print(
    json,
    sent,
    `sent ${sent.files} files (${inMegabytes(sent.bytes)}), encrypted; removed ${sent.removed} that were too old`,
  )
}

export async function fetchSecond({ place: address, identity, into, json }: SecondArgs): Promise<void> {
  if (address === undefined) throw invalid('--place: is needed, e.g. folder:/mnt/disk/parley')
  if (identity === undefined || !existsSync(identity))
    throw invalid('--identity: must name the file with the age identity')
  if (into === undefined) throw invalid('--into: must name a new folder')
  const folder = resolve(into)
  if (existsSync(folder) && readdirSync(folder).length > 0) throw invalid(`--into: ${folder} is not empty`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const place = openPlace(readPlaceAddress(address), folder, secrets())
  const { id } = await watched((work) =>
    fetchBackup({ place, identity: readFileSync(identity, 'utf8'), into: folder }, work),
  )
  print(json, { id, folder }, `fetched backup ${id}; restore it by: parley restore --last --from ${folder}`)
}
