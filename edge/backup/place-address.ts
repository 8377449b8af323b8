// Where the second copy of backups goes, as an operator writes it. Knows no network and no file system.
import { invalid } from '#shared/fault.ts'

export type PlaceAddress =
  | { kind: 'folder'; path: string }
  | { kind: 's3'; endpoint: string; region: string; bucket: string; prefix: string }
  | { kind: 'rsync'; target: string }

const FORMS = 'folder:PATH, s3://BUCKET/PREFIX?endpoint=https://…&region=…, or rsync:HOST:PATH'

/** Throws FaultError invalid_message. */
export function readPlaceAddress(text: string): PlaceAddress {
  const [, kind, rest = ''] = /^(folder|rsync|s3):(.+)$/.exec(text) ?? []
  if (kind === 'folder') return { kind, path: rest }
  // A target that begins with a dash would be an option to rsync.
  if (kind === 'rsync' && !rest.startsWith('-')) return { kind, target: rest }
  if (kind !== 's3' || !URL.canParse(text)) throw invalid(`--place: must be ${FORMS}`)
  const { hostname: bucket, pathname, searchParams } = new URL(text)
  const region = searchParams.get('region') ?? 'auto'
  const endpoint = searchParams.get('endpoint') ?? `https://s3.${region}.amazonaws.com`
  if (bucket === '' || !URL.canParse(endpoint)) throw invalid(`--place: must be ${FORMS}`)
  return { kind, endpoint: new URL(endpoint).origin, region, bucket, prefix: pathname.replace(/^\/|\/$/g, '') }
}
