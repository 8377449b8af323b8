// Where `drizzle-kit generate` finds the edge's tables and writes their migrations.
import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'sqlite',
  schema: ['./edge/store/schema.ts', './edge/store/file-schema.ts'],
  out: './migrations/edge',
})
