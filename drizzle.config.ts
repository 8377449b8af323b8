// Tells `drizzle-kit generate` where the edge's tables are and where their migrations go.
import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'sqlite',
  schema: './edge/store/schema/*.ts',
  out: './migrations/edge',
})
