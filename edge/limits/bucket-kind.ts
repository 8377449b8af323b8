// The kind of a bucket is the beginning of its name: `address:…`, `failure:…`, `key:…`. Each kind has a map of its own,
// so that a flood of addresses pushes out no key's bucket. Pure.

const KIND = /^[a-z][a-z0-9-]{0,31}(?=:)/

export const bucketKind = (bucket: string): string => KIND.exec(bucket)?.[0] ?? 'other'
