// The contract of a session's caller, against each wire.
import { LineCaller } from '#tests/fakes/line-caller.ts'
import { ScriptedCaller } from '#tests/fakes/scripted-caller.ts'
import { describeCaller, type TestCaller } from './caller.contract.ts'

const firstSample = ({ buffer, byteOffset }: Uint8Array): number => new DataView(buffer, byteOffset).getInt16(0, true)

async function connectChat({ url, key }: { url: string; key: string }): Promise<TestCaller> {
  const caller = await new ScriptedCaller(url).connect({ authorization: `Bearer ${key}` })
  let sessionId = ''
  return {
    start: async () => {
      sessionId = (await caller.start()).sessionId
    },
    get sessionId() {
      return sessionId
    },
    audio: (pcm) => void caller.link.sendAudio(0, pcm),
    commit: () => void caller.link.sendMessage({ type: 'utterance.commit' }),
    say: (text) => void caller.link.sendMessage({ type: 'text.send', text }),
    end: () => caller.sendRaw('{"type":"session.end"}'),
    cut: () => caller.cut(),
    resume: () => caller.resume(),
    closed: () => caller.closed(),
    get samples() {
      return caller.audio.map(firstSample)
    },
    get events() {
      return caller.heard.all.flatMap((message) => {
        if (message.type === 'transcript.final') return [`final ${message.text}`]
        if (message.type === 'reply.text') return [`reply ${message.text}`]
        if (message.type === 'reply.done') return [`done ${message.status}`]
        return message.type === 'session.ended' ? [`ended ${message.reason}`] : []
      })
    },
  }
}

async function connectLine({ url, key }: { url: string; key: string }): Promise<TestCaller> {
  const caller = await new LineCaller(url).connect(key)
  return {
    start: () => caller.start(),
    get sessionId() {
      return caller.sessionId
    },
    audio: (pcm) => caller.say(`audio ${Buffer.from(pcm).toString('base64')}`),
    commit: () => caller.say('commit'),
    say: (text) => caller.say(`say ${text}`),
    end: () => caller.say('end'),
    cut: () => caller.cut(),
    resume: () => caller.resume(),
    closed: () => caller.closed(),
    get samples() {
      return caller.lines
        .filter((line) => line.startsWith('audio '))
        .map((line) => firstSample(Buffer.from(line.slice('audio '.length), 'base64')))
    },
    get events() {
      return caller.lines.filter((line) => /^(final|reply|done|ended) /.test(line))
    },
  }
}

describeCaller('parley.chat.v1', connectChat)
describeCaller('another wire', connectLine)
