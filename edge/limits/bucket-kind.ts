// Of which kind a bucket is, by the beginning of its name: `address:…`, `failure:…`, `key:…`. Kinds are kept apart, so that a flood of
// addresses pushes out no key's bucket. Pure.

const KIND = /^[a-z][a-z0-9-]{0,31}(?=:)/

export const bucketKind = (bucket: string): string => KIND.exec(bucket)?.[0] ?? 'other'
