// `parley migrate`: brings the edge's database up to date. It first copies a database that is not empty. The edge does the same
// when it starts; the command is for a libSQL server, and for whoever wants it done beforehand.
import { defineCommand } from 'citty'
import type { OpenDatabase } from '#edge/runtime/node/database.ts'
import { afterMigration, createStore } from '#edge/store/store.ts'
import { dataOption, urlOption, withDatabase } from './open-store.ts'
import { jsonOption, print } from './print.ts'

export const migrate = defineCommand({
  meta: { name: 'migrate', description: 'Bring the database up to date' },
  args: { data: dataOption, url: urlOption, json: jsonOption },
  async run({ args }) {
    const migrateAll = async (database: OpenDatabase) => ({
      ...(await database.migrate()),
      indexed: await afterMigration(createStore(database.db)),
    })
    const { applied, backup, indexed } = await withDatabase(args, migrateAll, { mayMake: true })
    const lines = [
      ...(backup === undefined ? [] : [`copied the database to ${backup}`]),
      ...(indexed > 0 ? [`made ${indexed} turns of an earlier release findable`] : []),
      applied === 0 ? 'the database is up to date' : `applied ${applied} migrations`,
    ]
    print(args.json, { applied, backup: backup ?? null, indexed }, lines.join('\n'))
  },
})
