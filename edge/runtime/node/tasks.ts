// Runs the tasks of the edge in this process: wakes the runner by a timer, by calls, and at its start. Used by
// start-edge.ts. What the tasks are is edge/tasks.
import type { Metrics, Tasks } from '#edge/ports.ts'
import { countTasks, edgeTasks, type EdgeTaskPorts, type TaskPart } from '#edge/tasks/edge-tasks.ts'
import { TaskRunner } from '#shared/tasks/task-runner.ts'

export interface RunningTasks extends Tasks {
  /** What runs is told to stop and given back; resolves when nothing runs. */
  stop(): Promise<void>
}

export function runTasks(ports: EdgeTaskPorts & { metrics: Metrics }, more?: readonly TaskPart[]): RunningTasks {
  let cancel = (): void => {}
  let isStopped = false
  const runner = new TaskRunner({
    ...ports,
    ...edgeTasks(ports, more),
    table: ports.store.tasks,
    onEnded: countTasks(ports.metrics),
    setAlarm(at) {
      cancel()
      if (!isStopped) cancel = ports.clock.after(Math.max(0, at - ports.clock.now()), () => runner.alarm())
    },
  })
  runner.wake()
  return {
    wake: () => runner.wake(),
    async stop() {
      await runner.stop()
      isStopped = true
      cancel()
    },
  }
}
