// Runs a program to its end. Used for what `parley start` needs before anything listens.
import { spawn } from 'node:child_process'

/** Rejects with what the program said on stderr where it fails. */
export function runToEnd(program: string, args: string[], cwd?: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd })
    let said = ''
    child.stderr.on('data', (piece: Buffer) => {
      said += piece.toString()
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code === 0) return resolve()
      reject(new Error(`${args.join(' ')} failed with exit code ${code}: ${said.trim()}`))
    })
  })
}
