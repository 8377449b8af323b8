// `parley migrate`: brings the edge's database up to date, after a copy of a database that has something in it. The edge does
// the same when it starts; the command is for a libSQL server and for doing it beforehand.
import { defineCommand } from 'citty'
import { dataOption, urlOption, withDatabase } from './open-store.ts'

export const migrate = defineCommand({
  meta: { name: 'migrate', description: 'Bring the database up to date' },
  args: { data: dataOption, url: urlOption },
  async run({ args }) {
    const { applied, backup } = await withDatabase(args, (database) => database.migrate())
    if (backup !== undefined) console.log(`copied the database to ${backup}`)
    console.log(applied === 0 ? 'the database is up to date' : `applied ${applied} migrations`)
  },
})
