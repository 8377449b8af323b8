// What `parley start` shows of the logs of its two programs: warnings and errors, in one line each. All of it is in DATA/logs.

/** Prints a line of JSON log where it matters, and any other line (a crash) as it is. */
export function showLogLine(program: string, line: string): void {
  let record: { level?: unknown; msg?: unknown; engine?: unknown; fault?: { code?: unknown }; reason?: unknown }
  try {
    record = JSON.parse(line)
  } catch {
    if (line.trim() !== '') process.stderr.write(`${program}: ${line}\n`)
    return
  }
  if (record.level !== 'WARN' && record.level !== 'ERROR') return
  const why = [record.engine, record.fault?.code, record.reason].filter((fact) => fact !== undefined).map(String)
  process.stderr.write(
    `${program} ${record.level}: ${String(record.msg)}${why.length === 0 ? '' : ` (${why.join(', ')})`}\n`,
  )
}
