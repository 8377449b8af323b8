// `npm run gpu-node -- check [--json]`: prints what check-items.ts found as a table. Resolves with the exit code: 0 where the
// node can start as planned, 1 where something is to be changed.
import { readEnginesPlan } from '#gpu-node/config/node-config.ts'
import { faultOf } from '#shared/fault.ts'
import { loadDotEnv } from '#shared/on-node/config.ts'
import { checkPlan, type CheckItem } from './check-items.ts'

const HEAD: CheckItem = { item: 'item', found: 'found', wanted: 'wanted', isGood: true, change: 'what to change' }

export async function check(asJson: boolean): Promise<number> {
  loadDotEnv()
  try {
    const { engines, dataDir, gpuIndex } = readEnginesPlan(process.env)
    const nvidiaSmi = process.env['NVIDIA_SMI_BIN'] ?? 'nvidia-smi'
    const items = await checkPlan(engines, dataDir, { nvidiaSmi, gpuIndex })
    const isGood = items.every((each) => each.isGood)
    if (asJson) console.log(JSON.stringify({ ok: isGood, items }, undefined, 2))
    else
      console.log(`${tableOf(items)}\n\n${isGood ? 'the node can start as planned' : 'not yet: see the last column'}`)
    return isGood ? 0 : 1
  } catch (error) {
    const fault = faultOf(error)
    if (fault.code !== 'invalid_message') throw error
    if (asJson) console.log(JSON.stringify({ ok: false, issues: fault.issues }, undefined, 2))
    else for (const issue of fault.issues) console.error(issue)
    return 1
  }
}

function tableOf(items: CheckItem[]): string {
  const rows = [HEAD, ...items].map(({ item, found, wanted, change }) => [item, found, wanted, change || 'ok'])
  if (rows[0]) rows[0][3] = HEAD.change
  const widths = [0, 1, 2, 3].map((at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  return rows
    .map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
