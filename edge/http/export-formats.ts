// A conversation as a file: JSON, plain text, Markdown, or subtitles (SubRip). Pure: turns in, text out.
// Knows no route.
import type { ConversationSummary } from '#shared/model/conversation.ts'
import type { TurnRecord } from '#shared/model/turn.ts'

export const EXPORT_FORMATS = ['json', 'txt', 'md', 'srt'] as const
export type ExportFormat = (typeof EXPORT_FORMATS)[number]

export interface Exporter {
  mediaType: string
  head(about: ConversationSummary): string
  /** `index` counts from 0 over the whole conversation. */
  turn(turn: TurnRecord, index: number): string
  tail(): string
}

/** A line is shown for at least this long, however short its audio was. */
const MIN_SUBTITLE_MS = 1_000

/** `startedAt`: of the conversation's first turn, where subtitles begin to count. */
export function exporterOf(format: ExportFormat, startedAt: number): Exporter {
  switch (format) {
    case 'json':
      return JSON_FILE
    case 'txt':
      return PLAIN
    case 'md':
      return MARKDOWN
    case 'srt':
      return subtitles(startedAt)
  }
}

const saidBy = ({ correctedText, utteranceText }: TurnRecord): string => correctedText ?? utteranceText
const when = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')

const JSON_FILE: Exporter = {
  mediaType: 'application/json; charset=utf-8',
  head: (about) => `${JSON.stringify(about).slice(0, -1)},"turns":[`,
  turn: (turn, index) => `${index === 0 ? '' : ','}\n${JSON.stringify(turn)}`,
  tail: () => '\n]}\n',
}

const PLAIN: Exporter = {
  mediaType: 'text/plain; charset=utf-8',
  head: ({ createdAt, personaId }) => `${when(createdAt)}  ${personaId}\n`,
  turn: (turn) => `\n[${when(turn.startedAt)}]\n> ${oneLine(saidBy(turn))}\n${oneLine(turn.heardText)}\n`,
  tail: () => '',
}

/** Joins lines, so that a line break in the words does not begin another entry. */
const oneLine = (said: string): string => said.replaceAll(/\s+/g, ' ').trim()

const MARKDOWN: Exporter = {
  mediaType: 'text/markdown; charset=utf-8',
  head: ({ title, createdAt }) => `# ${asText(title) || 'Conversation'}\n\n${when(createdAt)}\n`,
  turn: (turn) => `\n**${asText(saidBy(turn))}**\n\n${asText(turn.heardText)}\n`,
  tail: () => '',
}

/** Escapes what was said, so that no viewer takes it for markup. */
function asText(said: string): string {
  return oneLine(said).replaceAll(/[\\`*_{}[\]<>()#+!|~-]/g, '\\$&')
}

function subtitles(startedAt: number): Exporter {
  let number = 0
  const cue = (from: number, to: number, text: string): string => {
    // An empty line would end the cue.
    const line = oneLine(text).replaceAll('-->', '→')
    if (line === '') return ''
    number += 1
    return `${number}\n${stamp(from - startedAt)} --> ${stamp(Math.max(to, from + MIN_SUBTITLE_MS) - startedAt)}\n${line}\n\n`
  }
  return {
    mediaType: 'application/x-subrip; charset=utf-8',
    head: () => '',
    turn: (turn) => {
      const { startedAt: from, endedAt, usage, heardText } = turn
      const replyFrom = Math.max(from, endedAt - usage.outputAudioMs)
      const utteranceTo = Math.min(from + usage.inputAudioMs, replyFrom)
      return cue(from, utteranceTo, saidBy(turn)) + cue(replyFrom, endedAt, heardText)
    },
    tail: () => '',
  }
}

/** hh:mm:ss,mmm */
function stamp(ms: number): string {
  const part = (value: number, digits: number): string => String(Math.floor(value)).padStart(digits, '0')
  const at = Math.max(0, ms)
  return `${part(at / 3_600_000, 2)}:${part((at / 60_000) % 60, 2)}:${part((at / 1000) % 60, 2)},${part(at % 1000, 3)}`
}
