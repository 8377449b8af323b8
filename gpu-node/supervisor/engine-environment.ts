// The environment of an engine: a few variables of the node's own by name, never the rest, which holds secrets; then what the
// operator wrote for this engine; then what the supervisor needs.

import { delimiter, dirname, isAbsolute } from 'node:path'

/** Finds its way by this variable of each of its processes, however deep: its value is the engine's pidfile. */
export const MARK = 'PARLEY_ENGINE'

const INHERITED = [
  'PATH',
  'HOME',
  'USER',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'LD_LIBRARY_PATH',
  'CUDA_HOME',
  'CUDA_DEVICE_ORDER',
  'CUDA_VISIBLE_DEVICES',
  'XDG_CACHE_HOME',
  'HF_HOME',
]

/** `program`: as an activated environment does it, an engine finds the programs that are installed beside it. */
export function engineEnvironment(
  node: Readonly<Record<string, string | undefined>>,
  own: Readonly<Record<string, string>>,
  { mark, program }: { mark: string; program: string | undefined },
): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => (node[name] === undefined ? [] : [[name, node[name]]]))
  const beside = program !== undefined && isAbsolute(program) ? [dirname(program)] : []
  return {
    ...Object.fromEntries(inherited),
    PATH: [...beside, ...(node['PATH'] === undefined ? [] : [node['PATH']])].join(delimiter),
    ...own,
    // Lines arrive when they are written, and the last ones before a crash arrive at all.
    PYTHONUNBUFFERED: '1',
    // vLLM renames its processes; without this the new name is written over the mark.
    SPT_NOENV: '1',
    [MARK]: mark,
  }
}
