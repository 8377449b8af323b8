// A recogniser whose texts are in the persona's script: it is primed for it, and what it writes is converted before anybody
// sees it, so that prompt, caller and store have the same text. Used by the runner. Knows no engine.
import type { Script } from '#shared/model/language.ts'
import type { Stt } from '#gpu-node/engines/ports.ts'
import { inScript, prepareScript, primingFor } from './script.ts'

export function createScriptStt(stt: Stt, script: Script | null): Stt {
  if (script === null) return stt
  prepareScript(script)
  const convert = inScript(script)
  return {
    engine: stt.engine,
    slots: stt.slots,
    open: async (options) => {
      const { language, onPartial } = options
      const stream = await stt.open({
        ...options,
        prompt: primingFor(language, script),
        onPartial: onPartial && ((text) => onPartial(convert(text))),
      })
      return {
        push: (pcm) => stream.push(pcm),
        snapshot: async () => convert(await stream.snapshot()),
        finish: async () => convert(await stream.finish()),
        close: () => stream.close(),
      }
    },
    close: () => stt.close(),
  }
}
