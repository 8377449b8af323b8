// `check` runs this: the overrides of .oxlintrc.json are those that the table of layers makes. `--write`, which
// `npm run lint:layers` gives it, writes them; what stands before them in the file is kept as it is.
import { readFileSync, writeFileSync } from 'node:fs'
import { report } from './finding.ts'
import { LAYERS } from './layer-table.ts'
import { HOW_TO_WRITE, withLayers } from './layers.ts'

const FILE = '.oxlintrc.json'
const before = readFileSync(FILE, 'utf8')
const after = withLayers(before, LAYERS)
if (process.argv.includes('--write')) writeFileSync(FILE, after)
const isSame = after === before || process.argv.includes('--write')
const what = `its overrides are not those of tests/tooling/layer-table.ts: ${HOW_TO_WRITE}`
report(isSame ? [] : [{ file: FILE, what }], `${LAYERS.length} layers, as in the table`)
