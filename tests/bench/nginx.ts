// nginx as the proxy of a WebSocket, for comparison, where it is installed. One process, no log, everything in a folder that
// is thrown away. Used by relay.ts.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '#edge/cli/libsql-server.ts'
import { systemClock } from '#shared/clock.ts'

export interface Nginx {
  url: string
  /** Processor time since its start; null where the system does not tell. */
  cpuMs(): number | null
  stop(): Promise<void>
}

/** Of /proc/PID/stat: sysconf(_SC_CLK_TCK) is 100 on every Linux that runs Node. */
const MS_PER_TICK = 10
const POLL_MS = 20
const START_TRIES = 250

export async function startNginx(program: string, upstreamPort: number): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-nginx-'))
  const port = await freePort()
  writeFileSync(join(folder, 'nginx.conf'), configuration(port, upstreamPort))
  const errors = join(folder, 'error.log')
  const child = spawn(program, ['-p', folder, '-c', 'nginx.conf', '-e', errors], { stdio: 'ignore' })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()))
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  for (let tries = 0; !(await answers(port)); tries++) {
    if (tries < START_TRIES && child.exitCode === null) await systemClock.sleep(POLL_MS)
    else {
      await stop()
      throw new Error('nginx did not start')
    }
  }
  return { url: `ws://127.0.0.1:${port}`, cpuMs: () => cpuMsOf(child.pid ?? 0), stop }
}

const configuration = (port: number, upstreamPort: number): string => `
daemon off;
master_process off;
pid nginx.pid;
error_log error.log error;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${upstreamPort};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection upgrade;
      proxy_read_timeout 1h;
      proxy_buffering off;
      tcp_nodelay on;
    }
  }
}
`

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const tell = (isThere: boolean): void => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', () => tell(true)).once('error', () => tell(false))
  })
}

/** Processor time of a process since its start. */
export function cpuMsOf(pid: number): number | null {
  try {
    // Behind the name, which may hold blanks: utime and stime are fields 14 and 15 of proc(5).
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK
  } catch {
    return null
  }
}
