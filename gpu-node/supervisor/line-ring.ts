// The last lines that a program said, whatever and however much it says. Fed with the raw bytes of stdout and stderr.
import { StringDecoder } from 'node:string_decoder'

/** A Python traceback of two processes fits, and an engine that writes for months takes no more. */
export const MAX_LINES = 400
/** What is longer is cut: nobody reads it, and it must not fill the log. */
export const MAX_LINE_CHARS = 500

export class LineRing {
  readonly #lines: string[] = []

  get lines(): readonly string[] {
    return this.#lines
  }

  /** A feed of one stream; `end` says its last line if that had no end. Progress bars end their lines with \r. */
  feed(onLine: (line: string) => void): { push(bytes: Buffer): void; end(): void } {
    const decoder = new StringDecoder('utf8')
    let open = ''
    const say = (text: string): void => {
      const line = text.slice(0, MAX_LINE_CHARS)
      if (line.trim() === '') return
      this.#lines.push(line)
      if (this.#lines.length > MAX_LINES) this.#lines.shift()
      onLine(line)
    }
    return {
      push: (bytes) => {
        const parts = (open + decoder.write(bytes)).split(/\r\n|\n|\r/)
        open = (parts.pop() ?? '').slice(0, MAX_LINE_CHARS)
        for (const part of parts) say(part)
      },
      end: () => {
        say(open)
        open = ''
      },
    }
  }
}
