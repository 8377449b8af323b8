// The process that copies the database of its first argument into the new file of its second, and checks the copy. Started by
// database-copy.ts, which ends it.
import Database from 'libsql'

const BUSY_TIMEOUT_MS = 5_000

const [from, to] = process.argv.slice(2)
try {
  if (from === undefined || to === undefined) throw new Error('two files are needed')
  const live = new Database(from, { timeout: BUSY_TIMEOUT_MS })
  live.prepare('VACUUM INTO ?').run(to)
  live.close()
  const copy = new Database(to, { readonly: true })
  const [check] = copy.prepare('PRAGMA quick_check(1)').all() as Array<{ quick_check: string }>
  copy.close()
  if (check?.quick_check !== 'ok') throw new Error(`the copy is damaged: ${check?.quick_check}`)
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
