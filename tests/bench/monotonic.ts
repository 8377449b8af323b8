// The clock of the benches. CLOCK_MONOTONIC counts from the boot of the machine and not from the start of a process, so times
// taken in different processes of one machine may be subtracted. (performance.now() begins anew in each process.)

/** Milliseconds with a fraction; comparable across the processes of this machine. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6
