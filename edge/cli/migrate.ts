// `parley migrate`: brings the edge's database up to date, after a copy of a database that has something in it. The edge does
// the same when it starts; the command is for a libSQL server and for doing it beforehand.
import { defineCommand } from 'citty'
import { afterMigration, createStore } from '#edge/store/store.ts'
import { dataOption, urlOption, withDatabase } from './open-store.ts'

export const migrate = defineCommand({
  meta: { name: 'migrate', description: 'Bring the database up to date' },
  args: { data: dataOption, url: urlOption },
  async run({ args }) {
    const { applied, backup, indexed } = await withDatabase(args, async (database) => {
      const migrated = await database.migrate()
      return { ...migrated, indexed: await afterMigration(createStore(database.db)) }
    })
    if (backup !== undefined) console.log(`copied the database to ${backup}`)
    if (indexed > 0) console.log(`made ${indexed} turns of an earlier release findable`)
    console.log(applied === 0 ? 'the database is up to date' : `applied ${applied} migrations`)
  },
})
