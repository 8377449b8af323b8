// Bench: tasks in the background, as the edge does them and as BullMQ does over redis: many short ones at once, long ones,
// mixed priorities, failures with retries, ten thousand for leaks, and a steady stream for the wait of each. Both in one
// run on one machine; the edge's tasks are on disk when they are added, BullMQ's are in redis' memory.
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { findRedisServer } from '#tests/tooling/machine.ts'
import { monotonicMs } from './monotonic.ts'
import { quantile } from './quantile.ts'
import type { Report } from './report.ts'
import { bullmq } from './tasks/bullmq.ts'
import type { Contender, Work } from './tasks/house.ts'
import { parley } from './tasks/parley.ts'

export interface TasksLoad {
  short: number
  long: { count: number; ms: number }
  mixed: number
  failing: number
  leak: number
  steady: { perSecond: number; seconds: number }
}

export const TASKS_FULL: TasksLoad = {
  short: 1_000,
  long: { count: 50, ms: 1_000 },
  mixed: 600,
  failing: 1_000,
  leak: 10_000,
  steady: { perSecond: 150, seconds: 20 },
}
export const TASKS_SHORT: TasksLoad = {
  short: 100,
  long: { count: 8, ms: 50 },
  mixed: 60,
  failing: 60,
  leak: 300,
  steady: { perSecond: 100, seconds: 1 },
}

const AT_ONCE = 16
/** Tasks that are added at once: as many as a busy edge has requests. */
const ADDED_AT_ONCE = 16
const PRIORITIES = [9, 5, 0]
const AIMS = { perSecond: 150, wish: 1_000, waitMs: 80, failedShare: 0.02, growthMb: 30 }

interface Scenario {
  name: string
  works: Work[]
  /** By the work's number; 5 where not given. */
  priorityOf?: (n: number) => number
  atOnce: number
  /** All are there before the first begins. */
  isAddedFirst?: boolean
  /** Added at this pace, and not as fast as it goes. */
  perSecond?: number
}

interface Measured {
  perSecond: number
  waitP50: number
  waitP95: number
  mostAtOnce: number
  failed: number
  inversions: number
  growthMb: number
}

export async function benchTasks(load: TasksLoad = TASKS_FULL): Promise<Report> {
  const redisServer = findRedisServer()
  const contenders: Contender[] = [parley, ...(redisServer === undefined ? [] : [bullmq(redisServer)])]
  const scenarios = scenariosOf(load)
  const rows: Report['rows'] = []
  const ours = new Map<string, Measured>()
  for (const scenario of scenarios)
    for (const contender of contenders) {
      const found = await measure(contender, scenario)
      if (contender === parley) ours.set(scenario.name, found)
      const { perSecond, waitP50, waitP95, mostAtOnce, failed, inversions, growthMb } = found
      rows.push([scenario.name, contender.name, perSecond, waitP50, waitP95, mostAtOnce, failed, inversions, growthMb])
    }
  return {
    title: 'tasks',
    baseline:
      redisServer === undefined ? 'none: redis-server is not installed (apt-get install redis-server)' : 'BullMQ',
    columns: [
      { name: 'scenario' },
      { name: 'house' },
      { name: 'tasks/s' },
      { name: 'wait ms p50', digits: 1 },
      { name: 'p95', digits: 1 },
      { name: 'at once' },
      { name: 'failed' },
      { name: 'inversions' },
      { name: 'RSS +MB', digits: 1 },
    ],
    rows,
    notes: [
      'tasks/s: from the first that is added to the last that is done. wait: from when one is to be added until it begins. failed: tasks',
      'that were never done, or done twice. inversions: begun while a more urgent one waited. RSS: from a quarter of the tasks to the last.',
    ],
    aims: aimsOf(ours),
  }
}

function aimsOf(ours: ReadonlyMap<string, Measured>): Report['aims'] {
  const [short, mixed, leak, steady] = ['short', 'mixed', 'leak', 'steady'].map((name) => ours.get(name))
  if (!short || !mixed || !leak || !steady) return []
  const all = [...ours.values()]
  const failed = all.reduce((sum, one) => sum + one.failed, 0)
  const slowest = Math.min(short.perSecond, leak.perSecond)
  return [
    { aim: 'failures < 2 %', got: `${failed} tasks`, isMet: failed === 0 },
    { aim: `≥ ${AIMS.perSecond}/s`, got: `${slowest.toFixed(0)}/s`, isMet: slowest >= AIMS.perSecond },
    { aim: `wish: ${AIMS.wish}/s`, got: `${slowest.toFixed(0)}/s`, isMet: slowest >= AIMS.wish },
    {
      aim: `steady: p95 < ${AIMS.waitMs} ms`,
      got: `${steady.waitP95.toFixed(1)} ms`,
      isMet: steady.waitP95 < AIMS.waitMs,
    },
    { aim: 'no priority inversion', got: String(mixed.inversions), isMet: mixed.inversions === 0 },
    {
      aim: `memory flat: < ${AIMS.growthMb} MB`,
      got: `${leak.growthMb.toFixed(1)} MB`,
      isMet: leak.growthMb < AIMS.growthMb,
    },
  ]
}

function scenariosOf({ short, long, mixed, failing, leak, steady }: TasksLoad): Scenario[] {
  const works = (count: number, of: (n: number) => Partial<Work> = () => ({})): Work[] =>
    Array.from({ length: count }, (_, n) => ({ n, ms: 0, fails: false, ...of(n) }))
  return [
    { name: 'short', works: works(short), atOnce: AT_ONCE },
    { name: 'long', works: works(long.count, () => ({ ms: long.ms })), atOnce: AT_ONCE },
    {
      name: 'mixed',
      works: works(mixed, () => ({ ms: 1 })),
      priorityOf: (n) => PRIORITIES[n % PRIORITIES.length] ?? 5,
      // One after the other, so that their order is seen.
      atOnce: 1,
      isAddedFirst: true,
    },
    { name: 'failing', works: works(failing, (n) => ({ fails: n % 5 === 0 })), atOnce: AT_ONCE },
    { name: 'leak', works: works(leak), atOnce: AT_ONCE },
    {
      name: 'steady',
      works: works(steady.perSecond * steady.seconds),
      atOnce: AT_ONCE,
      perSecond: steady.perSecond,
    },
  ]
}

async function measure(contender: Contender, scenario: Scenario): Promise<Measured> {
  const { works, atOnce, priorityOf = () => 5 } = scenario
  const house = await contender.open()
  const addedAt = new Float64Array(works.length)
  const waits: number[] = []
  const times = new Uint8Array(works.length)
  const waiting = new Map<number, number>()
  let [running, mostAtOnce, inversions, done] = [0, 0, 0, 0]
  let [early, late] = [0, 0]
  const all = Promise.withResolvers<void>()
  const perform = async ({ n, ms, fails }: Work, attempt: number): Promise<void> => {
    if (attempt === 1) {
      waits.push(monotonicMs() - (addedAt[n] ?? 0))
      const own = priorityOf(n)
      waiting.set(own, (waiting.get(own) ?? 0) - 1)
      if (scenario.isAddedFirst && [...waiting].some(([priority, count]) => priority < own && count > 0)) inversions++
    }
    mostAtOnce = Math.max(mostAtOnce, ++running)
    if (ms > 0) await sleep(ms)
    running--
    if (fails && attempt === 1) throw new Error('it fails once')
    times[n] = (times[n] ?? 0) + 1
    done++
    if (done === Math.floor(works.length / 4)) early = rssMb()
    if (done < works.length) return
    late = rssMb()
    all.resolve()
  }
  if (!scenario.isAddedFirst) house.run(perform, atOnce)
  const startedAt = monotonicMs()
  await addAll(works, scenario, async (work) => {
    addedAt[work.n] = monotonicMs()
    const priority = priorityOf(work.n)
    waiting.set(priority, (waiting.get(priority) ?? 0) + 1)
    await house.add(work, priority)
  })
  if (scenario.isAddedFirst) house.run(perform, atOnce)
  await all.promise
  const seconds = (monotonicMs() - startedAt) / 1_000
  // One that is done twice would be so soon.
  await sleep(50)
  await house.close()
  return {
    perSecond: works.length / seconds,
    waitP50: quantile(waits, 0.5),
    waitP95: quantile(waits, 0.95),
    mostAtOnce,
    failed: times.filter((count) => count !== 1).length,
    inversions,
    growthMb: late - early,
  }
}

async function addAll(works: Work[], { perSecond }: Scenario, add: (work: Work) => Promise<void>): Promise<void> {
  if (perSecond === undefined) {
    const left = works.values()
    const adder = async (): Promise<void> => {
      for (const work of left) await add(work)
    }
    await Promise.all(Array.from({ length: ADDED_AT_ONCE }, adder))
    return
  }
  const startedAt = monotonicMs()
  const adding: Promise<void>[] = []
  for (const work of works) {
    const dueAt = startedAt + (work.n * 1_000) / perSecond
    const leftMs = dueAt - monotonicMs()
    if (leftMs > 0) await sleep(leftMs)
    adding.push(add(work))
  }
  await Promise.all(adding)
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function rssMb(): number {
  collect()
  return process.memoryUsage().rss / 1e6
}
