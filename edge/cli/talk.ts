// `parley talk`: speaks WAV files (or a text) to a running edge as a caller would, and prints what comes back.
import { readFileSync, writeFileSync } from 'node:fs'
import { defineCommand } from 'citty'
import { resamplePcm } from '#shared/audio/resample.ts'
import { readWav, writeWav, type Wav } from '#shared/audio/wav.ts'
import { systemClock } from '#shared/clock.ts'
import { FaultError, invalid } from '#shared/fault.ts'
import { isId, type ConversationId } from '#shared/ids.ts'
import { loadDotEnv } from '#shared/on-node/config.ts'
import { DEFAULT_AUDIO_FORMAT } from '#shared/protocol/session-messages.ts'
import { openCall, type Call } from './call.ts'
import { dataFolder, dataOption, findKey, keyOption } from './data-folder.ts'
import { edgeOption, findEdge } from './edge-api.ts'
import { jsonOption } from './print.ts'
import { createTalkPrinter } from './talk-printer.ts'
import { timingsLine, timingsOf } from './timings.ts'
import type { SpokenTurn } from './turn-watch.ts'

export const talk = defineCommand({
  meta: {
    name: 'talk',
    description: 'Speak WAV files to a running edge; several are several turns of one conversation',
  },
  args: {
    'wav...': { type: 'positional', required: false, description: 'Recordings, one turn each' },
    url: edgeOption,
    key: keyOption,
    data: dataOption,
    text: { type: 'string', description: 'Send this text instead of a recording' },
    out: { type: 'string', description: 'Write what was heard to this WAV file' },
    continue: { type: 'string', description: 'Id of the conversation to go on with' },
    json: { ...jsonOption, description: 'Print one JSON object per turn' },
  },
  async run({ args }) {
    const recordings = args._.map((file) => ({ file, pcm: readRecording(file) }))
    if (recordings.length === 0 && args.text === undefined)
      throw invalid('talk: give a WAV file, several of them, or --text "…"')
    loadDotEnv()
    const data = dataFolder(args.data)
    const url = await findEdge({ url: args.url, data })
    const printer = args.json ? undefined : createTalkPrinter(process.stdout)
    const call = await openCall({
      url,
      key: findKey(args.key, data),
      ...(args.continue !== undefined && { conversationId: readConversationId(args.continue) }),
      clock: systemClock,
      onMessage: (message) => printer?.message(message),
      onState: (state) => printer?.state(state),
    })
    try {
      for (const { file, pcm } of recordings) report(call, await spoken(call, file, pcm), args.json)
      if (args.text !== undefined) report(call, await call.write(args.text), args.json)
    } finally {
      await call.end()
      if (args.out !== undefined) writeFileSync(args.out, writeWav(call.heard(), call.outputRate))
    }
  },
})

async function spoken(call: Call, file: string, pcm: Int16Array): Promise<SpokenTurn[]> {
  const turns = await call.speak(pcm)
  if (turns.length === 0) throw invalid(`${file}: no speech was found in it`)
  return turns
}

function readRecording(file: string): Int16Array {
  const wav = readNamedWav(file)
  return resamplePcm(wav.samples, wav.sampleRate, DEFAULT_AUDIO_FORMAT.inputRate)
}

function readNamedWav(file: string): Wav {
  let bytes: Uint8Array
  try {
    bytes = readFileSync(file)
  } catch (error) {
    throw invalid(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`)
  }
  try {
    return readWav(bytes)
  } catch (error) {
    if (!(error instanceof FaultError) || error.fault.code !== 'invalid_message') throw error
    throw invalid(`${file}: ${error.fault.issues.join('; ')}`)
  }
}

function readConversationId(text: string): ConversationId {
  if (!isId('conversation', text)) throw invalid('--continue: not the id of a conversation (cnv_…)')
  return text
}

function report(call: Call, turns: SpokenTurn[], asJson: boolean): void {
  for (const turn of turns) {
    const { transcript, reply, status } = turn
    const line = { conversationId: call.conversationId, transcript, reply, status, timingsMs: timingsOf(turn) }
    process.stdout.write(asJson ? `${JSON.stringify(line)}\n` : `${timingsLine(turn)}\n`)
  }
  if (!asJson) process.stdout.write(`conversation ${call.conversationId}\n`)
}
