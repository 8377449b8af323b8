// Drops a <think>…</think> block at the start of a reply: what a reasoning model says to itself is not spoken.
// Used by llm.ts, for servers that do not separate it (delta.reasoning_content). Tags come cut in any place.

const OPEN = '<think>'
const CLOSE = '</think>'

export interface ThinkFilter {
  /** Takes the next piece of content and returns what of it, or of what was held back, is spoken. */
  push(text: string): string
  /** What was held back at the end of the stream. */
  end(): string
}

export function createThinkFilter(): ThinkFilter {
  let state: 'start' | 'thinking' | 'gap' | 'reply' = 'start'
  // At the start at most white space and a part of OPEN; while thinking the last characters that may begin CLOSE.
  let held = ''

  const steps = {
    start: (): string => {
      const begun = held.trimStart()
      if (begun.startsWith(OPEN)) {
        state = 'thinking'
        held = begun.slice(OPEN.length)
        return steps.thinking()
      }
      if (OPEN.startsWith(begun)) return ''
      state = 'reply'
      return take()
    },
    thinking: (): string => {
      const at = held.indexOf(CLOSE)
      if (at < 0) {
        held = held.slice(-(CLOSE.length - 1))
        return ''
      }
      state = 'gap'
      held = held.slice(at + CLOSE.length)
      return steps.gap()
    },
    // Models put an empty line between their thoughts and the reply.
    gap: (): string => {
      held = held.trimStart()
      if (held !== '') state = 'reply'
      return take()
    },
    reply: (): string => take(),
  }

  function take(): string {
    const text = held
    held = ''
    return text
  }

  return {
    push: (text) => {
      held += text
      return steps[state]()
    },
    end: () => (state === 'start' ? take() : ''),
  }
}
