// Makes HTML of the Markdown in which our own guide is written: headings, paragraphs, lists, tables, code, links, emphasis. No more of
// Markdown than that, and no HTML within it: everything is escaped. Used by docs.ts. Knows no guide.
import { html, raw } from 'hono/html'

export type Html = ReturnType<typeof html>

export type Cell = string | Html

export interface Heading {
  id: string
  text: string
}

/** The id of a heading: what stands in the address behind the #. */
export const idOf = (heading: string): string => heading.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')

export const headingsOf = (markdown: string): Heading[] =>
  [...markdown.matchAll(/^## (.*)$/gm)].map(([, text = '']) => ({ id: idOf(text), text }))

export function htmlOf(markdown: string): Html {
  return html`${blocksOf(markdown).map(blockHtml)}`
}

/** Blocks end at an empty line; one within a fence belongs to it. */
function blocksOf(markdown: string): string[] {
  return markdown
    .split(/^(```\w*\n[\s\S]*?\n```)$/m)
    .flatMap((part) => (part.startsWith('```') ? [part] : part.split(/\n{2,}/)))
    .map((block) => block.replaceAll(/^\n+|\s+$/g, ''))
    .filter((block) => block !== '')
}

function blockHtml(block: string): Html {
  const heading = /^(#{1,3}) (.*)$/.exec(block)
  if (heading) return headingHtml(heading[1]?.length ?? 1, heading[2] ?? '')
  if (block.startsWith('```')) return html`<pre>${block.replaceAll(/^```\w*\n|\n```$/g, '')}</pre>`
  if (block.startsWith('    ')) return html`<pre>${block.replaceAll(/^ {4}/gm, '')}</pre>`
  if (block.startsWith('| ')) return markdownTable(block.split('\n').map(cellsOf))
  if (block.startsWith('- ')) return listHtml(block.split(/^- /m).slice(1))
  return html`<p>${inline(block)}</p>`
}

const headingHtml = (level: number, text: string): Html =>
  html`${raw(`<h${level} id="${idOf(text)}">`)}${inline(text)}${raw(`</h${level}>`)}`

const listHtml = (items: string[]): Html =>
  html`<ul>
    ${items.map((item) => html`<li>${inline(item.trimEnd())}</li>`)}
  </ul>`

const cellsOf = (row: string): string[] => row.slice(2, -2).split(' | ')

/** The second row only parts the head from the rest. */
const markdownTable = ([head = [], , ...rows]: string[][]): Html =>
  tableOf(
    head.map(inline),
    rows.map((row) => row.map(inline)),
  )

/** Where the screen is too narrow for a table, the table scrolls and not the page. */
export const tableOf = (head: Cell[], rows: Cell[][]): Html =>
  html`<div class="wide">
    <table>
      <tr>
        ${head.map((cell) => html`<th>${cell}</th>`)}
      </tr>
      ${rows.map(
        (row) =>
          html`<tr>
            ${row.map((cell) => html`<td>${cell}</td>`)}
          </tr>`,
      )}
    </table>
  </div>`

function inline(text: string): Html {
  const parts = text.split(/(`[^`]+`|\*[^*]+\*|\[[^\]]+\]\([^)]+\))/)
  return html`${parts.map((part) => {
    const link = /^\[(.+)\]\((.+)\)$/.exec(part)
    if (link) return html`<a href="${link[2]}">${inline(link[1] ?? '')}</a>`
    if (/^`.+`$/s.test(part)) return html`<code>${part.slice(1, -1)}</code>`
    if (/^\*.+\*$/s.test(part)) return html`<em>${part.slice(1, -1)}</em>`
    return part
  })}`
}
