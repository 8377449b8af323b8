// How the caller's page is built: Preact by oxc, no plugin; the result is served by the edge from edge/web/dist.
import { defineConfig } from 'vite'

export default defineConfig({
  root: 'edge/web',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: { outDir: 'dist', emptyOutDir: true, target: 'es2022', assetsInlineLimit: 0 },
})
